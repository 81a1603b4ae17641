/**
 * Receives the conversation for ever: over WebSocket where it works, by polling where a proxy blocks it.
 *
 * One loop: fetch what came after the last known position, then listen on a WebSocket from there until it closes, then
 * again. Every failure waits with back-off and jitter; `nudge` ends a wait at once. Nothing is lost, since each round
 * asks for everything after the position; nothing doubles, since the timeline knows every id.
 */
import type { Backoff } from "./backoff";
import type { Item, Page } from "./wire";

export type Link = "connecting" | "live" | "polling" | "offline";

export interface FeedSource {
  fetch(after: string): Promise<Page>;
  /** Opens a socket that replays what came after the position and then goes on live. */
  open(after: string): WebSocket;
  /** Reads one frame of the socket; null for frames without items (a greeting, a ping). */
  read(frame: string): Page | null;
  /** True when the error means that the session is gone: the feed stops then. */
  sessionGone(error: unknown): boolean;
}

export interface FeedEvents {
  items(items: Item[]): void;
  link(link: Link): void;
  sessionGone(): void;
}

const SOCKET_LASTED_MS = 5_000;
const SOCKETS_REFUSED = 2;
const SOCKET_RETRY_MS = 120_000;
const POLL_WAITING_MS = 1_200;
const POLL_VISIBLE_MS = 6_000;
const POLL_HIDDEN_MS = 30_000;

export class Feed {
  /** True while a reply is expected: polling is faster then. */
  expecting = false;
  private run = 0;
  private position = "";
  private socket: WebSocket | null = null;
  private wake: (() => void) | null = null;

  constructor(
    private readonly source: FeedSource,
    private readonly events: FeedEvents,
    private readonly backoff: Backoff,
  ) {}

  get running(): boolean {
    return this.run % 2 === 1;
  }

  start(): void {
    if (this.running) return;
    this.run += 1;
    void this.loop(this.run);
  }

  /** Stops and forgets the position. */
  stop(): void {
    if (this.running) this.run += 1;
    this.position = "";
    this.backoff.reset();
    this.socket?.close();
    this.nudge();
  }

  /** Ends the current wait: the network is back, the page is visible again, the visitor pressed the button. */
  nudge(): void {
    this.wake?.();
  }

  private async loop(run: number): Promise<void> {
    let refused = 0;
    let socketAgainAt = 0;
    this.events.link("connecting");
    while (run === this.run) {
      try {
        for (let more = true; more && run === this.run; ) {
          const page = await this.source.fetch(this.position);
          if (run !== this.run) return;
          more = page.more;
          this.accept(page);
        }
      } catch (error) {
        if (run !== this.run) return;
        if (this.source.sessionGone(error)) {
          this.stop();
          this.events.sessionGone();
          return;
        }
        this.events.link("offline");
        await this.wait(this.backoff.next());
        continue;
      }
      if (Date.now() >= socketAgainAt) {
        const lastedMs = await this.listen(run);
        if (run !== this.run) return;
        if (lastedMs >= SOCKET_LASTED_MS) this.backoff.reset();
        refused = lastedMs < 0 ? refused + 1 : 0;
        if (refused < SOCKETS_REFUSED) {
          if (lastedMs < SOCKET_LASTED_MS) await this.wait(this.backoff.next());
          continue;
        }
        socketAgainAt = Date.now() + SOCKET_RETRY_MS;
      }
      this.backoff.reset();
      this.events.link("polling");
      await this.wait(this.expecting ? POLL_WAITING_MS : document.hidden ? POLL_HIDDEN_MS : POLL_VISIBLE_MS);
    }
  }

  private accept(page: Page): void {
    if (page.position !== "") this.position = page.position;
    this.events.items(page.items);
  }

  /** Listens until the socket closes. Returns how long it was open in milliseconds, or -1 when it never opened. */
  private listen(run: number): Promise<number> {
    return new Promise((resolve) => {
      let socket: WebSocket;
      try {
        socket = this.source.open(this.position);
      } catch {
        resolve(-1); // A content security policy may forbid the address.
        return;
      }
      this.socket = socket;
      let openedAt = 0;
      const impatience = setTimeout(() => openedAt || socket.close(), 8_000);
      socket.onopen = () => {
        openedAt = Date.now();
        if (run === this.run) this.events.link("live");
      };
      socket.onmessage = (event: MessageEvent<unknown>) => {
        if (run !== this.run || typeof event.data !== "string") return;
        const page = this.source.read(event.data);
        if (page) this.accept(page);
      };
      socket.onclose = () => {
        clearTimeout(impatience);
        if (this.socket === socket) this.socket = null;
        resolve(openedAt ? Date.now() - openedAt : -1);
      };
    });
  }

  private wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(finish, milliseconds);
      this.wake = finish;
    });
  }
}
