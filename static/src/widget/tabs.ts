// Several tabs of one visitor: one holds the line to the server, the others mirror what it hears.
// The tab that was looked at last takes the line over, because browsers put hidden tabs to sleep.
import type { ServerFrame } from "./protocol";

/** One tab after the other: whoever begins second finds the token of the first, and is the same
 * visitor. Without locks they may begin at once, and settle it by `onToken`. */
export async function oneByOne(work: () => Promise<void>): Promise<void> {
  let begun = false;
  const once = () => {
    begun = true;
    return work();
  };
  try {
    await navigator.locks.request(`okienko:start:${document.documentElement.dataset.channel}`, once);
  } catch (error) {
    if (begun) throw error;
    await work();
  }
}

interface Wiring {
  lead: () => void;
  follow: () => void;
  mirror: (frame: ServerFrame) => void;
}

export class Tabs {
  private channel: BroadcastChannel | null = null;
  private name = "";
  // The newest request for the lead; whatever an older one brings is let go.
  private request = 0;
  private release: (() => void) | null = null;
  private hasLocks = "locks" in navigator;

  constructor(private readonly wiring: Wiring) {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.name) this.seek(true);
    });
  }

  get joined(): boolean {
    return this.name !== "";
  }

  join(visitor: string): void {
    this.name = `okienko:${visitor}`;
    try {
      this.channel = new BroadcastChannel(this.name);
      this.channel.onmessage = (event) => this.wiring.mirror(event.data as ServerFrame);
    } catch {
      this.channel = null;
    }
    this.seek(!document.hidden);
  }

  leave(): void {
    this.name = "";
    this.request += 1;
    this.channel?.close();
    this.channel = null;
    this.release?.();
    this.release = null;
    this.wiring.follow();
  }

  share(frame: ServerFrame): void {
    this.channel?.postMessage(frame);
  }

  /** Take the lead; from whoever has it (`now`), or when it becomes free. */
  private seek(now: boolean): void {
    if (this.release) return;
    // Without locks (plain http, storage blocked for frames) every tab has its own line.
    if (!this.channel || !this.hasLocks) {
      this.wiring.lead();
      return;
    }
    const request = (this.request += 1);
    void navigator.locks
      .request(this.name, now ? { steal: true } : {}, () => this.hold(request))
      .catch((error: Error) => this.lost(request, error));
  }

  private hold(request: number): Promise<void> | undefined {
    if (request !== this.request) return undefined;
    this.wiring.lead();
    return new Promise((release) => (this.release = release));
  }

  private lost(request: number, error: Error): void {
    if (request !== this.request) return;
    this.release = null;
    // Anything but "another tab took it" is the browser saying no: it would say so for ever.
    this.hasLocks = error.name === "AbortError";
    if (this.hasLocks) this.wiring.follow();
    this.seek(false);
  }
}
