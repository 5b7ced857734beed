// The page's own small words for the DOM. Text is only ever text: nothing here parses HTML.

/** The element with this id. The page comes from our own template, so it is there. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

type Content = Node | string | null | undefined | false;

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  ...content: Content[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content.filter((part): part is Node | string => Boolean(part)));
  return made;
}

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;

/** Text with its web addresses as links. */
export function linked(text: string): DocumentFragment {
  const out = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    out.append(text.slice(end, match.index));
    const link = make("a", "", match[0]);
    link.href = match[0];
    link.target = "_blank";
    link.rel = "noopener nofollow";
    out.append(link);
    end = match.index + match[0].length;
  }
  out.append(text.slice(end));
  return out;
}
