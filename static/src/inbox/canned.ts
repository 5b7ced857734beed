// Prepared answers: "/" and the beginning of a name in the composer opens the list; Enter puts one in.
import { elements, get, post } from "../ui/request";
import { toast, words } from "../ui/toast";
import { addFiles, textChanged } from "./composer";

// What is typed so far: a slash at the beginning of a word, and the words up to the caret.
const ASKED = /(?:^|\s)\/([\p{L}\d-]*)$/u;

type Filled = { text: string; files: { id: string; name: string }[] };

let asking: AbortController | undefined;

export function startCanned(): void {
  document.addEventListener("input", (event) => {
    if ((event.target as Element).id === "composer-text") void follow();
  });
  // Before the page's own keys: Enter belongs to the list while it is open.
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("mousedown", (event) => {
    const item = (event.target as Element).closest<HTMLElement>(".canned__item");
    if (item) {
      event.preventDefault();
      void use(item);
    } else if (!(event.target as Element).closest("#composer")) close();
  });
  document.addEventListener("click", (event) => {
    if ((event.target as Element).closest("#canned-open")) open();
  });
}

function text(): HTMLTextAreaElement | null {
  return document.getElementById("composer-text") as HTMLTextAreaElement | null;
}

function box(): HTMLElement | null {
  return document.getElementById("canned");
}

/** The typed beginning of a name; null where no slash asks for one. */
function asked(): string | null {
  const field = text();
  if (!field || field.selectionStart !== field.selectionEnd) return null;
  return ASKED.exec(field.value.slice(0, field.selectionStart))?.[1] ?? null;
}

async function follow(): Promise<void> {
  const query = asked();
  const list = box();
  asking?.abort();
  if (query === null || !list) {
    close();
    return;
  }
  asking = new AbortController();
  const address = list.closest<HTMLElement>("form")?.dataset.canned ?? "";
  try {
    const response = await get(`${address}?q=${encodeURIComponent(query)}`, asking.signal);
    if (!response.ok) return;
    list.replaceChildren(...elements(await response.text()));
    list.hidden = false;
    text()?.setAttribute("aria-expanded", "true");
    mark(items()[0]);
  } catch {
    // Typed on, or no connection: the composer goes on without.
  }
}

function items(): HTMLElement[] {
  return [...(box()?.querySelectorAll<HTMLElement>(".canned__item") ?? [])];
}

function mark(wanted?: HTMLElement): void {
  for (const item of items()) item.setAttribute("aria-selected", String(item === wanted));
  if (wanted) {
    text()?.setAttribute("aria-activedescendant", wanted.id);
    wanted.scrollIntoView({ block: "nearest" });
  } else text()?.removeAttribute("aria-activedescendant");
}

function onKey(event: KeyboardEvent): void {
  if ((event.target as Element).id !== "composer-text" || box()?.hidden !== false) return;
  if (event.ctrlKey || event.metaKey || event.isComposing) return;
  const all = items();
  const at = all.findIndex((item) => item.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) mark(all[(at + step + all.length) % all.length]);
  else if ((event.key === "Enter" || event.key === "Tab") && all[at]) void use(all[at]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function close(): void {
  asking?.abort();
  const list = box();
  if (!list || list.hidden) return;
  list.hidden = true;
  mark();
  text()?.setAttribute("aria-expanded", "false");
}

/** The button does what a typed slash does. */
function open(): void {
  const field = text();
  if (!field) return;
  field.focus();
  if (asked() !== null) return void follow();
  const before = field.value.slice(0, field.selectionStart);
  insert(field, /(^|\s)$/.test(before) ? "/" : " /");
  void follow();
}

async function use(item: HTMLElement): Promise<void> {
  const field = text();
  if (!field) return;
  const typed = (asked() ?? "").length + 1;
  close();
  const response = await post(item.dataset.use ?? "", {}).catch(() => null);
  if (!response?.ok) {
    toast(words(response ? "failed" : "offline"), { bad: true });
    return;
  }
  const filled = (await response.json()) as Filled;
  if (!field.isConnected) return;
  field.focus();
  field.setSelectionRange(field.selectionStart - typed, field.selectionStart);
  insert(field, filled.text);
  addFiles(filled.files);
}

/** Put text in place of the selection so that Ctrl+Z takes it out again. */
function insert(field: HTMLTextAreaElement, inserted: string): void {
  if (!document.execCommand("insertText", false, inserted)) {
    field.setRangeText(inserted, field.selectionStart, field.selectionEnd, "end");
  }
  textChanged();
}
