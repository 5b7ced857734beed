// Every command by one key; the list of them is behind "?".
import { submit, write } from "./composer";
import { closeTicket, openTicket } from "./navigation";
import { openNumber, rows, say, workspace } from "./page";
import { change, openMenu } from "./properties";

const FIRST_OF_TWO_MS = 1_200;
let first = "";

export function startKeyboard(): void {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const action = (event.target as Element).closest<HTMLElement>("button[data-action]")?.dataset.action;
    if (action === "help") help().showModal();
    if (action === "search") search();
  });
}

function help(): HTMLDialogElement {
  return document.getElementById("help") as HTMLDialogElement;
}

function onKey(event: KeyboardEvent): void {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    if (!(event.target as Element).closest("#composer")) return;
    event.preventDefault();
    void submit(event.shiftKey ? "solved" : "");
    return;
  }
  const target = event.target as HTMLElement;
  if (target.matches("input, textarea, select") || target.isContentEditable) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || help().open) return;
  if (target.closest(".dropdown-menu, [data-bs-toggle][aria-expanded=true]")) return;
  const command = COMMANDS[first + event.key];
  first = event.key === "g" ? "g" : "";
  if (first) setTimeout(() => (first = ""), FIRST_OF_TWO_MS);
  if (!command) return;
  event.preventDefault();
  command();
}

const COMMANDS: Record<string, () => void> = {
  j: () => move(1),
  k: () => move(-1),
  Enter: openFocused,
  o: openFocused,
  u: () => closeTicket(),
  Escape: () => {
    if (workspace.classList.contains("has-ticket")) closeTicket();
  },
  r: () => write("reply"),
  n: () => write("note"),
  a: () => openMenu("assignee"),
  m: () => set("assignee", say("me"), say("assignedMe")),
  s: () => openMenu("status"),
  p: () => openMenu("priority"),
  t: () => openMenu("tags"),
  z: () => openMenu("snooze"),
  e: () => press("solve"),
  "#": () => press("spam"),
  "/": search,
  "?": () => help().showModal(),
  gi: () => location.assign("/inbox/"),
  gc: () => location.assign("/customers/"),
};

/** The next or previous row takes the focus; where a ticket is open, the next one opens. */
function move(step: number): void {
  const all = [...rows().querySelectorAll<HTMLElement>(".row")];
  const from = all.findIndex((row) => row === document.activeElement);
  const open = all.findIndex((row) => Number(row.dataset.number) === openNumber());
  const at = from >= 0 ? from : open;
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  if (!next) return;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  if (openNumber() && next.dataset.number !== String(openNumber())) void openTicket(Number(next.dataset.number));
}

function openFocused(): void {
  const focused = document.activeElement as HTMLElement | null;
  if (focused?.matches(".row")) void openTicket(Number(focused.dataset.number));
  else if (focused?.matches("a, button, summary")) focused.click();
}

function set(name: string, value: string, said: string): void {
  const head = document.getElementById("ticket-head");
  if (head?.querySelector(`[data-menu="${name}"]:not(:disabled)`)) void change(name, value, said);
}

function press(key: string): void {
  document.querySelector<HTMLElement>(`#ticket-head [data-action-key="${key}"]`)?.click();
}

function search(): void {
  workspace.classList.remove("has-ticket");
  const field = document.getElementById("search") as HTMLInputElement | null;
  field?.focus();
  field?.select();
}
