// The one script a shop's page loads: a bubble in a shadow root; the chat itself comes in a frame
// of the helpdesk's origin, when the visitor asks for it or has a conversation already.
// It needs no inline style, no eval, no innerHTML, so that it runs under any strict policy.
import type { Identity, Page, ToFrame, ToLoader, Trigger } from "./bridge";
import css from "./loader.css";

interface Words {
  open: string;
  close: string;
  unread: string;
  chat: string;
  dismiss: string;
}

interface Config {
  channel: string;
  origin: string;
  color: string;
  ink: string;
  /** Whether the page's title counts unread messages. */
  title: boolean;
  side: "left" | "right";
  x: number;
  y: number;
  online: boolean;
  language: string;
  words: Record<string, Words>;
  triggers: Trigger[];
}

type Command = [name: string, ...values: unknown[]];

declare global {
  interface Window {
    helpdesk?: { (...command: Command): void; q?: ArrayLike<unknown>[] };
  }
}

// The server writes it in front of this script.
declare const OKIENKO: Config;

const config = OKIENKO;
const script = document.currentScript as HTMLScriptElement | null;
const phone = matchMedia("(max-width: 667px)");
const storageName = `okienko:${config.channel}`;
const language = pickLanguage();
const words = config.words[language] as Words;
const listeners: Record<string, ((value: unknown) => void)[]> = {};

let frame: HTMLIFrameElement | null = null;
let ready = false;
let isOpen = false;
let waiting: ToFrame[] = [];
let identity: Identity | null = null;
let pageOverflow = "";

function pickLanguage(): string {
  const wishes = [script?.dataset.lang, document.documentElement.lang, ...navigator.languages];
  const known = wishes.map((wish) => (wish ?? "").slice(0, 2).toLowerCase());
  return known.find((code) => code in config.words) ?? config.language;
}

// -- The page's storage: only a mark, or the token where the frame has no storage of its own.

function stored(): string {
  try {
    return localStorage.getItem(storageName) ?? "";
  } catch {
    return "";
  }
}

function store(value: string): void {
  try {
    if (value) localStorage.setItem(storageName, value);
    else localStorage.removeItem(storageName);
  } catch {
    // A page without storage: the conversation lasts as long as the page.
  }
}

// -- Drawing

function element<K extends keyof HTMLElementTagNameMap>(
  parent: Node,
  tag: K,
  className = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  parent.appendChild(made);
  return made;
}

function button(parent: Node, className: string, label: string, onClick: () => void) {
  const made = element(parent, "button", className);
  made.type = "button";
  if (label) made.ariaLabel = label;
  made.onclick = onClick;
  return made;
}

