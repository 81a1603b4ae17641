import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Backoff } from "../src/widget/backoff";
import { Feed, type Link } from "../src/widget/feed";
import { parsePage, type Item, type Page } from "../src/widget/wire";

/** A server with a log of entries that can be switched off, and may refuse sockets. */
class Server {
  up = true;
  sockets = true;
  gone = false;
  readonly asked: string[] = [];
  private readonly log: object[] = [];
  private readonly open = new Set<FakeSocket>();

  say(): void {
    const position = this.log.length + 1;
    const entry = { id: `r${position}`, position, role: "assistant", text: "x" };
    this.log.push(entry);
    for (const socket of this.open) socket.onmessage?.({ data: JSON.stringify(entry) } as MessageEvent);
  }

  stop(): void {
    this.up = false;
    for (const socket of [...this.open]) socket.close();
  }

  async fetch(after: string): Promise<Page> {
    this.asked.push(after);
    if (this.gone) throw new Error("gone");
    if (!this.up) throw new TypeError("network");
    const entries = this.log.slice(Number(after || "0"));
    return parsePage({ messages: entries.slice(0, 2), more: entries.length > 2 });
  }

  connect(after: string): FakeSocket {
    const socket = new FakeSocket(() => this.open.delete(socket));
    setTimeout(() => {
      if (!this.up || !this.sockets) return socket.close();
      this.open.add(socket);
      socket.onopen?.();
      for (const entry of this.log.slice(Number(after || "0"))) {
        socket.onmessage?.({ data: JSON.stringify(entry) } as MessageEvent);
      }
    }, 5);
    return socket;
  }
}

class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(private readonly left: () => void) {}
  close(): void {
    this.left();
    this.onclose?.();
  }
}

function set(server = new Server()) {
  const ids: string[] = [];
  const links: Link[] = [];
  let gone = 0;
  const feed = new Feed(
    {
      fetch: (after) => server.fetch(after),
      open: (after) => server.connect(after) as unknown as WebSocket,
      read: (frame) => parsePage({ messages: [JSON.parse(frame)] }),
      sessionGone: (error) => (error as Error).message === "gone",
    },
    {
      items: (items: Item[]) => ids.push(...items.flatMap((item) => (item.role === "bot" ? [item.reply.id] : []))),
      link: (link) => links.push(link),
      sessionGone: () => (gone += 1),
    },
    new Backoff(500, 30_000, () => 1),
  );
  return { server, feed, ids, links, gone: () => gone };
}

describe("Feed", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("document", { hidden: false });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("reads a long history page by page, then listens", async () => {
    const { server, feed, ids, links } = set();
    for (let i = 0; i < 5; i += 1) server.say();
    feed.start();
    await vi.advanceTimersByTimeAsync(50);
    server.say();
    expect(ids).toEqual(["r1", "r2", "r3", "r4", "r5", "r6"]);
    expect(links.at(-1)).toBe("live");
  });

  it("comes back after any outage and misses nothing", async () => {
    const { server, feed, ids, links } = set();
    feed.start();
    await vi.advanceTimersByTimeAsync(50);
    server.say();
    for (let outage = 0; outage < 3; outage += 1) {
      await vi.advanceTimersByTimeAsync(20_000);
      server.stop();
      await vi.advanceTimersByTimeAsync(600_000);
      expect(links.at(-1)).toBe("offline");
      server.say();
      server.up = true;
      await vi.advanceTimersByTimeAsync(31_000);
      expect(links.at(-1)).toBe("live");
      server.say();
    }
    expect(ids).toEqual(["r1", "r2", "r3", "r4", "r5", "r6", "r7"]);
  });

  it("polls where sockets are blocked and returns to them later", async () => {
    const { server, feed, ids, links } = set();
    server.sockets = false;
    feed.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(links.at(-1)).toBe("polling");
    server.say();
    await vi.advanceTimersByTimeAsync(7_000);
    expect(ids).toEqual(["r1"]);
    feed.expecting = true;
    await vi.advanceTimersByTimeAsync(7_000);
    const before = server.asked.length;
    await vi.advanceTimersByTimeAsync(12_000);
    expect(server.asked.length - before).toBeGreaterThanOrEqual(9);
    server.sockets = true;
    await vi.advanceTimersByTimeAsync(130_000);
    expect(links.at(-1)).toBe("live");
  });

  it("does not hammer a server that closes every socket at once", async () => {
    const { server, feed } = set();
    feed.start();
    const shut = setInterval(() => {
      server.stop();
      server.up = true;
    }, 20);
    await vi.advanceTimersByTimeAsync(60_000);
    clearInterval(shut);
    expect(server.asked.length).toBeLessThan(15);
  });

  it("stops for good when the session is gone", async () => {
    const { server, feed, gone } = set();
    server.gone = true;
    feed.start();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(gone()).toBe(1);
    expect(server.asked).toEqual([""]);
  });

  it("tries at once when nudged", async () => {
    const { server, feed, links } = set();
    server.up = false;
    feed.start();
    await vi.advanceTimersByTimeAsync(300_000);
    server.up = true;
    feed.nudge();
    await vi.advanceTimersByTimeAsync(50);
    expect(links.at(-1)).toBe("live");
  });
});
