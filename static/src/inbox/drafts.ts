// What is being written survives a reload: kept by ticket and by what it is to become.
export type Mode = "reply" | "note";

const name = (key: string, mode: Mode): string => `${key}:${mode}`;

export function keep(key: string, mode: Mode, text: string): void {
  if (text.trim()) localStorage.setItem(name(key, mode), text);
  else localStorage.removeItem(name(key, mode));
}

export function kept(key: string, mode: Mode): string {
  return localStorage.getItem(name(key, mode)) ?? "";
}

/** Numbers of this user's tickets with something written. */
export function ticketsWithDraft(key: string): Set<number> {
  const user = key.split(":").slice(0, 2).join(":");
  const found = Object.keys(localStorage).filter((item) => item.startsWith(`${user}:`));
  return new Set(found.map((item) => Number(item.split(":")[2])));
}
