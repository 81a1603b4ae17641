/**
 * Sends the visitor's messages one after the other and keeps each in the browser until the server has it.
 *
 * The id is made before the first attempt and never changes, so the server recognises a repeated message and nothing
 * doubles. Network faults and a busy server are tried again for ever; a refusal of the server is final and shown.
 */
import type { Backoff } from "./backoff";
import type { Memory, Unsent } from "./storage";

export type Verdict =
  | { kind: "delivered" }
  /** Try again; `afterMs` is the server's wish (429), else the back-off decides. */
  | { kind: "later"; afterMs?: number }
  | { kind: "refused"; sentence: string };

export interface OutboxEvents {
  state(clientId: string, state: "sending" | "retrying" | "failed" | "sent", problem: string): void;
}

export class Outbox {
  private queue: Unsent[] = [];
  private busy = false;
  private wake: (() => void) | null = null;
  private run = 0;

  constructor(
    private readonly memory: Memory,
    private readonly deliver: (message: Unsent) => Promise<Verdict>,
    private readonly events: OutboxEvents,
    private readonly backoff: Backoff,
  ) {}

  get size(): number {
    return this.queue.length;
  }

  /** Queues a message and starts sending. */
  add(message: Unsent): void {
    this.memory.keep(message);
    if (this.queue.some((other) => other.clientId === message.clientId)) {
      this.nudge();
      return;
    }
    this.queue.push(message);
    this.events.state(message.clientId, "sending", "");
    void this.pump();
  }

  /** Takes up what an earlier page left unsent. Returns those messages. */
  resume(): Unsent[] {
    const left = this.memory.unsent();
    for (const message of left) this.add(message);
    return left;
  }

  /** Forgets a message; the server may still have received it. */
  discard(clientId: string): void {
    this.memory.drop(clientId);
    this.queue = this.queue.filter((message) => message.clientId !== clientId);
    this.nudge();
  }

  clear(): void {
    for (const message of this.queue) this.memory.drop(message.clientId);
    this.queue = [];
    this.run += 1;
    this.nudge();
  }

  /** Ends the current wait and tries again at once. */
  nudge(): void {
    this.wake?.();
  }

  private async pump(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      for (let head = this.queue[0]; head; head = this.queue[0]) {
        const run = this.run;
        const verdict = await this.deliver(head);
        if (run !== this.run) continue;
        if (verdict.kind === "later") {
          if (this.queue.includes(head)) this.events.state(head.clientId, "retrying", "");
          await this.wait(verdict.afterMs ?? this.backoff.next());
          continue;
        }
        this.backoff.reset();
        if (!this.queue.includes(head)) continue;
        this.discard(head.clientId);
        if (verdict.kind === "delivered") this.events.state(head.clientId, "sent", "");
        else this.events.state(head.clientId, "failed", verdict.sentence);
      }
    } finally {
      this.busy = false;
    }
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
