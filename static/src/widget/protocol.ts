// The chat's protocol as the server speaks it: one JSON object a frame, over the WebSocket or,
// where sockets are blocked, as the body of POST events/ and the items of GET events/.

export interface FileInfo {
  id: string;
  name: string;
  content_type: string;
  size: number;
  url: string;
}

export interface ChatMessage {
  type: "message.new";
  seq: number;
  id: string;
  from: "visitor" | "agent" | "bot" | "system";
  name?: string;
  text: string;
  attachments: FileInfo[];
  client_msg_id?: string;
  created_at: string;
}

export interface StatusEvent {
  type: "conversation.status";
  seq: number;
  status: Status;
  created_at: string;
}

export type Status =
  | "waiting_for_agent"
  | "waiting_for_customer"
  | "on_hold"
  | "solved"
  | "closed";

/** What has a place in the conversation: numbered without gaps. */
export type Numbered = ChatMessage | StatusEvent;

export interface Ack {
  type: "message.ack";
  client_msg_id: string;
  id: string;
  seq: number;
  created_at: string;
}

export interface Resumed {
  type: "session.resumed";
  missed: Numbered[];
  unread: number;
  seq: number;
  /** More was missed than is sent again: load the history anew. */
  reload?: boolean;
}

export type Passing =
  | { type: "message.read"; up_to_seq: number; by: "agent" | "visitor" }
  | { type: "agent.typing"; on: boolean; agent?: { display_name: string } };

export interface ErrorFrame {
  type: "error";
  code: string;
  detail?: string;
  client_msg_id?: string;
  retry_after?: number;
}

export type ServerFrame = Numbered | Ack | Resumed | Passing | ErrorFrame | { type: "pong" };

export interface SendFrame {
  type: "message.send";
  client_msg_id: string;
  text: string;
  attachments: string[];
  page?: string;
  trigger?: string;
}

export type ClientFrame =
  | SendFrame
  | { type: "session.resume"; resume_token: string; last_seq: number }
  | { type: "typing"; on: boolean }
  | { type: "read"; up_to_seq: number }
  | { type: "rating"; score: number }
  | { type: "session.end" }
  | { type: "ping" };

export interface Config {
  online: boolean;
  office_hours: string;
  opens_at: string | null;
  prechat: { required: string[]; consent_required: boolean } | null;
  offline_form: boolean;
  max_upload_mb: number;
  allowed_mime: string[];
}

export interface Conversation {
  id: string;
  status: Status;
  seq: number;
  unread: number;
  read_seq: number;
  agent_read_seq: number;
  rated: boolean;
  email: string | null;
  events: Numbered[];
  has_earlier: boolean;
}

export interface Session {
  visitor_id: string;
  resume_token: string;
  expires_at: string;
  config: Config;
  conversation: Conversation | null;
}

export interface EventsPage {
  events: ServerFrame[];
  unread: number;
  seq: number;
  reload?: boolean;
}
