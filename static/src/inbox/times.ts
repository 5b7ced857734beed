// Writes moments and deadlines, which move while the page stays: "4 min", "18 min left".
import { onContent } from "../ui/htmx";
import { say } from "./page";

const language = document.documentElement.lang || "pl";
const timeZone = say("zone") || "Europe/Warsaw";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const FORMS: Record<string, Intl.DateTimeFormatOptions> = {
  clock: { hour: "2-digit", minute: "2-digit" },
  weekday: { weekday: "short", hour: "2-digit", minute: "2-digit" },
  short: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  day: { day: "numeric", month: "short" },
  old: { day: "numeric", month: "short", year: "numeric" },
  month: { month: "short", year: "numeric" },
  full: { dateStyle: "full", timeStyle: "short" },
};

const formats = Object.fromEntries(
  Object.entries(FORMS).map(([name, options]) => [
    name,
    new Intl.DateTimeFormat(language, { ...options, timeZone }),
  ]),
);

const units = Object.fromEntries(
  (["minute", "hour", "day"] as const).map((unit) => [
    unit,
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }),
  ]),
);

export function startTimes(): void {
  onContent(writeTimes);
  writeTimes(document.body);
  setInterval(() => writeTimes(document.body), 20_000);
}

export function writeTimes(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[data-form]")) writeMoment(element);
  for (const element of root.querySelectorAll<HTMLElement>("[data-due]")) writeDeadline(element);
}

function writeMoment(element: HTMLTimeElement): void {
  const at = new Date(element.dateTime);
  write(element, inForm(at, element.dataset.form ?? "short"));
  if (!element.title) element.title = formats.full!.format(at);
}

function inForm(at: Date, form: string): string {
  if (form === "ago") return ago(at);
  if (form === "left") return duration(at.getTime() - Date.now());
  const sameDay = formats.old!.format(at) === formats.old!.format(new Date());
  if (form === "short" && sameDay) return formats.clock!.format(at);
  const sameYear = formats.month!.format(at).slice(-4) === formats.month!.format(new Date()).slice(-4);
  if ((form === "short" || form === "day") && !sameYear) return formats.old!.format(at);
  return (formats[form] ?? formats.short!).format(at);
}

function ago(at: Date): string {
  const passed = Date.now() - at.getTime();
  return passed < 7 * DAY ? duration(passed) : inForm(at, "day");
}

/** "now", "4 min", "1 hr", "2 hr 10 min" under six hours, "3 days". */
function duration(ms: number): string {
  const left = Math.max(ms, 0);
  if (left < MINUTE) return say("now");
  if (left < HOUR) return units.minute!.format(Math.floor(left / MINUTE));
  if (left >= DAY) return units.day!.format(Math.floor(left / DAY));
  const hours = units.hour!.format(Math.floor(left / HOUR));
  const minutes = Math.floor((left % HOUR) / MINUTE);
  return left < 6 * HOUR && minutes ? `${hours} ${units.minute!.format(minutes)}` : hours;
}

/** A promise: grey with time enough, amber with less than a quarter left, red when it is broken. */
function writeDeadline(element: HTMLElement): void {
  const due = new Date(element.dataset.due ?? "").getTime();
  const started = new Date(element.dataset.started ?? "").getTime();
  const left = due - Date.now();
  const paused = element.dataset.paused !== undefined;
  element.classList.toggle("chip--bad", !paused && left < 0);
  element.classList.toggle("chip--warn", !paused && left >= 0 && left < (due - started) / 4);
  write(element, paused ? say("paused") : left < 0 ? say("over", duration(-left)) : say("left", duration(left)));
  if (!element.title) element.title = formats.full!.format(due);
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
