// <button data-insert="text" data-into="id">: puts the text where the field's caret is.
document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-insert]");
  const field = document.getElementById(button?.dataset.into ?? "") as HTMLTextAreaElement | null;
  if (!button || !field) return;
  field.focus();
  field.setRangeText(button.dataset.insert ?? "", field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
