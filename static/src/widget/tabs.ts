// Several tabs of one visitor: one holds the line to the server, the others mirror what it hears.
// The tab that was looked at last takes the line over, because browsers put hidden tabs to sleep.
import type { ServerFrame } from "./protocol";

interface Wiring {
  lead: () => void;
  follow: () => void;
  mirror: (frame: ServerFrame) => void;
}

export class Tabs {
  private channel: BroadcastChannel | null = null;
  private name = "";
  private leaving: (() => void) | null = null;
  private queued = false;

  constructor(private readonly wiring: Wiring) {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.name) this.seek(true);
    });
  }

  get joined(): boolean {
    return this.name !== "";
  }

  join(visitor: string): void {
    this.leave();
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
    this.channel?.close();
    this.channel = null;
    this.leaving?.();
    this.leaving = null;
    this.wiring.follow();
  }

  share(frame: ServerFrame): void {
    this.channel?.postMessage(frame);
  }

  /** Take the lead; from whoever has it (`now`), or when it becomes free. */
  private seek(now: boolean): void {
    if (this.leaving) return;
    // Without locks (plain http, blocked storage) every tab has its own line.
    if (!this.channel || !navigator.locks) {
      this.wiring.lead();
      return;
    }
    if (!now && this.queued) return;
    this.queued ||= !now;
    const name = this.name;
    void navigator.locks
      .request(name, now ? { steal: true } : {}, () => this.hold(name, now))
      .catch(() => this.lost(name));
  }

  private hold(name: string, now: boolean): Promise<void> {
    if (!now) this.queued = false;
    if (name !== this.name || this.leaving) return Promise.resolve();
    this.wiring.lead();
    return new Promise((release) => (this.leaving = release));
  }

  private lost(name: string): void {
    if (name !== this.name) return;
    this.leaving = null;
    this.wiring.follow();
    this.seek(false);
  }
}
