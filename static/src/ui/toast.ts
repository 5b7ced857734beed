// Short messages at the bottom of the page, with an action such as "Undo".
import { icon } from "./icon";

type Options = { bad?: boolean; action?: string; onAction?: () => void; seconds?: number };

const box = document.getElementById("toasts");

/** A sentence that the page's template has translated for the scripts. */
export function words(name: string): string {
  return box?.dataset[name] ?? "";
}

export function toast(text: string, options: Options = {}): () => void {
  const element = document.createElement("div");
  element.className = options.bad ? "toast toast--bad" : "toast";
  const label = document.createElement("span");
  label.className = "toast__text";
  label.textContent = text;
  element.append(label);
  if (options.action) element.append(button("toast__action", options.action, options.onAction));
  box?.append(element);
  return dress(element, options.seconds ?? (options.bad ? 10 : 6));
}

/** Give a toast its close button and its end; the returned function ends it at once. */
function dress(element: HTMLElement, seconds: number): () => void {
  const close = (): void => element.remove();
  const cross = button("toast__close", "");
  cross.setAttribute("aria-label", words("close"));
  cross.append(icon("x"));
  element.append(cross);
  element.addEventListener("click", (event) => {
    if ((event.target as Element).closest("button")) close();
  });
  let timer = setTimeout(close, seconds * 1000);
  element.addEventListener("pointerenter", () => clearTimeout(timer));
  element.addEventListener("pointerleave", () => (timer = setTimeout(close, 3000)));
  return () => {
    clearTimeout(timer);
    close();
  };
}

function button(className: string, text: string, onClick?: () => void): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = text;
  if (onClick) element.addEventListener("click", onClick);
  return element;
}

for (const element of box?.querySelectorAll<HTMLElement>(".toast") ?? []) dress(element, 8);
