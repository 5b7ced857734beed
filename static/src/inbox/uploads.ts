// Files of the composer: uploaded at once with their progress, sent with the message.
import { icon } from "../ui/icon";
import { upload } from "../ui/request";
import { toast } from "../ui/toast";
import { say } from "./page";

type Stored = { id: string; name: string; size: number };
type Limits = { address: string; mostFiles: number; mostBytes: number };

/** Told when a file is stored or removed. */
type Changed = () => void;

export class Uploads {
  private readonly running = new Map<HTMLElement, AbortController>();

  constructor(
    private readonly box: HTMLElement,
    private readonly limits: Limits,
    private readonly mode: () => string,
    private readonly changed: Changed,
  ) {
    box.addEventListener("click", (event) => {
      const button = (event.target as Element).closest("[data-remove]");
      if (button) this.remove(button.closest("li") as HTMLElement);
    });
  }

  /** Files of what is being written now: a reply's are not a note's. */
  get ids(): string[] {
    return this.own("[data-file]").map((item) => item.dataset.file ?? "");
  }

  get busy(): boolean {
    return this.running.size > 0;
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      if (this.own().length >= this.limits.mostFiles) toast(say("tooMany"), { bad: true });
      else if (file.size > this.limits.mostBytes) toast(`${file.name}: ${say("tooLarge")}`, { bad: true });
      else void this.start(file);
    }
  }

  /** A file that the server has already. */
  addStored(id: string, name: string): void {
    const { item, progress } = this.draw(name);
    item.dataset.file = id;
    progress.remove();
  }

  clear(): void {
    for (const item of this.own()) {
      this.running.get(item)?.abort();
      item.remove();
    }
  }

  private own(which = ""): HTMLElement[] {
    return [...this.box.querySelectorAll<HTMLElement>(`li[data-mode="${this.mode()}"]${which}`)];
  }

  private remove(item: HTMLElement): void {
    this.running.get(item)?.abort();
    item.remove();
    this.changed();
  }

  private async start(file: File): Promise<void> {
    const controller = new AbortController();
    const { item, progress } = this.draw(file.name);
    this.running.set(item, controller);
    try {
      const stored = await upload<Stored>(
        this.limits.address,
        file,
        (part) => (progress.value = part),
        controller.signal,
      );
      item.dataset.file = stored.id;
      progress.remove();
      this.changed();
    } catch (error) {
      item.remove();
      const text = (error as Error).message || say("notUploaded");
      if (!controller.signal.aborted) toast(`${file.name}: ${text}`, { bad: true });
    } finally {
      this.running.delete(item);
    }
  }

  private draw(name: string): { item: HTMLElement; progress: HTMLProgressElement } {
    const item = document.createElement("li");
    item.dataset.mode = this.mode();
    const label = Object.assign(document.createElement("span"), { className: "clip", textContent: name });
    const remove = Object.assign(document.createElement("button"), { type: "button" });
    remove.setAttribute("aria-label", `${say("remove")}: ${name}`);
    remove.dataset.remove = "";
    remove.append(icon("x"));
    const progress = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    progress.setAttribute("aria-label", name);
    item.append(icon("paperclip"), label, remove, progress);
    this.box.append(item);
    return { item, progress };
  }
}
