// The line to the server. It says only what changed; after a break it asks what it missed, and while
// it is down the page asks by itself.
import { toast } from "../ui/toast";
import { tell } from "./events";
import { refreshShown } from "./list";
import { say, shownNumbers } from "./page";

type Person = { name: string; state: "reading" | "writing" };
export type Heard =
  | { type: "presence"; ticket: number; people: Person[] }
  | { type: "customer.typing"; ticket: number; on: boolean }
  | { type: "ticket.alert"; ticket: number };

type Message =
  | { type: "ticket.changed"; ticket: number; version: number; seq: number }
  | { type: "ticket.gone"; ticket: number }
  | { type: "resumed"; seq: number; changed: number[]; gone: number[]; reload: boolean }
  | { type: "access.changed" }
  | { type: "pong" }
  | Heard;

const SIGNED_OUT = 4401;
const PING_MS = 25_000;
const POLL_MS = 20_000;
const LONGEST_WAIT_MS = 30_000;

let socket: WebSocket | undefined;
let seq: number | undefined;
let attempts = 0;
let answered = true;
let polling: ReturnType<typeof setInterval> | undefined;
const listeners: ((message: Heard) => void)[] = [];
const readies: (() => void)[] = [];

export function startSocket(): void {
  connect();
  setInterval(ping, PING_MS);
  window.addEventListener("online", () => {
    attempts = 0;
    if (socket?.readyState !== WebSocket.OPEN) connect();
  });
}

export function onHeard(listener: (message: Heard) => void): void {
  listeners.push(listener);
}

/** Runs each time the line is there (again). */
export function onReady(react: () => void): void {
  readies.push(react);
}

export function transmit(message: object): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function connect(): void {
  socket?.close();
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const line = new WebSocket(`${scheme}://${location.host}/ws/workspace/`);
  socket = line;
  line.addEventListener("open", () => {
    attempts = 0;
    answered = true;
    // The first time the page knows nothing older than itself.
    transmit({ type: "resume", seq: seq ?? null, tickets: shownNumbers() });
    for (const react of readies) react();
    setDown(false);
  });
  line.addEventListener("message", (event) => hear(JSON.parse(String(event.data)) as Message));
  line.addEventListener("close", (event) => {
    if (line !== socket) return;
    socket = undefined;
    if (event.code === SIGNED_OUT) signedOut();
    else again();
  });
}

function again(): void {
  setDown(true);
  const wait = Math.min(1_000 * 2 ** attempts, LONGEST_WAIT_MS) * (0.7 + Math.random() * 0.6);
  attempts += 1;
  setTimeout(() => {
    if (!socket) connect();
  }, wait);
}

function hear(message: Message): void {
  answered = true;
  switch (message.type) {
    case "ticket.changed":
      seq = Math.max(seq ?? 0, message.seq);
      tell("tickets-changed", [message.ticket]);
      break;
    case "ticket.gone":
      gone(message.ticket);
      break;
    case "resumed":
      resumed(message);
      break;
    case "access.changed":
      tell("reload-all", undefined);
      break;
    case "presence":
    case "customer.typing":
    case "ticket.alert":
      for (const listener of listeners) listener(message);
      break;
    case "pong":
      break;
  }
}

function resumed(message: { seq: number; changed: number[]; gone: number[]; reload: boolean }): void {
  seq = message.seq;
  for (const number of message.gone) gone(number);
  if (message.reload) tell("reload-all", undefined);
  else if (message.changed.length) tell("tickets-changed", message.changed);
}

function gone(number: number): void {
  if (shownNumbers().includes(number)) tell("ticket-gone", number);
}

/** A line that does not answer any more is no line. */
function ping(): void {
  if (socket?.readyState !== WebSocket.OPEN) return;
  if (!answered) {
    socket.close();
    return;
  }
  answered = false;
  transmit({ type: "ping" });
}

function signedOut(): void {
  toast(say("signedOut"), {
    bad: true,
    action: "OK",
    onAction: () => location.reload(),
    seconds: 3_600,
  });
}

/** While the line is down: a quiet bar after a moment, and questions instead of news. */
function setDown(down: boolean): void {
  document.documentElement.toggleAttribute("data-live", !down);
  if (!down) {
    clearInterval(polling);
    polling = undefined;
    document.querySelector(".connection")?.remove();
    return;
  }
  polling ??= setInterval(refreshShown, POLL_MS);
  if (attempts < 2 || document.querySelector(".connection")) return;
  const bar = document.createElement("div");
  bar.className = "connection";
  bar.setAttribute("role", "status");
  bar.textContent = say("offline");
  document.body.append(bar);
}
