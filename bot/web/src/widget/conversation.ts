/**
 * One conversation with the server: session, sending, receiving and the timeline that the views show.
 *
 * A session is made with the visitor's first message, not on every page view. A token that has expired is replaced
 * silently; what waits to be sent then goes to the new session.
 */
import { Api, ApiError } from "./api";
import { Backoff } from "./backoff";
import { Feed, type Link } from "./feed";
import { Outbox, type Verdict } from "./outbox";
import type { Memory, Unsent } from "./storage";
import { Timeline, UNKNOWN, type BotEntry, type Entry, type UserEntry } from "./timeline";
import type { AttachmentView } from "./timeline";
import type { Item } from "./wire";

const REPLY_PATIENCE_MS = 60_000;

export interface ConversationEvents {
  changed(): void;
  /** Replies that have just arrived, not those of the history. */
  arrived(replies: string[]): void;
}

export class Conversation {
  link: Link = "connecting";
  /** True once the history is here, or there is none. */
  loaded = false;
  private readonly timeline = new Timeline();
  private readonly feed: Feed;
  private readonly outbox: Outbox;
  /** Sent messages whose reply is still to come, with the time after which nobody believes in it any more. */
  private readonly awaited = new Map<string, number>();
  private votes: Record<string, 1 | -1>;
  private opening: Promise<string> | null = null;

  constructor(
    private readonly api: Api,
    private readonly memory: Memory,
    private readonly unexpected: string,
    private readonly events: ConversationEvents,
  ) {
    this.votes = memory.votes();
    this.outbox = new Outbox(
      memory,
      (message) => this.deliver(message),
      { state: (clientId, delivery, problem) => this.delivered(clientId, delivery, problem) },
      new Backoff(),
    );
    this.feed = new Feed(
      {
        fetch: (after) => api.history(this.token, after),
        open: (after) => api.socket(this.token, after),
        read: (frame) => api.readFrame(frame),
        sessionGone: (error) => error instanceof ApiError && error.sessionGone,
      },
      {
        items: (items) => this.receive(items),
        link: (link) => this.linkChanged(link),
        sessionGone: () => this.forgetSession(),
      },
      new Backoff(),
    );
  }

  get entries(): readonly Entry[] {
    return this.timeline.entries;
  }

  /** True while the assistant is thinking about a message. */
  get typing(): boolean {
    return this.awaited.size > 0 && this.link !== "offline";
  }

  /** Whether it has been connected in this page, even if there is no session yet. */
  get connected(): boolean {
    return this.loaded || this.feed.running;
  }

  /** Loads the history, takes up unsent messages and stays connected. Does nothing when already connected. */
  connect(): void {
    for (const message of this.memory.unsent()) this.show(message, message.attachments.map(withoutFile));
    this.outbox.resume();
    if (this.memory.session()) this.feed.start();
    else if (!this.feed.running) {
      this.loaded = true;
      this.events.changed();
    }
  }

  say(text: string, attachments: AttachmentView[] = []): void {
    const message: Unsent = {
      clientId: crypto.randomUUID?.() ?? `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`,
      text,
      attachments: attachments.map(({ id, name, kind }) => ({ id, name, kind })),
      at: Date.now(),
    };
    this.show(message, attachments);
    this.outbox.add(message);
  }

  retry(entry: UserEntry): void {
    const { clientId, text, at } = entry;
    this.outbox.add({ clientId, text, at, attachments: entry.attachments.map(({ id, name, kind }) => ({ id, name, kind })) });
  }

  discard(entry: UserEntry): void {
    this.outbox.discard(entry.clientId);
    this.timeline.removeUser(entry.clientId);
    this.awaited.delete(entry.clientId);
    this.events.changed();
  }

  mediaUrl(address: string): string | null {
    return this.api.mediaUrl(address);
  }

  /** Tries everything again at once. */
  nudge(): void {
    this.feed.nudge();
    this.outbox.nudge();
  }

  async upload(file: File, progress: (percent: number) => void, signal: AbortSignal): Promise<{ id: string }> {
    const token = await this.openSession();
    try {
      return await this.api.upload(token, file, progress, signal);
    } catch (error) {
      if (!(error instanceof ApiError && error.sessionGone)) throw error;
      this.forgetSession();
      return this.api.upload(await this.openSession(), file, progress, signal);
    }
  }

  /** A socket that listens; makes a session when there is none. */
  async openSpeech(): Promise<WebSocket> {
    return this.api.speechSocket(await this.openSession());
  }

  speech(reply: string, part: number, speed: number, signal: AbortSignal): Promise<{ sound: ArrayBuffer; count: number }> {
    return this.api.speech(this.token, reply, part, speed, signal);
  }

  voteOf(entry: BotEntry): 1 | -1 | undefined {
    return this.votes[entry.reply.id];
  }

