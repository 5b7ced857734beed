// Framed mails: each frame is as high as its mail, which has no scripts of its own to say so.
const watched = new WeakMap<HTMLIFrameElement, ResizeObserver>();

export function startFrames(): void {
  // "load" does not bubble, but is heard on its way down.
  document.addEventListener("load", (event) => {
    const frame = event.target;
    if (frame instanceof HTMLIFrameElement && frame.matches(".mail")) measure(frame);
  }, true);
  for (const frame of document.querySelectorAll<HTMLIFrameElement>("iframe.mail"))
    if (frame.contentDocument?.readyState === "complete") measure(frame);
  document.addEventListener("click", showImages);
}

function measure(frame: HTMLIFrameElement): void {
  const body = frame.contentDocument?.body;
  if (!body) return;
  const fit = (): void => {
    const list = document.getElementById("messages");
    const atEnd = list ? list.scrollHeight - list.scrollTop - list.clientHeight < 40 : false;
    frame.height = String(Math.ceil(body.scrollHeight) + 2);
    if (list && atEnd) list.scrollTop = list.scrollHeight;
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
