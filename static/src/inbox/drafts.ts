// What is being written and not sent: in this browser with each key, on the server a moment later, from
// where every device of the user takes it. The browser's copy goes when the server has the same.
import { post } from "../ui/request";
import { forget } from "./navigation";
import { rows, say } from "./page";

export type Mode = "reply" | "note";
type Written = { text: string; files: string[] };

const MODES: Mode[] = ["reply", "note"];
const SAVE_MS = 800;

const timers = new Map<string, ReturnType<typeof setTimeout>>();
// Saves of one draft follow each other, so that the newest is the last.
const running = new Map<string, Promise<void>>();

function name(form: HTMLFormElement, mode: Mode): string {
  return `draft:${say("me")}:${form.dataset.number}:${mode}`;
}

const field = (mode: Mode): "keptReply" | "keptNote" => (mode === "note" ? "keptNote" : "keptReply");

/** The kept text of a composer. */
export function kept(form: HTMLFormElement, mode: Mode): string {
  return form.dataset[field(mode)] ?? "";
}

/** Keep what is written; `onSaved` is told when the server has it. */
export function keep(form: HTMLFormElement, mode: Mode, written: Written, onSaved = (): void => {}): void {
  const key = name(form, mode);
  form.dataset[field(mode)] = written.text;
  localStorage.setItem(key, written.text);
  clearTimeout(timers.get(key));
  timers.set(
    key,
    setTimeout(() => {
      timers.delete(key);
      const before = running.get(key) ?? Promise.resolve();
      running.set(key, before.then(() => save(form, mode, written, onSaved)));
    }, SAVE_MS),
  );
}

async function save(form: HTMLFormElement, mode: Mode, written: Written, onSaved: () => void): Promise<void> {
  const response = await post(form.dataset.draft ?? "", {
    kind: mode,
    body: written.text,
    uploads: written.files,
  }).catch(() => null);
  if (!response?.ok) return;
  const key = name(form, mode);
  if (localStorage.getItem(key) === written.text) localStorage.removeItem(key);
  forget(Number(form.dataset.number));
  onSaved();
}

/** Wait until nothing of the draft is under way any more: it is about to be sent. */
export async function settle(form: HTMLFormElement, mode: Mode): Promise<void> {
  const key = name(form, mode);
  clearTimeout(timers.get(key));
  timers.delete(key);
  await running.get(key);
}

/** The server dropped the draft, as it was sent. */
export function drop(form: HTMLFormElement, mode: Mode): void {
  form.dataset[field(mode)] = "";
  localStorage.removeItem(name(form, mode));
  forget(Number(form.dataset.number));
}

/** What this browser kept and the server has not heard of, as after a lost connection: modes with such a text. */
export function recover(form: HTMLFormElement): Mode[] {
  return MODES.filter((mode) => {
    const text = localStorage.getItem(name(form, mode));
    if (text === null || text === kept(form, mode)) return false;
    form.dataset[field(mode)] = text;
    return true;
  });
}

/** Mark the rows of tickets whose draft is in this browser alone. */
export function markRows(): void {
  for (const row of rows().querySelectorAll<HTMLElement>(".row")) {
    const own = MODES.map((mode) => localStorage.getItem(`draft:${say("me")}:${row.dataset.number}:${mode}`));
    if (own.some((text) => text?.trim())) row.setAttribute("data-draft", "");
  }
}
