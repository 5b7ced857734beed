// Requests of the page's own scripts: as htmx makes them, with its header and the CSRF token.

export type Fields = Record<string, string | string[] | undefined>;

function headers(): Record<string, string> {
  const own = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}") as Record<string, string>;
  return { ...own, "HX-Request": "true" };
}

/** Get a fragment. Throws what `fetch` throws when there is no connection. */
export function get(address: string, signal?: AbortSignal): Promise<Response> {
  return fetch(address, { headers: headers(), signal: signal ?? null });
}

export function post(address: string, fields: Fields): Promise<Response> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (Array.isArray(value)) for (const item of value) body.append(name, item);
    else if (value !== undefined) body.append(name, value);
  }
  return fetch(address, { method: "POST", headers: headers(), body });
}

/** Send one file, telling how far it is (0 to 1). */
export function upload<T>(
  address: string,
  file: File,
  onProgress: (part: number) => void,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file);
    request.open("POST", address);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status < 300) resolve(request.response as T);
      else reject(new Error((request.response as { error?: string } | null)?.error ?? ""));
    });
    request.addEventListener("error", () => reject(new Error("")));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/** The elements of an HTML fragment. */
export function elements(html: string): HTMLElement[] {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children] as HTMLElement[];
}
