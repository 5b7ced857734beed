// The chat in its frame: puts together the line to the server, the conversation and the views.
import { Failure, call } from "./api";
import type { Identity, Page, ToFrame } from "./bridge";
import { Composer } from "./composer";
import { Connection } from "./connection";
import { Conversation, newId } from "./conversation";
import { byId } from "./dom";
import { fromLoader, toLoader } from "./parent";
import type { Ack, Config, Numbered, ServerFrame, Session } from "./protocol";
import { load, loadToken, onToken, save, saveToken } from "./storage";
import { Tabs, oneByOne } from "./tabs";
import { Thread } from "./thread";
import { say, sayError } from "./words";

type View = "loading" | "intro" | "offline" | "thanks" | "thread" | "trouble";

const NOTICE_MS = 8000;
const PREVIEW_LENGTH = 120;

const state = {
  token: "",
  visitor: "",
  view: "loading" as View,
  page: { url: "", title: "", referrer: "" } as Page,
  identity: null as Identity | null,
  trigger: "",
  open: false,
  starts: 0,
  formShownAt: 0,
};

const notice = byId("notice");
let noticeTimer = 0;

const connection = new Connection({
  token: () => state.token,
  lastSeq: () => conversation.seq,
  receive: (frame) => {
    tabs.share(frame);
    receive(frame);
  },
  state: (line) => {
    byId("line").hidden = line === "live";
    document.documentElement.dataset.line = line;
    if (line === "live") void conversation.flush();
  },
});

const conversation = new Conversation({
  send: (frame) => connection.send(frame),
  changed: () => drawConversation(),
  gap: () => void connection.catchUp().catch(() => undefined),
  refused: (failure) => refused(failure),
});

const thread = new Thread(
  conversation,
  (id) => conversation.retry(id),
  () => markRead(),
);

const tabs = new Tabs({
  lead: () => connection.start(),
  follow: () => connection.stop(),
  mirror: (frame) => receive(frame),
});

const composer = new Composer({
  token: () => state.token,
  send: (text, files) => {
    conversation.write(text, files, state.page.url, state.trigger);
    state.trigger = "";
  },
  typing: (on) => {
    if (conversation.started) connection.tell({ type: "typing", on });
  },
  notice: showNotice,
});

// -- What comes in

function receive(frame: ServerFrame): void {
  switch (frame.type) {
    case "message.new":
      if (frame.from !== "visitor") thread.showTyping(false);
      conversation.add(frame);
      break;
    case "conversation.status":
      conversation.add(frame);
      break;
    case "session.resumed":
      if (frame.reload) void start();
      else conversation.resume(frame.missed, frame.seq);
      break;
    case "message.read":
      if (frame.by === "agent") {
        conversation.agentReadSeq = Math.max(conversation.agentReadSeq, frame.up_to_seq);
      } else {
        conversation.readSeq = Math.max(conversation.readSeq, frame.up_to_seq);
      }
      drawConversation();
      break;
    case "agent.typing":
      thread.showTyping(frame.on, frame.agent?.display_name);
      break;
    case "error":
      refused(new Failure(frame.code, frame.retry_after));
  }
}

function refused(failure: Failure): void {
  if (failure.code === "session_expired") {
    // A new visitor begins; what was not sent yet goes with the new session.
    tabs.leave();
    dropToken();
    void start();
  } else if (failure.code === "channel_disabled") {
    tabs.leave();
    toLoader({ type: "gone" });
  } else {
    showNotice(sayError(failure.code, { seconds: failure.retryAfter }));
  }
}

// -- The session

async function start(): Promise<void> {
  // The last start wins: the visitor may sign in or out while an earlier one is on its way.
  const number = ++state.starts;
  await oneByOne(async () => {
    if (number !== state.starts) return;
    try {
      const session = await openSession();
      if (number === state.starts) begin(session);
    } catch (error) {
      if (number === state.starts) trouble(error as Failure);
    }
  });
}

function openSession(): Promise<Session> {
  state.token ||= loadToken("");
  return call<Session>("POST", "session/", "", {
    page: state.page,
    locale: document.documentElement.lang,
    resume_token: state.token || null,
    identity: state.identity,
    client: {
      tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
      viewport: [screen.width, screen.height],
    },
  });
}

/** Forget a token that opens nothing any more; another tab may have a newer one. */
function dropToken(): void {
  if (loadToken("") === state.token) saveToken("");
  state.token = "";
}

function begin(session: Session): void {
  const sameVisitor = session.visitor_id === state.visitor;
  state.visitor = session.visitor_id;
  save("visitor", state.visitor);
  saveToken((state.token = session.resume_token));
  composer.configure(session.config);
  byId("presence").textContent = presence(session.config);
  byId("header").classList.toggle("away", !session.config.online);
  if (!sameVisitor) {
    tabs.leave();
    thread.clear();
  }
  conversation.restore(session.conversation);
  show(firstView(session));
}

