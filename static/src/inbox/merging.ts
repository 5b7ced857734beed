// One case in two tickets is merged in a dialog; a message that is another case becomes a ticket.
import { post } from "../ui/request";
import { toast, words } from "../ui/toast";
import { tell } from "./events";
import { forget, openTicket } from "./navigation";
import { openNumber, say } from "./page";
import { takeOver } from "./thread";

export function startMerging(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target.closest("[data-action-key=merge]")) open();
    const choice = target.closest<HTMLElement>("[data-merge-into]");
    if (choice) void merge(choice.dataset.mergeInto ?? "");
    const out = target.closest<HTMLElement>("[data-split]");
    if (out) void split(out.dataset.split ?? "");
  });
}

function dialog(): HTMLDialogElement | null {
  return document.getElementById("merge") as HTMLDialogElement | null;
}

/** Show the dialog with the customer's other tickets. */
function open(): void {
  dialog()?.showModal();
  dialog()?.dispatchEvent(new Event("merge-opened"));
}

async function merge(into: string): Promise<void> {
  const box = dialog();
  const number = openNumber();
  const response = await checked(box?.dataset.merge ?? "", { into });
  if (!response) return;
  box?.close();
  moved(number, Number(into));
  await openTicket(Number(into));
  const undo = response.headers.get("X-Undo") ?? "";
  toast(say("merged", into), {
    action: say("undo"),
    onAction: () => void takeBack(undo, number, Number(into)),
    seconds: 20,
  });
}

async function takeBack(address: string, number: number, into: number): Promise<void> {
  if (!(await checked(address, {}))) return;
  moved(number, into);
  await openTicket(number);
  toast(say("undone"));
}

async function split(address: string): Promise<void> {
  const number = openNumber();
  const response = await checked(address, {});
  if (!response) return;
  const fresh = Number(response.headers.get("X-Ticket"));
  takeOver(await response.text());
  moved(number, fresh);
  toast(say("splitOut", fresh), { action: say("open"), onAction: () => void openTicket(fresh) });
}

function moved(...numbers: number[]): void {
  for (const number of numbers) forget(number);
  tell("tickets-changed", numbers);
}

/** Post; a refusal is told in its words. */
async function checked(address: string, fields: Record<string, string>): Promise<Response | null> {
  const response = await post(address, fields).catch(() => null);
  if (response?.ok) return response;
  if (!response) toast(words("offline"), { bad: true });
  else toast(response.status === 422 ? (await response.text()).trim() : words("failed"), { bad: true });
  return null;
}
