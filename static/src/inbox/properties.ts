// Status, assignee, tags and the others: the choice is shown at once, taken back when it fails, and
// can be undone from the toast.
import { onContent } from "../ui/htmx";
import { toast } from "../ui/toast";
import { openNumber, say } from "./page";
import { send } from "./thread";

/** Which data attribute of the head keeps the value that an undo restores. */
const KEPT: Record<string, string> = {
  status: "status",
  assignee: "assignee",
  spam: "spam",
  snoozed_until: "snoozed",
  priority: "priority",
  reason: "reason",
  team: "team",
  tags: "tags",
};

export function startProperties(): void {
  document.addEventListener("click", (event) => {
    const choice = (event.target as Element).closest<HTMLElement>("[data-set]");
    if (choice?.dataset.set) choose(choice, choice.dataset.set, choice.dataset.value ?? "");
  });
  document.addEventListener("input", filterMenu);
  document.addEventListener("change", (event) => {
    const form = (event.target as Element).closest<HTMLFormElement>("form[data-tags]");
    if (form) void setTags(form);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (form.dataset.snooze === undefined && form.dataset.tags === undefined) return;
    event.preventDefault();
    if (form.dataset.snooze !== undefined) snoozeAt(form);
  });
  onContent((root) => root.querySelector<HTMLElement>("[data-menu-search]")?.focus());
}

function head(): HTMLElement {
  return document.getElementById("ticket-head") as HTMLElement;
}

function choose(choice: HTMLElement, name: string, value: string): void {
  const shown = choice.closest(".prop")?.querySelector<HTMLElement>(".prop__value");
  const before = shown?.textContent;
  if (shown) shown.textContent = choice.textContent?.trim() ?? "";
  closeMenu(choice);
  void change(name, value, choice.dataset.said).then((done) => {
    if (!done && shown && before) shown.textContent = before;
  });
}

/** Set a property of the open ticket; `said` is what the toast with the undo says. */
export async function change(
  name: string,
  value: string | string[],
  said = say("changed"),
): Promise<boolean> {
  const address = head().dataset.change ?? "";
  const before = head().dataset[KEPT[name] ?? ""] ?? "";
  if (before === value) return true;
  const done = await send(address, { [name]: value });
  if (done) {
    const undo = Array.isArray(value) ? several(before) : before;
    toast(said, { action: say("undo"), onAction: () => void takeBack(address, name, undo) });
  }
  return done;
}

async function takeBack(address: string, name: string, before: string | string[]): Promise<void> {
  if (await send(address, { [name]: before })) toast(say("undone"));
}

async function setTags(form: HTMLFormElement): Promise<void> {
  await change("tags", several(new FormData(form).getAll("tags").map(String).join(" ")));
}

/** Ids of a list; none is said by an empty one, since a form cannot send nothing. */
function several(ids: string): string[] {
  const found = ids.split(" ").filter(Boolean);
  return found.length ? found : [""];
}

function snoozeAt(form: HTMLFormElement): void {
  const value = String(new FormData(form).get("snoozed_until") ?? "");
  closeMenu(form);
  void change("snoozed_until", new Date(value).toISOString().replace(/\.\d+Z$/, "Z"), form.dataset.said);
}

/** The search field of a long menu. */
function filterMenu(event: Event): void {
  const field = event.target as HTMLInputElement;
  if (field.dataset.menuSearch === undefined) return;
  const wanted = fold(field.value);
  const items = field.parentElement?.querySelectorAll<HTMLElement>(".dropdown-item") ?? [];
  for (const item of items) item.hidden = !fold(item.textContent ?? "").includes(wanted);
}

function fold(text: string): string {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replaceAll("ł", "l").trim();
}

function closeMenu(inside: Element): void {
  const toggle = inside.closest(".dropdown, .dropup")?.querySelector<HTMLElement>(".show[data-bs-toggle]");
  toggle?.click();
  toggle?.focus();
}

/** Open the menu of a property, as its key does. */
export function openMenu(name: string): void {
  if (!openNumber()) return;
  head().querySelector<HTMLElement>(`[data-menu="${name}"]:not(:disabled)`)?.click();
}
