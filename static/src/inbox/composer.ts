// The composer: reply or note, kept as typed, sent once, taken back within its time.
import { post } from "../ui/request";
import { toast, words } from "../ui/toast";
import { type Mode, drop, keep, kept, markRows, recover, settle } from "./drafts";
import { on, tell } from "./events";
import { openNumber, row, say } from "./page";
import { send, takeOver, toEnd } from "./thread";
import { Uploads } from "./uploads";

let uploads: Uploads | undefined;
// Named once for each thing written, so that sending it twice is sending it once.
let key = crypto.randomUUID();
let sending = false;

export function startComposer(): void {
  document.addEventListener("input", (event) => {
    if ((event.target as Element).id === "composer-text") textChanged();
  });
  document.addEventListener("change", (event) => {
    const field = event.target as HTMLInputElement;
    if (field.id !== "composer-file") return;
    uploads?.add(field.files ?? []);
    field.value = "";
  });
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onTabKey);
  document.addEventListener("submit", onSubmit);
  document.addEventListener("paste", onPaste);
  for (const name of ["dragover", "dragleave", "drop"] as const) document.addEventListener(name, onDrag);
  on("ticket-opened", opened);
  on("list-loaded", markRows);
  opened();
}

function form(): HTMLFormElement | null {
  return document.getElementById("composer") as HTMLFormElement | null;
}

function text(): HTMLTextAreaElement {
  return document.getElementById("composer-text") as HTMLTextAreaElement;
}

function mode(): Mode {
  return form()?.dataset.mode === "note" ? "note" : "reply";
}

/** Text that nobody has sent yet, for those who watch whether one writes. */
export function isWriting(): boolean {
  return Boolean(form() && text().value.trim());
}

function opened(): void {
  const own = form();
  markRows();
  if (!own) return;
  const limits = {
    address: own.dataset.upload ?? "",
    mostFiles: Number(own.dataset.maxFiles),
    mostBytes: Number(own.dataset.maxBytes),
  };
  uploads = new Uploads(document.getElementById("composer-files") as HTMLElement, limits, mode, save);
  key = crypto.randomUUID();
  const unsaved = recover(own);
  const asNote = own.dataset.closed || kept(own, "note");
  setMode(asNote && !kept(own, "reply") ? "note" : "reply");
  for (const one of unsaved) if (one === mode()) save();
}

/** Write a reply or a note; each keeps its own text. */
export function write(wanted: Mode): void {
  if (!form()) return;
  if (wanted !== mode()) {
    setMode(wanted);
  }
  text().focus();
}

function setMode(wanted: Mode): void {
  const own = form();
  if (!own) return;
  own.dataset.mode = wanted;
  for (const tab of own.querySelectorAll<HTMLElement>("[role=tab]")) {
    const selected = tab.dataset.mode === wanted;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
    if (selected) document.getElementById("composer-body")?.setAttribute("aria-labelledby", tab.id);
  }
  text().value = kept(own, wanted);
  text().placeholder = (wanted === "note" ? text().dataset.noteHint : text().dataset.replyHint) ?? "";
  measure();
}

/** The text is another: measure and keep it. */
export function textChanged(): void {
  measure();
  save();
}

/** Files that are stored already, as those of a prepared answer. */
export function addFiles(files: { id: string; name: string }[]): void {
  if (!files.length) return;
  for (const file of files) uploads?.addStored(file.id, file.name);
  save();
}

/** Keep what the composer holds, and say so when it is safe. */
function save(): void {
  const own = form();
  if (!own) return;
  const written = { text: text().value, files: uploads?.ids ?? [] };
  const state = document.getElementById("composer-state");
  if (state) state.textContent = "";
  keep(own, mode(), written, () => {
    if (state && written.text === text()?.value && written.text.trim()) state.textContent = say("draftSaved");
  });
  markRow(own);
}

function markRow(own: HTMLFormElement): void {
  const written = kept(own, "reply").trim() || kept(own, "note").trim() || uploads?.ids.length;
  row(Number(own.dataset.number))?.toggleAttribute("data-draft", Boolean(written));
}

/** How long the text is, where the channel has a limit and it is near. */
function measure(): void {
  const most = Number(form()?.dataset.max);
  const label = document.getElementById("composer-length");
  if (!label) return;
  const length = [...text().value].length;
  label.hidden = !most || mode() === "note" || length < most * 0.8;
  const over = most > 0 && length > most;
  label.classList.toggle("is-over", over);
  label.textContent = over ? say("parts", Math.ceil(length / most)) : `${length} / ${most}`;
}

function onClick(event: MouseEvent): void {
  const target = event.target as Element;
  const tab = target.closest<HTMLElement>("#composer [role=tab]");
  if (tab) write(tab.dataset.mode as Mode);
  const inserted = target.closest<HTMLElement>("[data-insert]");
  if (inserted) insert(inserted.dataset.insert ?? "");
  const channel = target.closest<HTMLElement>("#composer [data-channel]");
  if (channel) chooseChannel(channel);
}

