// Moves between views and tickets without leaving the page; every place has its address.
import htmx from "../ui/htmx";
import { elements, get } from "../ui/request";
import { toast, words } from "../ui/toast";
import { tell } from "./events";
import { writeTimes } from "./times";
import { isSmall, list, openNumber, row, rows, ticket, workspace } from "./page";

const HOVER_MS = 80;
const KEPT_MS = 8_000;
const TYPING_MS = 180;

type Kept = { at: number; html: Promise<string> };
const fetched = new Map<string, Kept>();
let newest = 0;

export function startNavigation(): void {
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSearch);
  document.addEventListener("input", onSearchInput);
  document.addEventListener("pointerover", onHover);
  window.addEventListener("popstate", () => void restore());
  const lazy = list().dataset.load;
  if (lazy) void showList(lazy);
  mark();
}

/** Open a ticket; `push` puts its address into the history. */
export async function openTicket(number: number, push = true): Promise<void> {
  const turn = ++newest;
  const address = `/inbox/${number}/`;
  mark(number);
  workspace.classList.add("has-ticket");
  if (push) history.pushState({}, "", `${address}?view=${encodeURIComponent(view())}`);
  try {
    const html = await fragment(address);
    if (turn !== newest) return;
    const [fresh] = elements(html);
    if (fresh) show(fresh);
  } catch (error) {
    failed(error);
    if (turn === newest && !openNumber()) closeTicket(false);
  }
}

function show(fresh: HTMLElement): void {
  ticket().replaceWith(fresh);
  htmx.process(fresh);
  writeTimes(fresh);
  document.title = `${fresh.dataset.title ?? ""} · Okienko`;
  row(openNumber())?.removeAttribute("data-unread");
  mark();
  tell("ticket-opened", undefined);
}

/** Back to the list alone. */
export function closeTicket(push = true): void {
  newest++;
  const number = openNumber();
  workspace.classList.remove("has-ticket");
  if (push) history.pushState({}, "", listAddress());
  const none = document.createElement("div");
  none.className = "ticket ticket--none";
  none.id = "ticket";
  none.append(Object.assign(document.createElement("main"), { className: "thread", id: "main" }));
  ticket().replaceWith(none);
  document.title = `${list().dataset.label ?? ""} · Okienko`;
  mark();
  row(number)?.focus();
  tell("ticket-opened", undefined);
}

/** Load a view into the list, unless it is not wanted any more when it comes. */
export async function showList(address: string, isWanted = (): boolean => true): Promise<void> {
  list().setAttribute("aria-busy", "true");
  try {
    const html = await fragment(address);
    if (!isWanted()) return;
    for (const element of elements(html)) {
      if (element.id === "list") {
        list().replaceWith(element);
        htmx.process(element);
        writeTimes(element);
      } else takePart(element as HTMLTemplateElement);
    }
    const title = document.getElementById("topbar-title");
    if (title) title.textContent = list().dataset.label ?? "";
    mark();
    tell("list-loaded", undefined);
  } catch (error) {
    failed(error);
  } finally {
    list().removeAttribute("aria-busy");
  }
}

/** Load the current view once more; the place in it is kept where `stay` is true. */
export async function reloadList(stay = false): Promise<void> {
  const scroll = rows().scrollTop;
  fetched.clear();
  await showList(listAddress());
  rows().scrollTop = stay ? scroll : 0;
}

export function view(): string {
  return list().dataset.view ?? "";
}

export function forget(number: number): void {
  fetched.delete(`/inbox/${number}/`);
}

function listAddress(): string {
  const { order, search } = list().dataset;
  const query = new URLSearchParams({ view: view() });
  if (order && order !== "newest") query.set("order", order);
  if (search) query.set("q", search);
  return `/inbox/?${query.toString()}`;
}

/** A <template data-replace="id">: a part of the page that comes along with another. */
function takePart(part: HTMLTemplateElement): void {
  const target = document.getElementById(part.dataset.replace ?? "");
  const fresh = part.content?.firstElementChild;
  if (!target || !fresh) return;
  target.replaceWith(fresh);
  htmx.process(fresh);
}

