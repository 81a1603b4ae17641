/** Client of the public HTTP API, version 1. Knows addresses and status codes; keeps no state but the address. */
import { webAddress } from "./links";
import type { Session, Unsent } from "./storage";
import { parsePage, type Page } from "./wire";

const TURN_TIMEOUT_MS = 20_000;
const CALL_TIMEOUT_MS = 12_000;

/** The server refused; `sentence` is its Chinese sentence for the visitor, empty when it sent none. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly sentence: string,
    /** The wish of the server in milliseconds, or undefined. */
    readonly retryAfterMs: number | undefined,
  ) {
    super(`HTTP ${status}`);
  }

  /** Whether the same request may succeed later: the server is busy or broken, not the request. */
  get passing(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408 || this.status === 425;
  }

  get sessionGone(): boolean {
    return this.status === 401;
  }
}

function apiError(status: number, body: string, retryAfter: string | null): ApiError {
  let sentence = "";
  try {
    const value = JSON.parse(body) as { error?: { message?: unknown } };
    if (typeof value.error?.message === "string") sentence = value.error.message;
  } catch {
    // A proxy answered with its own page.
  }
  const seconds = Number(retryAfter);
  return new ApiError(status, sentence, retryAfter && seconds > 0 ? seconds * 1000 : undefined);
}

export class Api {
  /** @param base address of the folder that serves wenyu.js, with a trailing slash. */
  constructor(readonly base: string) {}

  async createSession(): Promise<Session> {
    const body = (await this.call("POST", "sessions", "", {})) as { token?: unknown; expires?: unknown };
    if (typeof body.token !== "string") throw new ApiError(502, "", undefined);
    return { token: body.token, expires: Date.parse(String(body.expires)) || 0 };
  }

  /** Resolves when the server has stored the message, with the replies if the turn is already done. */
  async send(token: string, message: Unsent): Promise<Page> {
    const request = {
      client_message_id: message.clientId,
      text: message.text,
      ...(message.attachments.length > 0 ? { attachments: message.attachments.map((file) => file.id) } : {}),
    };
    return parsePage(await this.call("POST", "messages", token, request, TURN_TIMEOUT_MS));
  }

  async history(token: string, after: string): Promise<Page> {
    const query = after === "" ? "" : `?after=${encodeURIComponent(after)}`;
    return parsePage(await this.call("GET", `messages${query}`, token));
  }

  socket(token: string, after: string): WebSocket {
    const url = new URL("api/v1/ws", this.base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    if (after !== "") url.searchParams.set("after", after);
    // The token as a subprotocol: a browser cannot set headers here, and addresses are logged on the way.
    return new WebSocket(url, ["wenyu.v1", `bearer.${token}`]);
  }

  /** The socket that takes what the microphone hears. */
  speechSocket(token: string): WebSocket {
    const url = new URL("api/v1/speech/ws", this.base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url, ["wenyu.v1", `bearer.${token}`]);
  }

  /** One sentence of a reply as MP3, and how many there are. */
  async speech(
    token: string,
    reply: string,
    part: number,
    speed: number,
    signal: AbortSignal,
  ): Promise<{ sound: ArrayBuffer; count: number }> {
    const response = await fetch(`${this.address("speech/audio")}?part=${part}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ reply, speed }),
      credentials: "omit",
      signal,
    });
    if (!response.ok) throw apiError(response.status, await response.text(), response.headers.get("Retry-After"));
    return { sound: await response.arrayBuffer(), count: Number(response.headers.get("Wenyu-Parts")) || 1 };
  }

  /** Reads one frame of the socket; null for frames that carry no entries. */
  readFrame(frame: string): Page | null {
    try {
      const { type, message } = JSON.parse(frame) as { type?: unknown; message?: unknown };
      return type === "message" ? parsePage({ messages: [message] }) : null;
    } catch {
      return null;
    }
  }

  async vote(token: string, replyId: string, value: 1 | -1, comment: string): Promise<void> {
    const request = comment === "" ? { value } : { value, comment };
    await this.call("POST", `messages/${encodeURIComponent(replyId)}/feedback`, token, request);
  }

  /** Uploads one file; XMLHttpRequest, because fetch reports no upload progress. */
  upload(token: string, file: File, progress: (percent: number) => void, signal: AbortSignal): Promise<{ id: string }> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", this.address("uploads"));
      request.setRequestHeader("Authorization", `Bearer ${token}`);
      request.upload.onprogress = (event) => {
        if (event.lengthComputable) progress(Math.round((event.loaded / event.total) * 100));
      };
      request.onload = () => {
        const failed = apiError(request.status, request.responseText, request.getResponseHeader("Retry-After"));
        if (request.status < 200 || request.status >= 300) return reject(failed);
        try {
          const { id } = JSON.parse(request.responseText) as { id: unknown };
          if (typeof id === "string") resolve({ id });
          else reject(failed);
        } catch {
          reject(failed);
        }
      };
      request.onerror = () => reject(new TypeError("network"));
      signal.addEventListener("abort", () => request.abort());
      const form = new FormData();
      form.append("file", file);
      request.send(form);
    });
  }

  /** An address of a reply as one that is safe to load: http or https only; `/media/…` is served beside wenyu.js. */
  mediaUrl(address: string): string | null {
    return webAddress(address.startsWith("/") && !address.startsWith("//") ? address.slice(1) : address, this.base);
  }

  private address(path: string): string {
    return new URL(`api/v1/${path}`, this.base).href;
  }

  private async call(
    method: string,
    path: string,
    token: string,
    body?: unknown,
    timeoutMs = CALL_TIMEOUT_MS,
  ): Promise<unknown> {
    const headers: Record<string, string> = {};
    if (token !== "") headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetch(this.address(path), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const content = await response.text();
    if (!response.ok) throw apiError(response.status, content, response.headers.get("Retry-After"));
    return content === "" ? {} : JSON.parse(content);
  }
}
