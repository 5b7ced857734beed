// htmx, and what is said when its request fails.
import htmx from "htmx.org";
import { toast, words } from "./toast";

document.addEventListener("htmx:responseError", (event) => {
  const { status } = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail.xhr;
  toast(status === 403 ? words("forbidden") : words("failed"), { bad: true });
});

document.addEventListener("htmx:sendError", () => toast(words("offline"), { bad: true }));

export default htmx;
