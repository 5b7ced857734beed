// The line to the server: a WebSocket, or long polling where sockets do not get through.
// It only carries frames; what they mean is the conversation's business.
import { Failure, call } from "./api";
import type { Ack, ClientFrame, ErrorFrame, EventsPage, SendFrame, ServerFrame } from "./protocol";

const PING_MS = 25_000;
const DEAD_MS = 60_000;
const ACK_MS = 10_000;
const LONGEST_WAIT_MS = 30_000;
// After so many failed tries in a row the line is polled, and the socket tried now and then.
const TRIES_BEFORE_POLLING = 2;
const SOCKET_AGAIN_MS = 60_000;

interface Wiring {
  token: () => string;
  lastSeq: () => number;
  receive: (frame: ServerFrame) => void;
  /** "live" while frames come in, "lost" while they do not. */
  state: (state: "live" | "lost") => void;
}

interface Waiting {
  resolve: (ack: Ack) => void;
  reject: (failure: Failure) => void;
}

export class Connection {
  private socket: WebSocket | null = null;
  private running = false;
  private failures = 0;
  private heardAt = 0;
  private retry = 0;
  private pinger = 0;
  private polling: AbortController | null = null;
  private readonly waiting = new Map<string, Waiting>();

  constructor(private readonly wiring: Wiring) {
    addEventListener("online", () => this.hurry());
    addEventListener("offline", () => this.wiring.state("lost"));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.hurry();
    });
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.connect();
  }

  stop(): void {
    this.running = false;
    clearTimeout(this.retry);
    clearInterval(this.pinger);
    this.polling?.abort();
    this.polling = null;
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
    this.failWaiting();
  }

  /** Hand over a visitor's message; safe to repeat, since the server knows its client_msg_id. */
  send(frame: SendFrame): Promise<Ack> {
    if (!this.isOpen) return this.post<Ack>(frame);
    return new Promise<Ack>((resolve, reject) => {
      this.waiting.set(frame.client_msg_id, { resolve, reject });
      setTimeout(() => this.settle(frame.client_msg_id, new Failure("offline")), ACK_MS);
      this.socket?.send(JSON.stringify(frame));
    });
  }

  /** A passing frame: nothing is lost if it does not arrive. */
  tell(frame: ClientFrame): void {
    if (this.isOpen) this.socket?.send(JSON.stringify(frame));
    else void this.post(frame).catch(() => undefined);
  }

  post<T>(frame: ClientFrame): Promise<T> {
    return call<T>("POST", "events/", this.wiring.token(), frame);
  }

  /** Fetch what came after the last event we have. */
  async catchUp(wait = 0, signal?: AbortSignal): Promise<void> {
    const path = `events/?after=${this.wiring.lastSeq()}&wait=${wait}`;
    const page = await call<EventsPage>("GET", path, this.wiring.token(), undefined, signal);
    if (page.reload) {
      this.wiring.receive({ type: "session.resumed", missed: [], ...page, reload: true });
    }
    for (const frame of page.events) this.wiring.receive(frame);
  }

  private get isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN && this.heardAt > 0;
  }

  private connect(): void {
    if (!this.running || this.socket) return;
    const address = `${location.origin.replace(/^http/, "ws")}/ws/chat/${document.documentElement.dataset.channel}/`;
    const socket = new WebSocket(address);
    this.socket = socket;
    this.heardAt = 0;
    socket.onopen = () => {
      socket.send(
        JSON.stringify({
          type: "session.resume",
          resume_token: this.wiring.token(),
          last_seq: this.wiring.lastSeq(),
        }),
      );
      this.pinger = window.setInterval(() => this.ping(), PING_MS);
    };
    socket.onmessage = (event) => this.hear(JSON.parse(String(event.data)) as ServerFrame);
    socket.onclose = () => this.dropped(socket);
  }

  private hear(frame: ServerFrame): void {
    const first = this.heardAt === 0;
    this.heardAt = Date.now();
    if (frame.type === "message.ack") this.settle(frame.client_msg_id, frame);
    else if (frame.type === "error" && frame.client_msg_id) {
      this.settle(frame.client_msg_id, refused(frame));
      return;
    }
    this.wiring.receive(frame);
    if (first && frame.type === "session.resumed") {
      this.failures = 0;
      this.polling?.abort();
      this.polling = null;
      this.wiring.state("live");
    }
  }

  private ping(): void {
    if (this.heardAt && Date.now() - this.heardAt > DEAD_MS) this.socket?.close();
    else this.socket?.send(JSON.stringify({ type: "ping" }));
  }

  private dropped(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    this.failures += 1;
    clearInterval(this.pinger);
    this.failWaiting();
    if (!this.running) return;
    if (this.failures >= TRIES_BEFORE_POLLING) void this.poll();
    else this.wiring.state("lost");
    this.retry = window.setTimeout(() => this.connect(), this.wait());
  }

  private wait(): number {
    if (this.polling) return SOCKET_AGAIN_MS;
    const step = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** (this.failures - 1));
    return step * (0.5 + Math.random() / 2);
  }

  private hurry(): void {
    if (!this.running) return;
    if (this.isOpen) {
      this.ping();
      return;
    }
    clearTimeout(this.retry);
    this.connect();
  }

  private async poll(): Promise<void> {
    if (this.polling) return;
    const control = (this.polling = new AbortController());
    let pause = 1000;
    while (!control.signal.aborted && this.running) {
      try {
        await this.catchUp(25, control.signal);
        this.wiring.state("live");
        pause = 1000;
      } catch (error) {
        if (control.signal.aborted) return;
        const failure = error as Failure;
        if (!failure.passing) {
          this.wiring.receive({ type: "error", code: failure.code });
          return;
        }
        this.wiring.state("lost");
        await new Promise((done) => setTimeout(done, Math.max(pause, failure.retryAfter * 1000)));
        pause = Math.min(LONGEST_WAIT_MS, pause * 2);
      }
    }
  }

  private settle(id: string, outcome: Ack | Failure): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (outcome instanceof Failure) waiting?.reject(outcome);
    else waiting?.resolve(outcome);
  }

  private failWaiting(): void {
    for (const id of [...this.waiting.keys()]) this.settle(id, new Failure("offline"));
  }
}

function refused(frame: ErrorFrame): Failure {
  return new Failure(frame.code, frame.retry_after);
}
