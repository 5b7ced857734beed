// Framed mails: each frame is as high as its mail, which has no scripts of its own to say so.
import { stayAtEnd } from "./thread";

// A mail that makes itself higher than any letter is scrolled inside its frame.
const MOST_PX = 20_000;

const watched = new WeakMap<HTMLIFrameElement, ResizeObserver>();

export function startFrames(): void {
  // "load" does not bubble, but is heard on its way down.
  document.addEventListener("load", (event) => {
    const loaded = event.target;
    if (loaded instanceof HTMLIFrameElement && loaded.matches(".mail")) measure(loaded);
    else if (loaded instanceof HTMLImageElement) stayAtEnd();
  }, true);
  for (const frame of document.querySelectorAll<HTMLIFrameElement>("iframe.mail"))
    if (frame.contentDocument?.readyState === "complete") measure(frame);
  document.addEventListener("click", showImages);
}

function measure(frame: HTMLIFrameElement): void {
  const body = frame.contentDocument?.body;
  if (!body) return;
  const fit = (): void => {
    frame.height = String(Math.min(Math.ceil(body.scrollHeight) + 2, MOST_PX));
    stayAtEnd();
  };
  fit();
  watched.get(frame)?.disconnect();
  const observer = new ResizeObserver(fit);
  observer.observe(body);
  watched.set(frame, observer);
}

/** The pictures of one mail, asked for by the agent and fetched by our server. */
function showImages(event: MouseEvent): void {
  const button = (event.target as Element).closest<HTMLElement>("[data-images]");
  const frame = button?.parentElement?.querySelector<HTMLIFrameElement>("iframe.mail");
  if (!button || !frame) return;
  frame.src = `${frame.src.split("?")[0] ?? ""}?images=1`;
  button.remove();
}
