// What the loader on the shop's page and the chat in its frame tell each other by postMessage.
// Both sides send to one fixed origin and drop whatever comes from another.

export interface Page {
  url: string;
  title: string;
  referrer: string;
}

/** Who the shop says is signed in: by an HMAC, or by a JSON Web Token, that its server made. */
export type Identity =
  | { user: { id: string; email: string; name?: string }; exp: number; signature: string }
  | { jwt: string };

export interface Trigger {
  id: string;
  when: {
    url_prefix?: string;
    time_on_page_s?: number;
    once_per_session?: boolean;
    only_online?: boolean;
  };
  message: string;
}

export type ToFrame =
  | { type: "hello"; page: Page; open: boolean; kept: string; identity: Identity | null }
  | { type: "opened"; page: Page }
  | { type: "closed" }
  | { type: "identify"; identity: Identity }
  | { type: "triggered"; id: string; message: string }
  | { type: "shutdown" };

export type ToLoader =
  | { type: "ready" }
  | { type: "close" }
  /** There is a conversation: load the chat on the next page without waiting for a click. */
  | { type: "started" }
  /** The frame has no storage of its own: keep the token on the shop's side. */
  | { type: "keep"; token: string }
  | { type: "unread"; count: number; preview: string }
  /** The channel is switched off: the bubble goes. */
  | { type: "gone" };
