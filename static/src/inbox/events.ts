// What the behaviours tell each other.
type Events = {
  /** Another ticket stands in the middle (or none). */
  "ticket-opened": undefined;
  /** The list was loaded anew. */
  "list-loaded": undefined;
  /** These tickets changed, as the socket or an own action says. */
  "tickets-changed": number[];
  /** The user may no longer see this ticket. */
  "ticket-gone": number;
  /** The socket is there again; anything may have happened. */
  "reload-all": undefined;
};

const target = new EventTarget();

export function on<K extends keyof Events>(name: K, react: (detail: Events[K]) => void): void {
  target.addEventListener(name, (event) => react((event as CustomEvent<Events[K]>).detail));
}

export function tell<K extends keyof Events>(name: K, detail: Events[K]): void {
  target.dispatchEvent(new CustomEvent(name, { detail }));
}
