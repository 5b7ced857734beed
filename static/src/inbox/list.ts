// The list stays true while it is open: rows change in place, new ones announce themselves, and what
// belongs elsewhere leaves when nobody points at it.
import { elements, get } from "../ui/request";
import { on, tell } from "./events";
import { take } from "./merge";
import { closeTicket, forget, reloadList, view } from "./navigation";
import { list, openNumber, row, rows, say, shownNumbers } from "./page";

const GATHER_MS = 250;

const waiting = new Set<number>();
const arrived = new Set<number>();
let timer: ReturnType<typeof setTimeout> | undefined;

export function startList(): void {
  on("tickets-changed", (numbers) => {
    for (const number of numbers) {
      waiting.add(number);
      forget(number);
    }
    timer ??= setTimeout(() => void update(), GATHER_MS);
  });
  on("ticket-gone", (number) => {
    row(number)?.remove();
    forget(number);
    if (number === openNumber()) closeTicket();
  });
  on("list-loaded", () => {
    arrived.clear();
    announce();
  });
  on("reload-all", () => void reloadList(true));
  on("ticket-opened", sweep);
  document.addEventListener("click", (event) => {
    if ((event.target as Element).closest("#new-tickets")) void showNew();
  });
  document.addEventListener("pointerout", (event) => {
    if (!list().contains(event.relatedTarget as Node | null)) sweep();
  });
}

async function update(): Promise<void> {
  timer = undefined;
  const numbers = [...waiting];
  waiting.clear();
  const fresh = await current(numbers).catch(() => null);
  if (!fresh) return;
  for (const number of numbers) {
    const own = row(number);
    const now = fresh.get(number);
    if (own && now) renew(own, now);
    else if (own) own.classList.add("is-leaving");
    else if (now) arrived.add(number);
    if (!now) arrived.delete(number);
  }
  announce();
  if (!list().matches(":hover")) sweep();
}

/** Those of the numbered tickets that belong to this view, as rows. */
async function current(numbers: number[]): Promise<Map<number, HTMLElement>> {
  const query = new URLSearchParams({ view: view(), n: numbers.join(",") });
  const search = list().dataset.search;
  if (search) query.set("q", search);
  const response = await get(`${list().dataset.rows ?? "/inbox/rows/"}?${query.toString()}`);
  if (!response.ok) throw new Error(String(response.status));
  const found = elements(await response.text()).filter((element) => element.matches(".row"));
  return new Map(found.map((element) => [Number(element.dataset.number), element]));
}

function renew(own: HTMLElement, now: HTMLElement): void {
  own.classList.remove("is-leaving");
  const open = Number(own.dataset.number) === openNumber();
  own.toggleAttribute("data-unread", now.hasAttribute("data-unread") && !open);
  if (!open) own.toggleAttribute("data-draft", now.hasAttribute("data-draft"));
  if (own.dataset.version === now.dataset.version) return;
  own.dataset.version = now.dataset.version;
  own.replaceChildren(...now.childNodes);
  take(own);
}

/** "Show 3 new tickets": nothing moves under the pointer until it is pressed. */
function announce(): void {
  const button = document.getElementById("new-tickets");
  if (!button) return;
  const count = arrived.size;
  button.hidden = count === 0;
  button.textContent = count === 1 ? say("newOne") : say(isFew(count) ? "newFew" : "newMany", count);
  if (count && rows().querySelectorAll(".row").length === 0) void showNew();
}

function isFew(count: number): boolean {
  return new Intl.PluralRules(document.documentElement.lang).select(count) === "few";
}

async function showNew(): Promise<void> {
  const fresh = [...arrived];
  await reloadList();
  for (const number of fresh) row(number)?.classList.add("is-new");
}

/** Take out rows that left this view, save the one that is open. */
function sweep(): void {
  const leaving = rows().querySelectorAll<HTMLElement>(".row.is-leaving");
  for (const element of leaving) if (Number(element.dataset.number) !== openNumber()) element.remove();
  const empty = document.getElementById("empty");
  if (empty && leaving.length) empty.hidden = rows().querySelector(".row") !== null;
}

/** Everything that is shown is asked for once more (no socket, or back from sleep). */
export function refreshShown(): void {
  const numbers = shownNumbers();
  if (numbers.length) tell("tickets-changed", numbers);
}
