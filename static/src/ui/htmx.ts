// htmx, and what is said when its request fails.
import htmx from "htmx.org";
import { toast, words } from "./toast";

// What htmx puts into the page; behaviours take hold of it here.
export function onContent(take: (root: Element) => void): void {
  htmx.onLoad((root) => take(root as Element));
}

document.addEventListener("htmx:responseError", (event) => {
  const { status } = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail.xhr;
  toast(status === 403 ? words("forbidden") : words("failed"), { bad: true });
});

document.addEventListener("htmx:sendError", () => toast(words("offline"), { bad: true }));

export default htmx;
