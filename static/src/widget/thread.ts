// Draws the conversation. Nodes are kept by key and only moved, so that a screen reader hears
// what is new and nothing else, and the scroll stays where the reader is.
import type { Conversation, Pending } from "./conversation";
import { byId, linked, make } from "./dom";
import type { ChatMessage, FileInfo, Numbered } from "./protocol";
import { dayOf, say, sayError, sizeOf, timeOf } from "./words";

const SAME_GROUP_MS = 5 * 60_000;
const NEAR_END_PX = 60;
const TYPING_MS = 6000;

interface Line {
  key: string;
  node: () => HTMLElement;
  state: string;
  joined: boolean;
}

const pane = byId("pane");
const log = byId("log");
const jump = byId<HTMLButtonElement>("jump");
const typing = byId("typing");

export class Thread {
  private nodes = new Map<string, HTMLElement>();
  private typingTimer = 0;
  private showing = false;
  // The reader is at the end, and stays there when something comes or grows (a picture loads).
  private following = true;

  constructor(
    private readonly conversation: Conversation,
    private readonly retry: (id: string) => void,
    /** The reader has the end of the conversation before them. */
    private readonly reachedEnd: () => void,
  ) {
    pane.addEventListener("scroll", () => {
      this.following = this.atEnd;
      if (!this.following) return;
      jump.hidden = true;
      this.reachedEnd();
    });
    jump.addEventListener("click", () => this.toEnd());
    const growth = new ResizeObserver(() => {
      if (this.following) this.toEnd();
    });
    for (const part of [pane, log, typing, byId("rating")]) growth.observe(part);
  }

  get atEnd(): boolean {
    return pane.scrollHeight - pane.scrollTop - pane.clientHeight < NEAR_END_PX;
  }

  toEnd(): void {
    this.following = true;
    pane.scrollTop = pane.scrollHeight;
    jump.hidden = true;
  }

  draw(): void {
    const before = pane.scrollHeight - pane.scrollTop;
    const had = this.nodes.size;
    const first = log.firstElementChild;
    this.place(this.lines());
    const grewAtTop = had > 0 && first !== null && first !== log.firstElementChild;
    if (grewAtTop) pane.scrollTop = pane.scrollHeight - before;
    else if (this.following || this.conversation.pending.length) this.toEnd();
    else if (this.nodes.size > had) jump.hidden = false;
    // What was there before is not read out, only what comes from now on.
    if (!this.showing && had === 0) requestAnimationFrame(() => (log.ariaLive = "polite"));
    this.showing = this.nodes.size > 0;
  }

  clear(): void {
    log.ariaLive = "off";
    log.replaceChildren();
    this.nodes.clear();
    this.showing = false;
  }

  showTyping(on: boolean, name = ""): void {
    clearTimeout(this.typingTimer);
    typing.hidden = !on;
    if (!on) return;
    byId("typing-name").textContent = name ? say("typing", { name }) : say("typing.someone");
    this.typingTimer = window.setTimeout(() => this.showTyping(false), TYPING_MS);
  }

  private place(lines: Line[]): void {
    const wanted = new Set(lines.map((line) => line.key));
    for (const [key, node] of this.nodes) {
      if (wanted.has(key)) continue;
      node.remove();
      this.nodes.delete(key);
    }
    let cursor: ChildNode | null = log.firstChild;
    for (const line of lines) {
      let node = this.nodes.get(line.key);
      if (!node) this.nodes.set(line.key, (node = line.node()));
      node.classList.toggle("joined", line.joined);
      const state = node.querySelector(".state");
      if (state && state.textContent !== line.state) state.textContent = line.state;
      if (node === cursor) cursor = cursor.nextSibling;
      else log.insertBefore(node, cursor);
    }
  }

  private lines(): Line[] {
    const lines: Line[] = [];
    const items = this.conversation.items;
    const lastOwn = items.findLast((item) => isMessage(item) && item.from === "visitor");
    let day = "";
    let previous: ChatMessage | null = null;
    for (const item of items) {
      const today = dayOf(item.created_at);
      if (today !== day && (isMessage(item) || isEnd(item))) {
        lines.push(plain(`day:${today}`, () => make("p", "day", today)));
        day = today;
        previous = null;
      }
      if (isMessage(item)) {
        lines.push(this.message(item, previous, item === lastOwn));
        previous = item;
      } else if (isEnd(item)) {
        lines.push(plain(`seq:${item.seq}`, () => make("p", "aside", say("ended"))));
        previous = null;
      }
    }
    return lines.concat(this.conversation.pending.map((entry) => this.waiting(entry)));
  }

  private message(item: ChatMessage, previous: ChatMessage | null, last: boolean): Line {
    const joined =
      previous?.from === item.from &&
      previous.name === item.name &&
      Date.parse(item.created_at) - Date.parse(previous.created_at) < SAME_GROUP_MS;
    const read = item.seq <= this.conversation.agentReadSeq;
    return {
      // The visitor's own message keeps the node it had while it was being sent.
      key: item.client_msg_id ?? `seq:${item.seq}`,
      node: () => bubble(item.from, item.name, item.text, item.attachments, item.created_at),
      state: last ? say(read ? "state.read" : "state.sent") : "",
      joined,
    };
  }

  private waiting(entry: Pending): Line {
    if (entry.failed === null) {
      return {
        key: entry.id,
        node: () => bubble("visitor", "", entry.text, entry.files, entry.at),
        state: say("state.sending"),
        joined: false,
      };
    }
    const why = sayError(entry.failed);
    return plain(`failed:${entry.id}`, () => {
      const node = bubble("visitor", "", entry.text, entry.files, entry.at);
      const again = make("button", "again", say("retry"));
      again.type = "button";
      again.onclick = () => this.retry(entry.id);
      node.classList.add("failed");
      node.append(make("p", "why", why, " ", again));
      return node;
    });
  }
}

function plain(key: string, node: () => HTMLElement): Line {
  return { key, node, state: "", joined: false };
}

function isMessage(item: Numbered): item is ChatMessage {
  return item.type === "message.new";
}

function isEnd(item: Numbered): boolean {
  return item.type === "conversation.status" && ["solved", "closed"].includes(item.status);
}

function bubble(
  from: ChatMessage["from"],
  name: string | undefined,
  text: string,
  files: FileInfo[],
  at: string,
): HTMLElement {
  if (from === "system") return make("p", "aside", text);
  const author = from === "visitor" ? say("you") : name || say("team");
  const meta = make("p", "meta", timeOf(at), make("span", "state"));
  const node = make("article", `message ${from === "visitor" ? "own" : "theirs"}`);
  node.append(make("h2", "author", author));
  if (text) node.append(make("div", "text", linked(text)));
  for (const file of files) node.append(attachment(file));
  node.append(meta);
  return node;
}

function attachment(file: FileInfo): HTMLElement {
  const link = make("a", "file");
  link.href = file.url;
  link.target = "_blank";
  link.rel = "noopener";
  if (file.content_type.startsWith("image/") && file.content_type !== "image/heic") {
    const image = make("img");
    image.src = file.url;
    image.alt = file.name;
    image.loading = "lazy";
    link.classList.add("picture");
    link.append(image);
  } else {
    link.append(make("span", "name", file.name), make("span", "size", sizeOf(file.size)));
  }
  return link;
}
