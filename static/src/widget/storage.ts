// The frame's own storage; where the browser gives it none, the loader keeps the token instead.
import { toLoader } from "./parent";

const NAME = `okienko:${document.documentElement.dataset.channel}`;
const memory = new Map<string, string>();
let blocked = false;

function get(key: string): string {
  try {
    return localStorage.getItem(`${NAME}:${key}`) ?? "";
  } catch {
    blocked = true;
    return memory.get(key) ?? "";
  }
}

function set(key: string, value: string): void {
  try {
    if (value) localStorage.setItem(`${NAME}:${key}`, value);
    else localStorage.removeItem(`${NAME}:${key}`);
  } catch {
    blocked = true;
    memory.set(key, value);
  }
}

/** `kept` is what the loader held for us, if anything. */
export function loadToken(kept: string): string {
  return get("token") || kept;
}

export function saveToken(token: string): void {
  set("token", token);
  if (blocked) toLoader({ type: "keep", token });
}

/** Another tab of the same visitor has a token now. */
export function onToken(handle: (token: string) => void): void {
  addEventListener("storage", (event) => {
    const token = event.key === `${NAME}:token` ? get("token") : "";
    if (token) handle(token);
  });
}

export function load<T>(key: string, otherwise: T): T {
  try {
    return JSON.parse(get(key)) as T;
  } catch {
    return otherwise;
  }
}

export function save(key: string, value: unknown): void {
  set(key, value === null ? "" : JSON.stringify(value));
}