function presence(config: Config): string {
  if (config.online) return say("online");
  return config.opens_at ? say("offline.until", { when: config.opens_at }) : say("offline");
}

function firstView(session: Session): View {
  if (session.conversation || conversation.pending.length) return "thread";
  if (!session.config.online && session.config.offline_form) return "offline";
  return session.config.prechat ? "intro" : "thread";
}

/** From the first message on there is something to hear, here and in the visitor's other tabs. */
function join(): void {
  composer.allowFiles(true);
  tabs.join(state.visitor);
  toLoader({ type: "started" });
}

function trouble(failure: Failure): void {
  if (failure.code === "session_expired" && state.token) {
    dropToken();
    setTimeout(() => void start());
  } else if (failure.code === "channel_disabled") {
    toLoader({ type: "gone" });
  } else {
    byId("trouble-text").textContent = sayError(failure.code, { seconds: failure.retryAfter });
    show("trouble");
  }
}

async function loadEarlier(): Promise<void> {
  const before = conversation.items[0]?.seq ?? 1;
  const page = await call<{ events: Numbered[]; has_earlier: boolean }>(
    "GET",
    `history/?before=${before}`,
    state.token,
  );
  conversation.addEarlier(page.events, page.has_earlier);
}

function forget(): void {
  state.starts += 1;
  if (state.token) connection.tell({ type: "session.end" });
  tabs.leave();
  saveToken((state.token = ""));
  state.visitor = "";
  state.identity = null;
  conversation.forget();
  thread.clear();
  if (state.open) void start();
  else show("loading");
}

// -- The views

function show(view: View): void {
  state.view = view;
  for (const name of ["loading", "intro", "offline", "thanks", "trouble"]) {
    byId(name).hidden = name !== view;
  }
  byId("pane").hidden = view !== "thread";
  byId("composer").hidden = view !== "thread";
  byId("menu").hidden = !conversation.started;
  if (view === "intro" || view === "offline") state.formShownAt = Date.now();
  if (view === "thread") thread.toEnd();
  if (state.open) focusView();
}

function focusView(): void {
  // On a touch screen a focused field would bring up the keyboard over half the chat.
  if (matchMedia("(pointer: coarse)").matches) byId("chat").focus();
  else if (state.view === "thread") composer.focus();
  else byId(state.view).querySelector<HTMLElement>("input, textarea, button")?.focus();
}

function drawConversation(): void {
  const started = conversation.started;
  if (started && !tabs.joined) join();
  byId("greeting").hidden = conversation.hasEarlier;
  byId("earlier").hidden = !conversation.hasEarlier;
  byId("menu").hidden = !started;
  byId("mail-transcript").hidden = !conversation.email;
  byId("rating").hidden = !asksForRating();
  thread.draw();
  markRead();
  const unread = conversation.unread;
  const last = unread.at(-1);
  toLoader({
    type: "unread",
    count: unread.length,
    preview: last ? last.text.slice(0, PREVIEW_LENGTH) : "",
  });
}

function asksForRating(): boolean {
  const ended = conversation.status === "solved" || conversation.status === "closed";
  return ended && !conversation.rated && conversation.items.some(isAnswer);
}

function isAnswer(item: Numbered): boolean {
  return item.type === "message.new" && item.from === "agent";
}

function markRead(): void {
  if (!state.open || document.hidden || state.view !== "thread" || !thread.atEnd) return;
  const last = conversation.unread.at(-1);
  if (!last) return;
  conversation.readSeq = last.seq;
  connection.tell({ type: "read", up_to_seq: last.seq });
  toLoader({ type: "unread", count: 0, preview: "" });
}

function showNotice(text: string): void {
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = window.setTimeout(() => (notice.hidden = true), NOTICE_MS);
}

// -- Forms

function valuesOf(form: HTMLFormElement): Record<string, unknown> {
  const data = new FormData(form);
  const text = (name: string) => String(data.get(name) ?? "").trim();
  const version = form.dataset.consentVersion ?? "";
  return {
    name: text("name"),
    email: text("email"),
    phone: text("phone") || null,
    message: text("message"),
    order_ref: text("order_ref") || null,
    ...(version && {
      consent: {
        accepted: !form.querySelector("[name=consent]") || data.has("consent"),
        text_version: version,
        at: new Date().toISOString(),
      },
    }),
  };
}

