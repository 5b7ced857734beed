// The counters of the sidebar, at most one question every few seconds.
import { get } from "../ui/request";
import { on } from "./events";
import { ticket } from "./page";

const MOST = 99;
const PAUSE_MS = 1_500;
let planned: ReturnType<typeof setTimeout> | undefined;

export function startCounters(): void {
  on("tickets-changed", plan);
  on("reload-all", plan);
  if (ticket().dataset.number) plan();
}

function plan(): void {
  planned ??= setTimeout(() => void count(), PAUSE_MS);
}

async function count(): Promise<void> {
  planned = undefined;
  const address = document.getElementById("folders")?.dataset.counts;
  if (!address) return;
  const response = await get(address).catch(() => null);
  if (!response?.ok) return;
  const counts = (await response.json()) as Record<string, number>;
  for (const element of document.querySelectorAll<HTMLElement>("[data-count]")) {
    const number = counts[element.dataset.count ?? ""];
    if (number === undefined) continue;
    element.textContent = number > MOST ? `${MOST}+` : number ? String(number) : "";
  }
}
