// A form is sent once, however often its button is pressed; a question before what cannot be undone
// stands in the form's data-confirm.
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) {
    event.preventDefault();
    return;
  }
  if (form.method !== "post" || event.defaultPrevented || isHtmx(form)) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});

// The way back shows the page as it was left: it may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

function isHtmx(form: HTMLFormElement): boolean {
  return form.hasAttribute("hx-post");
}
