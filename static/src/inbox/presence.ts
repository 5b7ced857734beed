// Who else is in a ticket: "Ola is reading", "Ola is writing…", in the ticket and in the list.
import { isWriting } from "./composer";
import { on } from "./events";
import { openNumber, row, say, shownNumbers } from "./page";
import { type Heard, onHeard, onReady, transmit } from "./socket";

const REPEAT_MS = 15_000;
const TYPING_SHOWN_MS = 6_000;

let last = "";
let typing: ReturnType<typeof setTimeout> | undefined;

export function startPresence(): void {
  onHeard(hear);
  onReady(() => tellPlace(true));
  on("ticket-opened", () => tellPlace(true));
  on("list-loaded", () => transmit({ type: "watch", tickets: shownNumbers() }));
  document.addEventListener("input", (event) => {
    if ((event.target as Element).id === "composer-text") tellPlace();
  });
  document.addEventListener("visibilitychange", () => tellPlace());
  setInterval(() => tellPlace(true), REPEAT_MS);
}

/** Tell where this page is when that changed, or when it is time to say so again. */
function tellPlace(again = false): void {
  const number = document.hidden ? 0 : openNumber();
  const state = isWriting() ? "writing" : "reading";
  const now = `${number} ${state}`;
  if (!again && now === last) return;
  last = now;
  transmit({ type: "presence", ticket: number || null, state });
}

function hear(message: Heard): void {
  if (message.type === "customer.typing") {
    if (message.ticket === openNumber()) customerTypes(message.on);
    return;
  }
  if (message.type !== "presence") return;
  const writers = message.people.filter((person) => person.state === "writing");
  const text = writers[0]
    ? say("writes", names(writers))
    : message.people[0]
      ? say("reads", names(message.people))
      : "";
  if (message.ticket === openNumber()) {
    const place = document.getElementById("presence");
    if (place) place.textContent = text;
  }
  const mark = row(message.ticket)?.querySelector<HTMLElement>(".row__presence");
  if (!mark) return;
  mark.hidden = !text;
  mark.textContent = text;
}

function names(people: { name: string }[]): string {
  return people.map((person) => person.name).join(", ");
}

function customerTypes(on: boolean): void {
  const place = document.getElementById("typing");
  if (!place) return;
  clearTimeout(typing);
  place.textContent = on ? say("customerWrites") : "";
  if (on) typing = setTimeout(() => (place.textContent = ""), TYPING_SHOWN_MS);
}
