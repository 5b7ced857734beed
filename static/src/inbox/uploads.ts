// Files of the composer: uploaded at once with their progress, sent with the message.
import { icon } from "../ui/icon";
import { upload } from "../ui/request";
import { toast } from "../ui/toast";
import { say } from "./page";

type Stored = { id: string; name: string; size: number };
type Limits = { address: string; mostFiles: number; mostBytes: number };

export class Uploads {
  private readonly running = new Set<AbortController>();

  constructor(
    private readonly box: HTMLElement,
    private readonly limits: Limits,
  ) {}

  get ids(): string[] {
    return [...this.box.querySelectorAll<HTMLElement>("li[data-file]")].map((item) => item.dataset.file ?? "");
  }

  get busy(): boolean {
    return this.running.size > 0;
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      if (this.box.children.length >= this.limits.mostFiles) toast(say("tooMany"), { bad: true });
      else if (file.size > this.limits.mostBytes) toast(`${file.name}: ${say("tooLarge")}`, { bad: true });
      else void this.start(file);
    }
  }

  clear(): void {
    for (const controller of this.running) controller.abort();
    this.box.replaceChildren();
  }

  private async start(file: File): Promise<void> {
    const controller = new AbortController();
    const { item, progress } = this.draw(file.name, controller);
    this.running.add(controller);
    try {
      const stored = await upload<Stored>(
        this.limits.address,
        file,
        (part) => (progress.value = part),
        controller.signal,
      );
      item.dataset.file = stored.id;
      progress.remove();
    } catch (error) {
      item.remove();
      const text = (error as Error).message || say("notUploaded");
      if (!controller.signal.aborted) toast(`${file.name}: ${text}`, { bad: true });
    } finally {
      this.running.delete(controller);
    }
  }

  private draw(name: string, controller: AbortController): { item: HTMLElement; progress: HTMLProgressElement } {
    const item = document.createElement("li");
    const label = Object.assign(document.createElement("span"), { className: "clip", textContent: name });
    const remove = Object.assign(document.createElement("button"), { type: "button" });
    remove.setAttribute("aria-label", `${say("remove")}: ${name}`);
    remove.append(icon("x"));
    remove.addEventListener("click", () => {
      controller.abort();
      item.remove();
    });
    const progress = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    progress.setAttribute("aria-label", name);
    item.append(icon("paperclip"), label, remove, progress);
    this.box.append(item);
    return { item, progress };
  }
}