function icon(parent: Node, className: string, path: string): void {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS(svg.namespaceURI as "http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  parent.appendChild(svg);
}

const host = document.createElement("okienko-chat");
const root = host.attachShadow({ mode: "open" });
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
root.adoptedStyleSheets = [sheet];

const box = element(root, "div", config.side);
box.lang = language;
box.style.setProperty("--color", config.color);
box.style.setProperty("--ink", config.ink);
box.style.setProperty("--x", `${config.x}px`);
box.style.setProperty("--y", `${config.y}px`);

const card = element(box, "div", "card");
card.hidden = true;
card.role = "status";
const cardText = button(card, "text", "", open);
button(card, "dismiss", words.dismiss, () => (card.hidden = true)).textContent = "×";

const bubble = button(box, "bubble", words.open, () => (isOpen ? close() : open()));
bubble.ariaExpanded = "false";
icon(bubble, "talk", "M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM8 9h8M8 12.5h5");
icon(bubble, "cross", "M6 9l6 6 6-6");
const badge = element(bubble, "span", "badge");
badge.hidden = true;
badge.ariaHidden = "true";

function showCard(text: string): void {
  cardText.textContent = text;
  card.hidden = !text || isOpen;
}

function showUnread(count: number, preview: string): void {
  badge.textContent = count > 99 ? "99+" : `${count}`;
  badge.hidden = count === 0 || isOpen;
  label(count);
  if (config.title) {
    const plain = document.title.replace(/^\(\d+\) /, "");
    document.title = count && !isOpen ? `(${count}) ${plain}` : plain;
  }
  showCard(count ? preview : "");
  tell("unread", count);
}

function label(unread = 0): void {
  const name = isOpen ? words.close : words.open;
  bubble.ariaLabel = unread && !isOpen ? `${name}. ${words.unread} ${unread}` : name;
}

// -- The frame

/** Where the visitor is; query and fragment may hold what is nobody's business. */
function page(): Page {
  return {
    url: location.origin + location.pathname,
    title: document.title.slice(0, 200),
    referrer: document.referrer.split(/[?#]/)[0] ?? "",
  };
}

function load(): void {
  if (frame) return;
  const query = new URLSearchParams({ lang: language, origin: location.origin });
  frame = document.createElement("iframe");
  frame.title = words.chat;
  frame.allow = "autoplay; clipboard-write; microphone 'none'; camera 'none'";
  frame.setAttribute(
    "sandbox",
    "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads",
  );
  frame.src = `${config.origin}/widget-api/${config.channel}/frame/?${query}`;
  box.insertBefore(frame, bubble);
}

function post(message: ToFrame): void {
  if (!ready) waiting.push(message);
  else frame?.contentWindow?.postMessage(message, config.origin);
}

function open(): void {
  if (isOpen) return;
  isOpen = true;
  load();
  frame?.classList.add("open");
  bubble.ariaExpanded = "true";
  label();
  badge.hidden = card.hidden = true;
  if (ready) post({ type: "opened", page: page() });
  fit();
  frame?.focus();
  tell("open");
}

function close(): void {
  if (!isOpen) return;
  isOpen = false;
  frame?.classList.remove("open");
  bubble.ariaExpanded = "false";
  label();
  post({ type: "closed" });
  fit();
  bubble.focus();
  tell("close");
}

/** On a phone the chat takes the whole screen above the keyboard, and the page stays still. */
function fit(): void {
  const view = window.visualViewport;
  const full = isOpen && phone.matches;
  const style = document.documentElement.style;
  if (full && style.overflow !== "hidden") {
    pageOverflow = style.overflow;
    style.overflow = "hidden";
  } else if (!full && style.overflow === "hidden") {
    style.overflow = pageOverflow;
  }
  if (!frame || !view) return;
  frame.style.height = full ? `${view.height}px` : "";
  frame.style.top = full ? `${view.offsetTop}px` : "";
}

function onMessage(event: MessageEvent): void {
  if (event.origin !== config.origin || !frame || event.source !== frame.contentWindow) return;
  const message = event.data as ToLoader;
  switch (message.type) {
    case "ready":
      ready = true;
      post({ type: "hello", page: page(), open: isOpen, kept: token(), identity });
      for (const held of waiting) post(held);
      waiting = [];
      break;
    case "close":
      close();
      break;
    case "started":
      store(stored() || "1");
      break;
    case "keep":
      store(message.token);
      break;
    case "unread":
      showUnread(message.count, message.preview);
      break;
    case "gone":
      close();
      host.hidden = true;
  }
}

function token(): string {
  const value = stored();
  return value === "1" ? "" : value;
}

// -- Invitations: decided here from the config, so that a page view makes no request.

function arm(trigger: Trigger): void {
  const { url_prefix, time_on_page_s, once_per_session, only_online } = trigger.when;
  const shownName = `${storageName}:${trigger.id}`;
  setTimeout(
    () => {
      if (only_online && !config.online) return;
      if (url_prefix && !location.href.startsWith(url_prefix)) return;
      if (frame || !card.hidden || phone.matches) return;
      if (once_per_session && !firstTime(shownName)) return;
      showCard(trigger.message);
      post({ type: "triggered", id: trigger.id, message: trigger.message });
      navigator.sendBeacon(
        `${config.origin}/widget-api/${config.channel}/triggers/`,
        JSON.stringify({ type: "trigger.shown", id: trigger.id, at: new Date().toISOString() }),
      );
    },
    (time_on_page_s ?? 0) * 1000,
  );
}

function firstTime(name: string): boolean {
  try {
    if (sessionStorage.getItem(name)) return false;
    sessionStorage.setItem(name, "1");
    return true;
  } catch {
    return false;
  }
}

// -- window.helpdesk(command, ...)

function tell(name: string, value?: unknown): void {
  for (const listener of listeners[name] ?? []) listener(value);
}

const commands: Record<string, (...values: never[]) => void> = {
  open,
  close,
  toggle: () => (isOpen ? close() : open()),
  show: () => (host.hidden = false),
  hide: () => (host.hidden = true),
  identify: (who: Identity) => {
    identity = who;
    if (ready) post({ type: "identify", identity: who });
  },
  on: (name: string, listener: (value: unknown) => void) => {
    (listeners[name] ??= []).push(listener);
  },
  shutdown: () => {
    // The frame holds what there is to forget, so it is needed even where it was not yet.
    if (stored()) load();
    if (frame) post({ type: "shutdown" });
    identity = null;
    store("");
    showUnread(0, "");
    close();
  },
};

function run(command: ArrayLike<unknown>): void {
  const [name, ...values] = Array.from(command);
  commands[name as string]?.(...(values as never[]));
}

function start(): void {
  if (document.querySelector("okienko-chat")) return;
  const queued = window.helpdesk?.q ?? [];
  window.helpdesk = (...command: Command) => run(command);
  addEventListener("message", onMessage);
  phone.addEventListener("change", fit);
  window.visualViewport?.addEventListener("resize", fit);
  window.visualViewport?.addEventListener("scroll", fit);
  document.body.append(host);
  for (const command of Array.from(queued)) run(command);
  if (stored()) (window.requestIdleCallback ?? setTimeout)(load);
  config.triggers.forEach(arm);
}

if (document.body) start();
else addEventListener("DOMContentLoaded", start);