function onSubmit(id: string, handle: (form: HTMLFormElement) => Promise<void>): void {
  const form = byId<HTMLFormElement>(id);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector<HTMLButtonElement>("[type=submit]");
    if (button) button.disabled = true;
    handle(form)
      .catch((error: Failure) => refused(error))
      .finally(() => {
        if (button) button.disabled = false;
      });
  });
}

// A repeat after a lost answer carries the same id, so that it opens no second ticket.
let introId = newId();

onSubmit("intro-form", async (form) => {
  const values = valuesOf(form);
  const ack = await call<Ack>("POST", "prechat/", state.token, {
    ...values,
    client_msg_id: introId,
    page: state.page.url,
    ...(state.trigger ? { trigger: state.trigger } : {}),
  });
  introId = newId();
  conversation.email = (values["email"] as string) || null;
  show("thread");
  conversation.add({
    type: "message.new",
    seq: ack.seq,
    id: ack.id,
    from: "visitor",
    text: values["message"] as string,
    attachments: [],
    client_msg_id: ack.client_msg_id,
    created_at: ack.created_at,
  });
  form.reset();
});

onSubmit("offline-form", async (form) => {
  await call("POST", "offline/", state.token, {
    ...valuesOf(form),
    honeypot: String(new FormData(form).get("website") ?? ""),
    seconds: Math.round((Date.now() - state.formShownAt) / 1000),
    page: state.page.url,
  });
  form.reset();
  show("thanks");
});

onSubmit("transcript-form", async () => {
  byId<HTMLDialogElement>("transcript").close();
  await call("POST", "transcript/", state.token, {
    conversation: conversation.id,
    email: conversation.email,
  });
  showNotice(say("transcript.sent", { email: conversation.email ?? "" }));
});

byId("rating").addEventListener("click", (event) => {
  const score = Number((event.target as HTMLElement).closest("button")?.value);
  if (!score) return;
  conversation.rated = true;
  connection.post({ type: "rating", score }).then(
    () => showNotice(say("rating.thanks")),
    (error: Failure) => {
      conversation.rated = false;
      refused(error);
    },
  );
  drawConversation();
  composer.focus();
});

// -- Buttons and keys

function onClick(id: string, handle: () => void): void {
  byId(id).addEventListener("click", handle);
}

onClick("close", () => toLoader({ type: "close" }));
onClick("again", () => void start());
onClick("earlier", () => void loadEarlier().catch(refused));
onClick("thanks-close", () => toLoader({ type: "close" }));
onClick("mail-transcript", () => {
  byId("menu").removeAttribute("open");
  byId("transcript-address").textContent = conversation.email;
  byId<HTMLDialogElement>("transcript").showModal();
});
onClick("clear", () => {
  byId("menu").removeAttribute("open");
  byId<HTMLDialogElement>("clearing").showModal();
});
onSubmit("clear-form", async () => {
  byId<HTMLDialogElement>("clearing").close();
  forget();
});
for (const button of document.querySelectorAll<HTMLElement>("dialog .cancel")) {
  button.addEventListener("click", () => button.closest("dialog")?.close());
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const menu = byId<HTMLDetailsElement>("menu");
  if (menu.open) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  } else {
    toLoader({ type: "close" });
  }
});
document.addEventListener("click", (event) => {
  const menu = byId<HTMLDetailsElement>("menu");
  if (menu.open && !menu.contains(event.target as Node)) menu.open = false;
});
document.addEventListener("visibilitychange", () => markRead());

// -- The loader's side

function opened(page: Page): void {
  state.open = true;
  state.page = page;
  if (state.view === "loading" || state.view === "trouble") void start();
  else focusView();
  thread.toEnd();
  markRead();
}

function fromPage(message: ToFrame): void {
  switch (message.type) {
    case "hello":
      state.page = message.page;
      state.identity = message.identity;
      state.token = loadToken(message.kept);
      if (message.open) opened(message.page);
      else if (state.token) void start();
      break;
    case "opened":
      opened(message.page);
      break;
    case "closed":
      state.open = false;
      break;
    case "identify":
      state.identity = message.identity;
      if (state.open || state.token) void start();
      break;
    case "triggered":
      state.trigger = message.id;
      byId("greeting-text").textContent = message.message;
      break;
    case "shutdown":
      forget();
  }
}

// Two tabs that begin at once are one visitor: whoever has said nothing yet joins the other. A
// token is new each time; as long as it is the same visitor's, there is nothing to join.
onToken((token) => {
  if (load("visitor", "") === state.visitor || conversation.started || conversation.pending.length) return;
  state.token = token;
  void start();
});

const { accent, ink } = document.documentElement.dataset;
if (accent && ink) {
  document.documentElement.style.setProperty("--accent", accent);
  document.documentElement.style.setProperty("--accent-ink", ink);
}
fromLoader(fromPage);
toLoader({ type: "ready" });
