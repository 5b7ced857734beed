// The bridge to the loader on the shop's page. The server has checked the origin that it puts
// into the page; what comes from elsewhere is dropped.
import type { ToFrame, ToLoader } from "./bridge";

const origin = document.documentElement.dataset.parent ?? "";

export function toLoader(message: ToLoader): void {
  if (window.parent !== window) window.parent.postMessage(message, origin);
}

export function fromLoader(handle: (message: ToFrame) => void): void {
  addEventListener("message", (event) => {
    if (event.origin === origin && event.source === window.parent) handle(event.data as ToFrame);
  });
}
