// Where the visitor writes: text, files by button, paste and drop; says when they type.
import { Failure, upload } from "./api";
import { byId, make } from "./dom";
import type { Config, FileInfo } from "./protocol";
import { say, sayError, sizeOf } from "./words";

const TYPING_EVERY_MS = 3000;
const MOST_FILES = 5;

interface Wiring {
  token: () => string;
  send: (text: string, files: FileInfo[]) => void;
  typing: (on: boolean) => void;
  notice: (text: string) => void;
}

const form = byId<HTMLFormElement>("composer");
const field = byId<HTMLTextAreaElement>("text");
const picker = byId<HTMLInputElement>("picker");
const tray = byId("tray");
const sendButton = byId<HTMLButtonElement>("send");
const hasKeyboard = matchMedia("(hover: hover) and (pointer: fine)");

export class Composer {
  private files: FileInfo[] = [];
  private uploading = 0;
  private typedAt = 0;
  private config: Config | null = null;

  constructor(private readonly wiring: Wiring) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    field.addEventListener("input", () => this.typed());
    field.addEventListener("blur", () => this.stopTyping());
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      if (!hasKeyboard.matches && !event.ctrlKey) return;
      event.preventDefault();
      this.submit();
    });
    byId("attach").addEventListener("click", () => picker.click());
    picker.addEventListener("change", () => {
      this.take(picker.files);
      picker.value = "";
    });
    field.addEventListener("paste", (event) => this.take(event.clipboardData?.files ?? null, event));
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!form.hidden) this.take(event.dataTransfer?.files ?? null);
    });
    this.refresh();
  }

  configure(config: Config): void {
    this.config = config;
    picker.accept = config.allowed_mime.join(",");
  }

  /** Files need a conversation; before it there is only text. */
  allowFiles(on: boolean): void {
    byId("attach").hidden = !on;
  }

  focus(): void {
    if (!form.hidden) field.focus();
  }

  private submit(): void {
    const text = field.value.trim();
    if ((!text && !this.files.length) || this.uploading) return;
    this.wiring.send(text, this.files);
    this.files = [];
    tray.replaceChildren();
    field.value = "";
    this.stopTyping();
    this.refresh();
    field.focus();
  }

  private typed(): void {
    this.refresh();
    if (!field.value) return this.stopTyping();
    if (Date.now() - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = Date.now();
    this.wiring.typing(true);
  }

  private stopTyping(): void {
    if (this.typedAt) this.wiring.typing(false);
    this.typedAt = 0;
  }

  private refresh(): void {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 140)}px`;
    sendButton.disabled = (!field.value.trim() && !this.files.length) || this.uploading > 0;
  }

  private take(list: FileList | null, event?: Event): void {
    if (!list?.length || byId("attach").hidden) return;
    event?.preventDefault();
    for (const file of Array.from(list).slice(0, MOST_FILES - this.files.length)) {
      void this.add(file);
    }
  }

  private async add(file: File): Promise<void> {
    const most = this.config?.max_upload_mb ?? 10;
    if (file.size > most * 1_048_576) {
      this.wiring.notice(sayError("file_too_large", { mb: most }));
      return;
    }
    const bar = make("progress");
    const chip = make("li", "chip", make("span", "name", file.name), bar);
    bar.ariaLabel = say("uploading", { name: file.name });
    tray.append(chip);
    this.uploading += 1;
    this.refresh();
    try {
      const stored = await upload(file, this.wiring.token(), (share) => (bar.value = share));
      this.files.push(stored);
      bar.replaceWith(make("span", "size", sizeOf(stored.size)), this.remover(stored, chip));
    } catch (error) {
      chip.remove();
      const code = error instanceof Failure ? error.code : "error";
      this.wiring.notice(sayError(code, { mb: most }));
    } finally {
      this.uploading -= 1;
      this.refresh();
    }
  }

  private remover(file: FileInfo, chip: HTMLElement): HTMLButtonElement {
    const button = make("button", "remove", "×");
    button.type = "button";
    button.ariaLabel = say("remove", { name: file.name });
    button.onclick = () => {
      this.files = this.files.filter((other) => other !== file);
      chip.remove();
      this.refresh();
      field.focus();
    };
    return button;
  }
}