async function restore(): Promise<void> {
  const place = new URL(location.href);
  const number = Number(/^\/inbox\/(\d+)\/$/.exec(place.pathname)?.[1] ?? 0);
  const wanted = place.searchParams.get("view");
  if (wanted && wanted !== view()) await showList(`/inbox/?view=${encodeURIComponent(wanted)}`);
  if (number && number !== openNumber()) await openTicket(number, false);
  else if (!number && openNumber()) closeTicket(false);
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
  if (!link) return;
  const number = ticketOf(link);
  if (number) {
    event.preventDefault();
    if (number !== openNumber() || isSmall()) void openTicket(number);
  } else if (link.dataset.action === "back") {
    event.preventDefault();
    closeTicket();
  } else if (link.dataset.folder !== undefined || link.dataset.listLink !== undefined) {
    event.preventDefault();
    void go(link.href);
  }
}

function ticketOf(link: HTMLAnchorElement): number {
  if (link.dataset.number) return Number(link.dataset.number);
  if (link.dataset.ticketLink === undefined) return 0;
  return Number(/\/inbox\/(\d+)\/$/.exec(link.pathname)?.[1] ?? 0);
}

function onSearch(event: SubmitEvent): void {
  const form = event.target as HTMLFormElement;
  if (form.dataset.searchForm === undefined) return;
  event.preventDefault();
  const query = new URLSearchParams(new FormData(form) as unknown as Record<string, string>);
  if (!query.get("q")) query.delete("q");
  void go(`${form.action}?${query.toString()}`, true);
}

let typing: ReturnType<typeof setTimeout> | undefined;

/** Found while it is typed: the last word is taken for the beginning of one. */
function onSearchInput(event: Event): void {
  const field = event.target as HTMLInputElement;
  if (field.form?.dataset.searchLive === undefined) return;
  clearTimeout(typing);
  typing = setTimeout(() => void find(field), TYPING_MS);
}

async function find(field: HTMLInputElement): Promise<void> {
  const text = field.value.trim();
  if (text.length === 1 || text === list().dataset.search || !field.form) return;
  const query = new URLSearchParams({ view: view() });
  if (text) query.set("q", text);
  const address = `${field.form.action}?${query.toString()}`;
  history.replaceState({}, "", address);
  await showList(address, () => field.isConnected && field.value.trim() === text);
  const fresh = document.getElementById("search") as HTMLInputElement | null;
  if (!fresh || fresh === field) return;
  // The list came with a field of its own: what was typed meanwhile, spaces too, goes on in it.
  fresh.value = field.value;
  fresh.focus();
  fresh.setSelectionRange(field.selectionStart, field.selectionEnd);
}

async function go(address: string, keepFocus = false): Promise<void> {
  history.pushState({}, "", address);
  workspace.classList.remove("has-ticket");
  if (isSmall() && openNumber()) closeTicket(false);
  await showList(address);
  if (keepFocus) document.getElementById("search")?.focus();
}

let hovering: ReturnType<typeof setTimeout> | undefined;

/** A row under the pointer is fetched before it is pressed. */
function onHover(event: PointerEvent): void {
  const target = (event.target as Element).closest<HTMLElement>(".row");
  clearTimeout(hovering);
  if (!target || Number(target.dataset.number) === openNumber()) return;
  hovering = setTimeout(() => void fragment(`/inbox/${target.dataset.number}/`).catch(() => {}), HOVER_MS);
}

async function fragment(address: string): Promise<string> {
  const kept = fetched.get(address);
  if (kept && Date.now() - kept.at < KEPT_MS) return kept.html;
  const html = load(address);
  if (/^\/inbox\/\d+\/$/.test(address)) fetched.set(address, { at: Date.now(), html });
  html.catch(() => fetched.delete(address));
  return html;
}

async function load(address: string): Promise<string> {
  const response = await get(address);
  if (response.redirected && new URL(response.url).pathname.startsWith("/accounts/")) {
    location.assign(response.url);
  }
  if (!response.ok) throw new Error(String(response.status));
  return response.text();
}

function failed(error: unknown): void {
  toast(error instanceof TypeError ? words("offline") : words("failed"), { bad: true });
}

/** Show in the list which ticket is open. */
function mark(number = openNumber()): void {
  for (const element of rows().querySelectorAll(".row[aria-current]")) element.removeAttribute("aria-current");
  row(number)?.setAttribute("aria-current", "true");
}
