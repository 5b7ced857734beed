// Takes a fresh fragment over into the page without touching what is the same: frames stay loaded,
// selections stay selected, nothing jumps.
import htmx from "../ui/htmx";
import { writeTimes } from "./times";

/** Make the keyed children of `current` those of `fresh`; returns the new ones. */
export function mergeKeyed(current: HTMLElement, fresh: HTMLElement): HTMLElement[] {
  const had = new Map(keyed(current).map((element) => [element.dataset.key, element]));
  const added: HTMLElement[] = [];
  let place: Element | null = keyed(current).find((e) => has(fresh, e.dataset.key)) ?? null;
  for (const element of keyed(fresh)) {
    const own = had.get(element.dataset.key);
    if (own && own.dataset.version === element.dataset.version) {
      place = own.nextElementSibling;
      continue;
    }
    if (own) {
      own.replaceWith(element);
      place = element.nextElementSibling;
    } else {
      current.insertBefore(element, place);
      added.push(element);
    }
    take(element);
  }
  return added;
}

/** Replace an element by its fresh self, with its menus open as they were. */
export function replace(fresh: HTMLElement): void {
  const current = document.getElementById(fresh.id);
  if (!current) return;
  keepLoaded(current, fresh);
  if (current.outerHTML === fresh.outerHTML) return;
  current.replaceWith(fresh);
  take(fresh);
}

/** Parts that load on their own are loaded again only when they are of another version. */
function keepLoaded(current: HTMLElement, fresh: HTMLElement): void {
  for (const part of fresh.querySelectorAll<HTMLElement>("[data-lazy]")) {
    const loaded = current.querySelector<HTMLElement>(`#${part.id}`);
    if (!loaded) continue;
    if (loaded.dataset.version === part.dataset.version) part.replaceWith(loaded.cloneNode(true));
    else part.innerHTML = loaded.innerHTML;
  }
}

export function take(element: HTMLElement): void {
  htmx.process(element);
  writeTimes(element);
}

function keyed(parent: HTMLElement): HTMLElement[] {
  return [...parent.children].filter(
    (child): child is HTMLElement => (child as HTMLElement).dataset.key !== undefined,
  );
}

function has(parent: HTMLElement, key: string | undefined): boolean {
  return keyed(parent).some((child) => child.dataset.key === key);
}
