// <button data-copy="text" data-copied="Copied">: puts the text on the clipboard and says so.
import { toast } from "./toast";

document.addEventListener("click", async (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy ?? "");
  toast(button.dataset.copied ?? "");
});
