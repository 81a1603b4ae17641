import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Backoff } from "../src/widget/backoff";
import { Outbox, type Verdict } from "../src/widget/outbox";
import { Memory, type Unsent } from "../src/widget/storage";

class MapStorage {
  readonly values = new Map<string, string>();
  get length(): number {
    return this.values.size;
  }
  key(index: number): string | null {
    return [...this.values.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.values.set(key, value);
  }
  removeItem(key: string): void {
    this.values.delete(key);
  }
}

const message = (clientId: string, at = 1): Unsent => ({ clientId, text: clientId, attachments: [], at });

function set(verdicts: Verdict[], backing = new MapStorage()) {
  const memory = new Memory("https://chat.example/", backing);
  const sent: string[] = [];
  const states: string[] = [];
  const outbox = new Outbox(
    memory,
    async ({ clientId }) => {
      sent.push(clientId);
      return verdicts.shift() ?? { kind: "delivered" };
    },
    { state: (clientId, state, problem) => states.push(`${clientId} ${state}${problem && ` ${problem}`}`) },
    new Backoff(100, 1000, () => 1),
  );
  return { memory, sent, states, outbox, backing };
}

describe("Outbox", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("keeps a message in the browser until the server has it", async () => {
    const { memory, outbox, states } = set([]);
    outbox.add(message("a"));
    expect(memory.unsent().map((unsent) => unsent.clientId)).toEqual(["a"]);
    await vi.runAllTimersAsync();
    expect(memory.unsent()).toEqual([]);
    expect(states).toEqual(["a sending", "a sent"]);
  });

  it("tries a fault again with the same id and keeps the order", async () => {
    const { outbox, sent, states } = set([{ kind: "later" }, { kind: "later" }]);
    outbox.add(message("a"));
    outbox.add(message("b"));
    await vi.runAllTimersAsync();
    expect(sent).toEqual(["a", "a", "a", "b"]);
    expect(states).toContain("a retrying");
  });

  it("waits as long as the server asks", async () => {
    const { outbox, sent } = set([{ kind: "later", afterMs: 5000 }]);
    outbox.add(message("a"));
    await vi.advanceTimersByTimeAsync(4900);
    expect(sent).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(200);
    expect(sent).toEqual(["a", "a"]);
  });

  it("sends at once when nudged", async () => {
    const { outbox, sent } = set([{ kind: "later", afterMs: 60_000 }]);
    outbox.add(message("a"));
    await vi.advanceTimersByTimeAsync(10);
    outbox.nudge();
    await vi.advanceTimersByTimeAsync(10);
    expect(sent).toEqual(["a", "a"]);
  });

  it("shows a refusal, does not repeat it and goes on with the next", async () => {
    const { outbox, sent, states, memory } = set([{ kind: "refused", sentence: "太长了。" }]);
    outbox.add(message("a"));
    outbox.add(message("b"));
    await vi.runAllTimersAsync();
    expect(sent).toEqual(["a", "b"]);
    expect(states).toContain("a failed 太长了。");
    expect(memory.unsent()).toEqual([]);
  });

  it("takes up what an earlier page left, oldest first", async () => {
    const backing = new MapStorage();
    const before = new Memory("https://chat.example/", backing);
    before.keep(message("late", 20));
    before.keep(message("early", 10));
    const { outbox, sent } = set([], backing);
    outbox.resume();
    await vi.runAllTimersAsync();
    expect(sent).toEqual(["early", "late"]);
  });

  it("stops trying a discarded message", async () => {
    const { outbox, sent } = set(Array(50).fill({ kind: "later" }));
    outbox.add(message("a"));
    await vi.advanceTimersByTimeAsync(10);
    outbox.discard("a");
    const before = sent.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent.length).toBe(before);
  });
});

describe("Memory", () => {
  it("forgets an expired session and survives broken values", () => {
    const backing = new MapStorage();
    const memory = new Memory("https://chat.example/", backing);
    memory.setSession({ token: "t", expires: Date.now() - 1 });
    expect(memory.session()).toBeNull();
    backing.setItem(memory.sessionKey, "{broken");
    expect(memory.session()).toBeNull();
    memory.setSession({ token: "t", expires: Date.now() + 1e6 });
    expect(memory.session()?.token).toBe("t");
  });

  it("keeps two servers apart", () => {
    const backing = new MapStorage();
    new Memory("https://a.example/", backing).keep(message("a"));
    expect(new Memory("https://b.example/", backing).unsent()).toEqual([]);
  });
});
