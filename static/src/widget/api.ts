// Calls to the widget API. The token rides in a header, never in an address.
import type { FileInfo } from "./protocol";

const base = `/widget-api/${document.documentElement.dataset.channel}/`;
const TIMEOUT_MS = 35_000;

/** The server said no (`code` is one of its stable codes), or could not be reached ("offline"). */
export class Failure extends Error {
  constructor(
    readonly code: string,
    readonly retryAfter = 0,
  ) {
    super(code);
  }

  /** Sending the same again later may work. */
  get passing(): boolean {
    return ["offline", "unavailable", "rate_limited"].includes(this.code);
  }
}

export async function call<T>(
  method: string,
  path: string,
  token: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (token) headers["Authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(base + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal: signal ? anyOf(signal, limit) : limit,
    });
  } catch {
    throw new Failure("offline");
  }
  const answer: unknown = await response.json().catch(() => ({}));
  if (!response.ok) throw failure(response.status, answer, response.headers.get("Retry-After"));
  return answer as T;
}

/** XMLHttpRequest, because fetch cannot tell how far an upload has come. */
export function upload(
  file: File,
  token: string,
  progress: (share: number) => void,
): Promise<FileInfo> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file);
    request.open("POST", `${base}files/`);
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.responseType = "json";
    request.upload.onprogress = (event) => progress(event.loaded / (event.total || 1));
    request.onerror = request.ontimeout = () => reject(new Failure("offline"));
    request.onload = () => {
      if (request.status < 300) resolve(request.response as FileInfo);
      else reject(failure(request.status, request.response, request.getResponseHeader("Retry-After")));
    };
    request.send(form);
  });
}

function failure(status: number, answer: unknown, retryAfter: string | null): Failure {
  const { code } = (answer ?? {}) as { code?: string };
  const fallback = status >= 500 ? "unavailable" : "error";
  return new Failure(code ?? fallback, Number(retryAfter ?? 0));
}

function anyOf(...signals: AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort();
    signal.addEventListener("abort", () => controller.abort(), { once: true });
  }
  return controller.signal;
}
