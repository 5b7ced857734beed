// What the visitor sees of a conversation: its numbered events, and what is still on its way.
import { Failure } from "./api";
import type {
  Ack,
  ChatMessage,
  Conversation as Snapshot,
  FileInfo,
  Numbered,
  SendFrame,
  Status,
} from "./protocol";
import { load, save } from "./storage";

export interface Pending {
  id: string;
  text: string;
  files: FileInfo[];
  at: string;
  page: string;
  trigger: string;
  /** The code of the refusal; null while it is being sent. */
  failed: string | null;
}

interface Wiring {
  send: (frame: SendFrame) => Promise<Ack>;
  changed: () => void;
  /** An event is missing before the one that came. */
  gap: () => void;
  refused: (failure: Failure) => void;
}

const OUTBOX = "outbox";
const RETRY_MS = 3000;

export class Conversation {
  id = "";
  status: Status = "waiting_for_agent";
  /** Everything up to here has arrived. */
  seq = 0;
  readSeq = 0;
  agentReadSeq = 0;
  rated = false;
  email: string | null = null;
  hasEarlier = false;
  pending: Pending[] = [];
  private readonly events = new Map<number, Numbered>();
  private flushing = false;

  constructor(private readonly wiring: Wiring) {}

  get started(): boolean {
    return this.events.size > 0;
  }

  get items(): Numbered[] {
    return [...this.events.values()].sort((a, b) => a.seq - b.seq);
  }

  get unread(): ChatMessage[] {
    return this.items.filter(
      (item): item is ChatMessage =>
        item.type === "message.new" && item.from !== "visitor" && item.seq > this.readSeq,
    );
  }

  /** Take the state the server gives at the start, and what an earlier page could not send. */
  restore(snapshot: Snapshot | null): void {
    // What came while the answer was on its way is newer than the answer.
    if (snapshot && snapshot.id === this.id && snapshot.seq < this.seq) return;
    this.events.clear();
    this.id = snapshot?.id ?? "";
    this.status = snapshot?.status ?? "waiting_for_agent";
    this.seq = snapshot?.seq ?? 0;
    this.readSeq = snapshot?.read_seq ?? 0;
    this.agentReadSeq = snapshot?.agent_read_seq ?? 0;
    this.rated = snapshot?.rated ?? false;
    this.email = snapshot?.email ?? null;
    this.hasEarlier = snapshot?.has_earlier ?? false;
    for (const event of snapshot?.events ?? []) this.keep(event);
    // The storage is one for all tabs: another one may have cleared what we still hold.
    const kept = load<Pending[] | null>(OUTBOX, null) ?? [];
    const held = new Set(this.pending.map((entry) => entry.id));
    this.pending.push(...kept.filter((entry) => !held.has(entry.id)));
    this.dropArrived();
    this.wiring.changed();
    void this.flush();
  }

  forget(): void {
    this.pending = [];
    save(OUTBOX, null);
    this.restore(null);
  }

  addEarlier(events: Numbered[], hasEarlier: boolean): void {
    for (const event of events) this.keep(event);
    this.hasEarlier = hasEarlier;
    this.wiring.changed();
  }

  add(event: Numbered): void {
    if (event.seq <= this.seq && this.events.has(event.seq)) return;
    this.keep(event);
    while (this.events.has(this.seq + 1)) this.seq += 1;
    if (event.type === "conversation.status") {
      this.status = event.status;
      if (event.status === "waiting_for_agent") this.rated = false;
    }
    this.dropArrived();
    if (event.seq > this.seq) this.wiring.gap();
    this.wiring.changed();
  }

  /** What the line missed while it was down. A tab that only mirrors it may have missed more. */
  resume(missed: Numbered[], seq: number): void {
    for (const event of missed) this.add(event);
    if (seq > this.seq) this.wiring.gap();
  }

  write(text: string, files: FileInfo[], page: string, trigger: string): void {
    const at = new Date().toISOString();
    this.pending.push({ id: newId(), text, files, at, page, trigger, failed: null });
    this.keepOutbox();
    this.wiring.changed();
    void this.flush();
  }

  retry(id: string): void {
    const entry = this.pending.find((candidate) => candidate.id === id);
    if (!entry) return;
    entry.failed = null;
    this.wiring.changed();
    void this.flush();
  }

  /** Send what waits, one after the other, so that the order holds. */
  async flush(): Promise<void> {
    if (this.flushing) return;
    this.flushing = true;
    try {
      for (;;) {
        const entry = this.pending.find((candidate) => candidate.failed === null);
        if (!entry || !(await this.deliver(entry))) break;
      }
    } finally {
      this.flushing = false;
    }
  }

  private async deliver(entry: Pending): Promise<boolean> {
    try {
      this.arrived(entry, await this.wiring.send(frameOf(entry)));
      return true;
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure("error");
      if (failure.passing) {
        if (failure.code === "rate_limited") this.wiring.refused(failure);
        setTimeout(() => void this.flush(), Math.max(RETRY_MS, failure.retryAfter * 1000));
        return false;
      }
      entry.failed = failure.code;
      this.keepOutbox();
      this.wiring.changed();
      this.wiring.refused(failure);
      return true;
    }
  }

  private arrived(entry: Pending, ack: Ack): void {
    this.add({
      type: "message.new",
      seq: ack.seq,
      id: ack.id,
      from: "visitor",
      text: entry.text,
      attachments: entry.files,
      client_msg_id: entry.id,
      created_at: ack.created_at,
    });
    this.pending = this.pending.filter((candidate) => candidate.id !== entry.id);
    this.keepOutbox();
    this.wiring.changed();
  }

  private keep(event: Numbered): void {
    this.events.set(event.seq, event);
    // Whoever answers has read.
    if (event.type === "message.new" && event.from === "agent") {
      this.agentReadSeq = Math.max(this.agentReadSeq, event.seq);
    }
  }

  private dropArrived(): void {
    const arrived = new Set<string | undefined>();
    for (const event of this.events.values()) {
      if (event.type === "message.new") arrived.add(event.client_msg_id);
    }
    const before = this.pending.length;
    this.pending = this.pending.filter((entry) => !arrived.has(entry.id));
    if (this.pending.length !== before) this.keepOutbox();
  }

  private keepOutbox(): void {
    save(OUTBOX, this.pending.length ? this.pending : null);
  }
}

function frameOf(entry: Pending): SendFrame {
  return {
    type: "message.send",
    client_msg_id: entry.id,
    text: entry.text,
    attachments: entry.files.map((file) => file.id),
    page: entry.page,
    ...(entry.trigger ? { trigger: entry.trigger } : {}),
  };
}

/** A UUID also where `crypto.randomUUID` is missing (a page without https). */
export function newId(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