/** Put something from beside the ticket where the cursor is. */
function insert(what: string): void {
  if (!form()) return;
  const field = text();
  const before = field.value.slice(0, field.selectionStart);
  const gap = before && !/\s$/.test(before) ? " " : "";
  field.setRangeText(`${gap}${what} `, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  textChanged();
}

function chooseChannel(choice: HTMLElement): void {
  const own = form();
  if (!own) return;
  own.dataset.channel = choice.dataset.channel;
  const label = document.getElementById("composer-channel");
  if (label) label.textContent = choice.dataset.channelName ?? "";
}

function onTabKey(event: KeyboardEvent): void {
  const tab = (event.target as Element).closest<HTMLElement>("#composer [role=tab]");
  if (!tab || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
  setMode(tab.dataset.mode === "note" ? "reply" : "note");
  form()?.querySelector<HTMLElement>("[role=tab][aria-selected=true]")?.focus();
}

function onPaste(event: ClipboardEvent): void {
  const files = event.clipboardData?.files;
  if (!files?.length || (event.target as Element).id !== "composer-text") return;
  event.preventDefault();
  uploads?.add(files);
}

function onDrag(event: DragEvent): void {
  const own = form();
  if (!own || !event.dataTransfer?.types.includes("Files")) return;
  const inside = (event.target as Element).closest(".thread") !== null;
  own.classList.toggle("is-dropping", inside && event.type === "dragover");
  if (event.type === "dragleave") return;
  event.preventDefault();
  if (event.type === "drop" && inside) uploads?.add(event.dataTransfer.files);
}

function onSubmit(event: SubmitEvent): void {
  const own = form();
  if (event.target !== own || !own) return;
  event.preventDefault();
  const button = event.submitter as HTMLButtonElement | null;
  void submit(button?.value ?? "");
}

/** Send what the composer holds; `then` is the status that the ticket gets with it. */
export async function submit(then = "", anyway = false): Promise<void> {
  const own = form();
  if (!own || sending) return;
  if (uploads?.busy) {
    toast(say("uploading"));
    return;
  }
  if (!text().value.trim() && !uploads?.ids.length) {
    text().focus();
    return;
  }
  sending = true;
  own.setAttribute("aria-busy", "true");
  try {
    await sendText(own, then, anyway);
  } finally {
    sending = false;
    own.removeAttribute("aria-busy");
  }
}

async function sendText(own: HTMLFormElement, then: string, anyway: boolean): Promise<void> {
  const number = openNumber();
  const isNote = mode() === "note";
  const address = (isNote ? own.dataset.note : own.dataset.reply) ?? "";
  const written = text().value;
  await settle(own, mode());
  const response = await post(address, {
    body: written,
    key,
    uploads: uploads?.ids ?? [],
    seen: isNote || anyway ? undefined : seen(),
    then: isNote ? undefined : then,
    channel: own.dataset.channel,
  }).catch(() => null);
  if (!response) {
    toast(words("offline"), { bad: true });
    return;
  }
  const answer = await response.text();
  if (response.status === 409) askAgain(then);
  else if (!response.ok) toast(response.status === 422 ? answer.trim() : words("failed"), { bad: true });
  else {
    clear(own);
    if (number === openNumber()) {
      takeOver(answer);
      toEnd();
    }
    tell("tickets-changed", [number]);
    if (isNote) toast(say("noted"));
    else sent(response, own, written);
  }
}

function seen(): string {
  return document.getElementById("ticket")?.dataset.newest ?? "";
}

function clear(own: HTMLFormElement): void {
  text().value = "";
  uploads?.clear();
  drop(own, mode());
  markRow(own);
  const state = document.getElementById("composer-state");
  if (state) state.textContent = "";
  delete own.dataset.channel;
  key = crypto.randomUUID();
  measure();
}

/** The customer wrote meanwhile: show it, and ask. */
function askAgain(then: string): void {
  tell("tickets-changed", [openNumber()]);
  toast(say("newer"), {
    action: say("sendAnyway"),
    onAction: () => void submit(then, true),
    seconds: 30,
  });
}

/** Say that it is sent, with the way back as long as there is one. */
function sent(response: Response, own: HTMLFormElement, written: string): void {
  const message = response.headers.get("X-Message");
  const seconds = Number(response.headers.get("X-Undo-Seconds") ?? 0);
  if (!message || seconds < 1) {
    toast(say("sent"));
    return;
  }
  toast(say("sent"), {
    action: say("undo"),
    onAction: () => void takeBack(message, own, written),
    seconds,
  });
}

async function takeBack(message: string, own: HTMLFormElement, written: string): Promise<void> {
  if (!(await send(`/inbox/messages/${message}/undo/`, {}))) return;
  const now = form();
  const here = now && now.dataset.number === own.dataset.number ? now : own;
  if (!kept(here, "reply").trim()) keep(here, "reply", { text: written, files: [] });
  if (here === now) setMode("reply");
  markRow(here);
  toast(say("takenBack"));
}
