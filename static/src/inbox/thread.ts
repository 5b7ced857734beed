// The open ticket: shown from its end, kept true, and remembered as seen.
import { elements, get, post } from "../ui/request";
import { toast, words } from "../ui/toast";
import { on, tell } from "./events";
import { mergeKeyed, replace } from "./merge";
import { openNumber, ticket, ticketAddress } from "./page";

const NEAR_END = 120;

// Whether the end is what is read; it stays in view then, however late pictures and mails grow.
let atEnd = true;

export function startThread(): void {
  on("ticket-opened", opened);
  on("tickets-changed", (numbers) => {
    if (numbers.includes(openNumber())) void refresh();
  });
  on("reload-all", () => {
    if (openNumber()) void refresh();
  });
  document.addEventListener("visibilitychange", markSeen);
  document.addEventListener("scroll", onScroll, { capture: true, passive: true });
  document.addEventListener("submit", onLiveForm);
  document.addEventListener("htmx:beforeSwap", keepPlace);
  document.addEventListener("click", (event) => {
    const target = (event.target as Element).closest<HTMLElement>("[data-action='panel']");
    if (target) ticket().classList.toggle("shows-panel");
  });
  if (openNumber()) opened();
}

function messages(): HTMLElement | null {
  return document.getElementById("messages");
}

function opened(): void {
  toEnd();
  markSeen();
}

export function toEnd(): void {
  const box = messages();
  if (box) box.scrollTop = box.scrollHeight;
  atEnd = true;
}

/** Something in the thread has grown. */
export function stayAtEnd(): void {
  if (atEnd) toEnd();
}

/** Growing moves nothing, so what moves is the reader. */
function onScroll(event: Event): void {
  const box = messages();
  if (box && event.target === box) atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
}

/** Fetch the ticket as it is now. */
export async function refresh(): Promise<void> {
  const number = openNumber();
  const response = await get(`${ticketAddress()}live/`).catch(() => null);
  if (!response || number !== openNumber()) return;
  if (response.status === 404) tell("ticket-gone", number);
  if (response.ok) takeOver(await response.text());
}

/** Merge a fresh answer of the server into the open ticket. */
export function takeOver(html: string): void {
  for (const fresh of elements(html)) {
    if (fresh.id === "messages") takeMessages(fresh);
    else if (fresh.id === "limits" || fresh.id === "ticket-head" || fresh.id === "panel") replacePart(fresh);
  }
}

/** A part whose menu is open is left alone until the next time. */
function replacePart(fresh: HTMLElement): void {
  const current = document.getElementById(fresh.id);
  if (current?.querySelector(".dropdown-menu.show")) return;
  const people = document.getElementById("presence")?.textContent ?? "";
  const focused = current?.contains(document.activeElement) ? document.activeElement : null;
  const menu = (focused as HTMLElement | null)?.dataset.menu;
  replace(fresh);
  const presence = document.getElementById("presence");
  if (presence) presence.textContent = people;
  if (menu) document.querySelector<HTMLElement>(`#${fresh.id} [data-menu="${menu}"]`)?.focus();
}

function takeMessages(fresh: HTMLElement): void {
  const box = messages();
  if (!box) return;
  const shown = new Set([...fresh.children].map((child) => (child as HTMLElement).dataset.key));
  const added = mergeKeyed(box, fresh);
  removeTakenBack(box, fresh, shown);
  for (const element of added) element.classList.add("is-new");
  ticket().dataset.newest = fresh.dataset.newest;
  ticket().dataset.version = fresh.dataset.version;
  stayAtEnd();
  markSeen();
}

/** What the fresh part would hold but does not, was taken back; older parts are not in it. */
function removeTakenBack(box: HTMLElement, fresh: HTMLElement, shown: Set<string | undefined>): void {
  const oldest = [...fresh.querySelectorAll<HTMLElement>("[data-at]")][0]?.dataset.at ?? "";
  for (const element of box.querySelectorAll<HTMLElement>(":scope > [data-at]"))
    if ((element.dataset.at ?? "") >= oldest && !shown.has(element.dataset.key)) element.remove();
}

/** Remember the newest message as seen, once it is in front of somebody. */
function markSeen(): void {
  const newest = ticket().dataset.newest;
  if (!newest || newest === "0" || document.hidden || ticket().dataset.seen === newest) return;
  ticket().dataset.seen = newest;
  void post(`${ticketAddress()}seen/`, { message: newest }).catch(() => {
    delete ticket().dataset.seen;
  });
}

/** <form data-live>: answered with the ticket as it is then. */
function onLiveForm(event: SubmitEvent): void {
  const form = event.target as HTMLFormElement;
  if (form.dataset.live === undefined) return;
  event.preventDefault();
  const fields: Record<string, string> = {};
  for (const [name, value] of new FormData(form, event.submitter)) fields[name] = String(value);
  void send(form.action, fields);
}

/** Post to the open ticket and show what came of it; false where it was refused. */
export async function send(address: string, fields: Record<string, string | string[]>): Promise<boolean> {
  const number = openNumber();
  const response = await post(address, fields).catch(() => null);
  if (!response) {
    toast(words("offline"), { bad: true });
    return false;
  }
  const text = await response.text();
  if (!response.ok) {
    toast(response.status === 422 ? text.trim() : words(response.status === 403 ? "forbidden" : "failed"), { bad: true });
    return false;
  }
  if (number === openNumber()) {
    if (response.status === 204) tell("ticket-gone", number);
    else takeOver(text);
  }
  tell("tickets-changed", [number]);
  return true;
}

/** Older messages come in above without moving what is read. */
function keepPlace(event: Event): void {
  const box = messages();
  const target = (event as CustomEvent<{ target: HTMLElement }>).detail.target;
  if (!box || !target.matches(".older")) return;
  const fromEnd = box.scrollHeight - box.scrollTop;
  requestAnimationFrame(() => {
    box.scrollTop = box.scrollHeight - fromEnd;
  });
}