  /** Rejects when the vote did not arrive; it is not shown then. */
  async vote(entry: BotEntry, value: 1 | -1, comment = ""): Promise<void> {
    const before = this.votes[entry.reply.id];
    this.setVote(entry.reply.id, value);
    try {
      await this.api.vote(this.token, entry.reply.id, value, comment);
    } catch (error) {
      this.setVote(entry.reply.id, before);
      throw error;
    }
  }

  /** Forgets everything in this browser; the next message begins a new conversation. */
  restart(): void {
    this.feed.stop();
    this.outbox.clear();
    this.timeline.clear();
    this.awaited.clear();
    this.forgetSession();
    this.connect();
  }

  /** Another tab began or ended a conversation: follow it. */
  follow(): void {
    this.feed.stop();
    this.timeline.clear();
    this.awaited.clear();
    this.votes = this.memory.votes();
    this.connect();
  }

  private get token(): string {
    return this.memory.session()?.token ?? "";
  }

  /** The token; makes a session when there is none. */
  private openSession(): Promise<string> {
    if (this.token !== "") return Promise.resolve(this.token);
    this.opening ??= this.api
      .createSession()
      .then((session) => {
        this.memory.setSession(session);
        this.feed.start();
        return session.token;
      })
      .finally(() => (this.opening = null));
    return this.opening;
  }

  private forgetSession(): void {
    this.feed.stop();
    this.memory.setSession(null);
    this.votes = {};
    this.memory.setVotes({});
    this.loaded = true;
    this.events.changed();
  }

  private async deliver(message: Unsent): Promise<Verdict> {
    try {
      const token = await this.openSession();
      this.await(message.clientId);
      this.receive((await this.api.send(token, message)).items);
      return { kind: "delivered" };
    } catch (error) {
      this.awaited.delete(message.clientId);
      if (!(error instanceof ApiError)) return { kind: "later" };
      if (error.sessionGone) {
        this.forgetSession();
        return { kind: "later", afterMs: 300 };
      }
      if (error.passing) {
        return error.retryAfterMs ? { kind: "later", afterMs: error.retryAfterMs } : { kind: "later" };
      }
      return { kind: "refused", sentence: error.sentence || this.unexpected };
    }
  }

  private await(clientId: string): void {
    if (this.timeline.answered(clientId)) return;
    this.awaited.set(clientId, Date.now() + REPLY_PATIENCE_MS);
    this.feed.expecting = true;
    setTimeout(() => this.settle(), REPLY_PATIENCE_MS + 50);
    this.events.changed();
  }

  /** Drops what is answered or too old from the list of awaited messages. */
  private settle(): void {
    for (const [clientId, until] of this.awaited) {
      if (until <= Date.now() || this.timeline.answered(clientId)) this.awaited.delete(clientId);
    }
    this.feed.expecting = this.awaited.size > 0;
    this.events.changed();
  }

  private show(message: Unsent, attachments: AttachmentView[]): void {
    const { clientId, text, at } = message;
    if (!this.timeline.user(clientId)) {
      this.timeline.addUser({ clientId, text, at, attachments, position: UNKNOWN, delivery: "sending", problem: "" });
    }
    this.events.changed();
  }

  private delivered(clientId: string, delivery: UserEntry["delivery"], problem: string): void {
    this.timeline.updateUser(clientId, { delivery, problem });
    if (delivery === "sent") this.feed.nudge();
    this.settle();
  }

  private receive(items: Item[]): void {
    const arrived: string[] = [];
    for (const item of items) {
      const { at, position } = item;
      if (item.role === "user") {
        const { clientId, text, attachments } = item.message;
        const files = attachments.map((file) => ({ ...file, name: "" }));
        this.timeline.addUser({ clientId, text, attachments: files, at, position, delivery: "sent", problem: "" });
      } else if (this.timeline.addReply(item.reply, at, position)) {
        arrived.push(item.reply.id);
        // An answer proves that the message arrived, even when the response to sending it was lost.
        if (this.timeline.user(item.reply.replyTo)) this.timeline.updateUser(item.reply.replyTo, { delivery: "sent", problem: "" });
      }
    }
    if (arrived.length > 0 && this.loaded) this.events.arrived(arrived);
    this.settle();
  }

  private linkChanged(link: Link): void {
    this.link = link;
    if (link === "live" || link === "polling") {
      this.loaded = true;
      this.outbox.nudge();
    }
    this.events.changed();
  }

  private setVote(replyId: string, value: 1 | -1 | undefined): void {
    const { [replyId]: _, ...others } = this.votes;
    this.votes = value === undefined ? others : { ...others, [replyId]: value };
    this.memory.setVotes(this.votes);
    this.events.changed();
  }
}

function withoutFile(file: { id: string; name: string; kind: string }): AttachmentView {
  return { ...file, url: "" };
}
