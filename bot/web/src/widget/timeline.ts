/**
 * The conversation as it is shown: messages of the visitor and replies, each exactly once, whatever arrives twice.
 *
 * A visitor's message is known by its client_message_id (made before it is sent), a reply by its id. A reply stands
 * behind the message that it answers. The order is that of the server's positions, so it is the same live and after a
 * reload, in whatever order things arrive.
 */
import type { Reply } from "./wire";

export const UNKNOWN = Number.POSITIVE_INFINITY;

export interface AttachmentView {
  id: string;
  name: string;
  kind: string;
  /** Where the server keeps it; empty until it told. */
  url: string;
  /** Small picture of a file that was chosen in this page; not kept over a reload. */
  preview?: ImageBitmap | undefined;
}

export type Delivery = "sending" | "retrying" | "failed" | "sent";

export interface UserEntry {
  role: "user";
  key: string;
  clientId: string;
  text: string;
  attachments: AttachmentView[];
  at: number;
  /** Place in the conversation, counted by the server from 1; UNKNOWN until it told. */
  position: number;
  delivery: Delivery;
  /** Why it failed, in the visitor's language. */
  problem: string;
}

export interface BotEntry {
  role: "bot";
  key: string;
  reply: Reply;
  at: number;
  position: number;
}

export type Entry = UserEntry | BotEntry;

export class Timeline {
  private readonly users = new Map<string, UserEntry>();
  private readonly replies = new Map<string, BotEntry>();
  private sorted: readonly Entry[] | null = null;

  /** In order of display. A changed entry is a new object; the array is new after every change. */
  get entries(): readonly Entry[] {
    this.sorted ??= this.sort();
    return this.sorted;
  }

  user(clientId: string): UserEntry | undefined {
    return this.users.get(clientId);
  }

  /** Adds the message, or completes the one with the same id with what the server knows. */
  addUser(message: Omit<UserEntry, "role" | "key">): void {
    const known = this.users.get(message.clientId);
    const attachments = known?.attachments.length ? known.attachments : message.attachments;
    const at = known?.at ?? message.at;
    this.users.set(message.clientId, { ...message, attachments, at, role: "user", key: `u:${message.clientId}` });
    this.sorted = null;
  }

  updateUser(clientId: string, change: Partial<Omit<UserEntry, "role" | "key" | "clientId">>): void {
    const known = this.users.get(clientId);
    if (known) this.users.set(clientId, { ...known, ...change });
    this.sorted = null;
  }

  removeUser(clientId: string): void {
    this.users.delete(clientId);
    this.sorted = null;
  }

  /** Adds a reply. Returns false when it was there already. */
  addReply(reply: Reply, at: number, position: number): boolean {
    if (this.replies.has(reply.id)) return false;
    this.replies.set(reply.id, { role: "bot", key: `b:${reply.id}`, reply, at, position });
    this.sorted = null;
    return true;
  }

  answered(clientId: string): boolean {
    return [...this.replies.values()].some((entry) => entry.reply.replyTo === clientId);
  }

  clear(): void {
    this.users.clear();
    this.replies.clear();
    this.sorted = null;
  }

  /** A message and its replies stand together, where the message stands; what the server does not know yet is last. */
  private sort(): Entry[] {
    const threads: { position: number; entries: Entry[] }[] = [];
    const asked = new Map<string, BotEntry[]>();
    for (const entry of [...this.replies.values()].sort((a, b) => a.position - b.position)) {
      const { replyTo } = entry.reply;
      if (!this.users.has(replyTo)) threads.push({ position: entry.position, entries: [entry] });
      else if (asked.has(replyTo)) asked.get(replyTo)!.push(entry);
      else asked.set(replyTo, [entry]);
    }
    for (const entry of this.users.values()) {
      const replies = asked.get(entry.clientId) ?? [];
      // The answer to a message may be here before the server has told the message's own position.
      const position = Math.min(entry.position, (replies[0]?.position ?? UNKNOWN) - 0.5);
      threads.push({ position, entries: [entry, ...replies] });
    }
    return threads.sort((a, b) => compare(a.position, b.position)).flatMap((thread) => thread.entries);
  }
}

/** Infinity minus Infinity is no number, and sorting is stable: equal positions keep their order. */
function compare(first: number, second: number): number {
  return first === second ? 0 : first - second;
}
