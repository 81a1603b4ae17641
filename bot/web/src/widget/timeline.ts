/**
 * The conversation as it is shown: messages of the visitor and replies, each exactly once, whatever arrives twice.
 *
 * A visitor's message is known by its client_message_id (made before it is sent), a reply by its id. A reply stands
 * behind the message that it answers, so the order is the same live and after a reload.
 */
import type { Reply } from "./wire";

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
  delivery: Delivery;
  /** Why it failed, in the visitor's language. */
  problem: string;
}

export interface BotEntry {
  role: "bot";
  key: string;
  reply: Reply;
  at: number;
}

export type Entry = UserEntry | BotEntry;

export class Timeline {
  private list: readonly Entry[] = [];

  /** In order of display. A changed entry is a new object; the array is new after every change. */
  get entries(): readonly Entry[] {
    return this.list;
  }

  user(clientId: string): UserEntry | undefined {
    return this.list.find((entry): entry is UserEntry => entry.role === "user" && entry.clientId === clientId);
  }

  /** Adds the message, or completes the one with the same id with what the server knows. */
  addUser(message: Omit<UserEntry, "role" | "key">): void {
    const known = this.user(message.clientId);
    if (known) {
      const attachments = known.attachments.length > 0 ? known.attachments : message.attachments;
      this.updateUser(message.clientId, { ...message, attachments, at: known.at });
      return;
    }
    this.list = [...this.list, { ...message, role: "user", key: `u:${message.clientId}` }];
  }

  updateUser(clientId: string, change: Partial<Omit<UserEntry, "role" | "key" | "clientId">>): void {
    this.list = this.list.map((entry) =>
      entry.role === "user" && entry.clientId === clientId ? { ...entry, ...change } : entry,
    );
  }

  removeUser(clientId: string): void {
    this.list = this.list.filter((entry) => entry.role !== "user" || entry.clientId !== clientId);
  }

  /** Adds a reply behind the message it answers. Returns false when it was there already. */
  addReply(reply: Reply, at: number): boolean {
    if (this.list.some((entry) => entry.role === "bot" && entry.reply.id === reply.id)) return false;
    const entry: BotEntry = { role: "bot", key: `b:${reply.id}`, reply, at };
    const asked = this.list.findIndex((other) => other.role === "user" && other.clientId === reply.replyTo);
    if (asked < 0 || reply.replyTo === "") {
      this.list = [...this.list, entry];
      return true;
    }
    let position = asked + 1;
    while (position < this.list.length) {
      const next = this.list[position]!;
      if (next.role === "user" || next.reply.replyTo !== reply.replyTo) break;
      position += 1;
    }
    this.list = [...this.list.slice(0, position), entry, ...this.list.slice(position)];
    return true;
  }

  answered(clientId: string): boolean {
    return this.list.some((entry) => entry.role === "bot" && entry.reply.replyTo === clientId);
  }

  clear(): void {
    this.list = [];
  }
}
