// Words come translated from the server, in the page; dates and sizes are the browser's own.
import { byId } from "./dom";

const words = JSON.parse(byId("words").textContent || "{}") as Record<string, string>;
const language = document.documentElement.lang;

/** The sentence of this name, `{name}` filled in. */
export function say(name: string, values: Record<string, string | number> = {}): string {
  const sentence = words[name] ?? words["error"] ?? "";
  return sentence.replace(/\{(\w+)\}/g, (_all, key: string) => `${values[key] ?? ""}`);
}

export function sayError(code: string, values: Record<string, string | number> = {}): string {
  return say(`error.${code}` in words ? `error.${code}` : "error", values);
}

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "long" });
const exact = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });

export function timeOf(at: string): HTMLTimeElement {
  const time = document.createElement("time");
  const date = new Date(at);
  time.dateTime = at;
  time.title = exact.format(date);
  time.textContent = clock.format(date);
  return time;
}

export function dayOf(at: string): string {
  const date = new Date(at);
  const now = new Date();
  if (date.toDateString() === now.toDateString()) return say("today");
  now.setDate(now.getDate() - 1);
  return date.toDateString() === now.toDateString() ? say("yesterday") : day.format(date);
}

export function sizeOf(bytes: number): string {
  const mb = bytes / 1_048_576;
  const [value, unit] = mb >= 1 ? [mb, "MB"] : [Math.max(1, bytes / 1024), "kB"];
  return `${value.toLocaleString(language, { maximumFractionDigits: mb >= 1 ? 1 : 0 })} ${unit}`;
}
