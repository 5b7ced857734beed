// Where things stand on the page. They are looked up when needed: fragments come and go.
const dictionary = document.getElementById("words") as HTMLElement;

/** A sentence of the template's translations; its "{word}" is replaced. */
export function say(name: string, value?: string | number): string {
  const text = dictionary.dataset[name] ?? "";
  return value === undefined ? text : text.replace(/\{\w+\}/, String(value));
}

export const workspace = document.querySelector(".workspace") as HTMLElement;

export function list(): HTMLElement {
  return document.getElementById("list") as HTMLElement;
}

export function rows(): HTMLElement {
  return document.getElementById("rows") as HTMLElement;
}

export function row(number: number): HTMLElement | null {
  return document.getElementById(`row-${number}`);
}

export function ticket(): HTMLElement {
  return document.getElementById("ticket") as HTMLElement;
}

/** The number of the open ticket, 0 where none is open. */
export function openNumber(): number {
  return Number(ticket().dataset.number ?? 0);
}

/** The address of the open ticket, with a slash at its end. */
export function ticketAddress(): string {
  return ticket().dataset.url ?? "";
}

export function shownNumbers(): number[] {
  const shown = [...rows().querySelectorAll<HTMLElement>(".row")].map((r) => Number(r.dataset.number));
  return openNumber() ? [...new Set([...shown, openNumber()])] : shown;
}

/** Whether one column at a time is shown. */
export function isSmall(): boolean {
  return window.matchMedia("(width < 720px)").matches;
}
