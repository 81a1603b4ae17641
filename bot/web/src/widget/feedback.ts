/** What a visitor does with a reply — copy, vote, comment — and what is shown for a moment afterwards. */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Conversation } from "./conversation";
import type { BotEntry } from "./timeline";

const NOTICE_MS = 2_500;

export class Feedback implements ReactiveController {
  /** Ids of the replies that say "copied", that say "thank you", and that ask what was wrong; empty for none. */
  copied = "";
  thanked = "";
  commenting = "";
  /** A sentence about a vote that did not reach the server. */
  alert = "";
  private notice: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly conversation: Conversation,
    private readonly failed: string,
  ) {
    host.addController(this);
  }

  hostDisconnected(): void {
    clearTimeout(this.notice);
  }

  async copy(entry: BotEntry): Promise<void> {
    const { id, text } = entry.reply;
    try {
      await navigator.clipboard.writeText(text);
      this.flash("copied", id);
    } catch {
      // Without permission, or on an insecure page, there is no clipboard; the text can still be selected.
    }
  }

  async vote(entry: BotEntry, value: 1 | -1, comment = ""): Promise<void> {
    this.ask(value === -1 && comment === "" ? entry.reply.id : "");
    try {
      await this.conversation.vote(entry, value, comment);
      if (this.commenting === "") this.flash("thanked", entry.reply.id);
    } catch {
      this.ask("");
      this.flash("alert", this.failed);
    }
  }

  comment(entry: BotEntry, text: string): void {
    this.ask("");
    if (text !== "") void this.vote(entry, -1, text);
    else this.flash("thanked", entry.reply.id);
  }

  /** Asks for a comment on the reply with this id; an empty id asks no more. */
  ask(id: string): void {
    this.commenting = id;
    this.host.requestUpdate();
  }

  private flash(field: "copied" | "thanked" | "alert", value: string): void {
    clearTimeout(this.notice);
    this.show(field, value);
    this.notice = setTimeout(() => this.show(field, ""), NOTICE_MS);
  }

  private show(field: "copied" | "thanked" | "alert", value: string): void {
    this.copied = this.thanked = this.alert = "";
    this[field] = value;
    this.host.requestUpdate();
  }
}
