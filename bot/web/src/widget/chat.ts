/** `<wenyu-chat>`: the launcher and the panel. Pages may call `open()`, `close()` and `ask(question)` on it. */
import { LitElement, html, nothing, unsafeCSS, type PropertyDeclarations, type TemplateResult } from "lit";
import { Api } from "./api";
import { accentColors } from "./color";
import { Conversation } from "./conversation";
import { Feedback } from "./feedback";
import type { Options } from "./options";
import { Scrolling } from "./scrolling";
import { Memory, panelState } from "./storage";
import { strings, type Strings } from "./strings";
import { Surroundings } from "./surroundings";
import frameStyles from "./styles/chat.css?inline";
import classificationStyles from "./styles/classification.css?inline";
import conversationStyles from "./styles/conversation.css?inline";
import { Voice } from "./voice/voice";
import { isComposing, type Composer, type Draft } from "./views/composer";
import { headerView, restartView, statusView } from "./views/bars";
import { entriesView } from "./views/entries";
import { icons, seal } from "./views/icons";
import type { MessageContext } from "./views/message";

const MAX_CHARS = 2000;

export class Chat extends LitElement {
  static override properties: PropertyDeclarations = {
    opened: { state: true },
    unread: { state: true },
    behind: { state: true },
    asking: { state: true },
    dropping: { state: true },
  };
  static override styles = [frameStyles, conversationStyles, classificationStyles].map(unsafeCSS);

  declare opened: boolean;
  /** Replies that arrived while the panel was closed. */
  declare unread: number;
  /** Replies that arrived while the visitor read further up. */
  declare behind: number;
  /** Whether the question "start again?" is shown. */
  declare asking: boolean;
  declare dropping: boolean;

  private readonly strings: Strings;
  private readonly memory: Memory;
  private readonly conversation: Conversation;
  private readonly feedback: Feedback;
  private readonly voice: Voice;
  private readonly surroundings = new Surroundings(this, {
    awake: () => this.conversation.nudge(),
    stored: (key) => {
      if (key === this.memory.sessionKey && this.conversation.connected) this.conversation.follow();
    },
    keyboard: (visible) => this.fitKeyboard(visible),
  });
  private readonly scrolling = new Scrolling(() => this.scrolledAway());

  constructor(private readonly options: Options) {
    super();
    this.strings = strings(options.language);
    this.memory = new Memory(options.base);
    this.opened = false;
    this.unread = 0;
    this.behind = 0;
    this.asking = false;
    this.dropping = false;
    this.conversation = new Conversation(new Api(options.base), this.memory, this.strings.unexpected, {
      changed: () => this.requestUpdate(),
      arrived: (replies) => this.arrived(replies),
    });
    this.voice = new Voice(this, this.conversation, this.memory, this.strings, options.language);
    this.feedback = new Feedback(this, this.conversation, this.strings.feedbackFailed);
  }

  /** Opens the panel. */
  open(): void {
    this.show(true);
  }

  /** Closes the panel. */
  close(): void {
    this.show(false);
  }

  /** Opens the panel and sends a question in the visitor's name. */
  ask(question: string): void {
    this.show(true);
    if (question.trim() !== "") this.say(question.trim());
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const remembered = panelState(this.options.base);
    if (remembered === "open" ? !this.surroundings.fullScreen : this.options.open && remembered === "") this.show(true, false);
    else if (this.memory.unsent().length > 0) this.conversation.connect();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.scrolling.follow(null);
  }

  /** On phones the on-screen keyboard covers the page; the panel keeps to what is left of it. */
  private fitKeyboard(visible: VisualViewport): void {
    const panel = this.find(".panel");
    if (!panel) return;
    panel.style.setProperty("--visible-height", `${visible.height}px`);
    panel.style.setProperty("--visible-top", `${visible.offsetTop}px`);
    this.scrolling.stay();
  }

  private find<T extends HTMLElement>(selector: string): T | null {
    return this.renderRoot.querySelector<T>(selector);
  }

  private get composer(): Composer | null {
    return this.find<Composer>("wenyu-composer");
  }

  private show(open: boolean, focus = true): void {
    if (open === this.opened) return;
    this.opened = open;
    this.asking = false;
    panelState(this.options.base, open ? "open" : "closed");
    if (!open) this.voice.hostDisconnected();
    if (open) {
      this.unread = this.behind = 0;
      this.conversation.connect();
    }
    void this.updateComplete.then(async () => {
      if (open) {
        await this.composer?.updateComplete;
        this.scrolling.follow(this.find(".log"));
        this.surroundings.measure();
      } else this.scrolling.follow(null);
      if (!focus) return;
      if (!open) this.find(".launcher")?.focus();
      else if (this.surroundings.touch) this.find(".panel")?.focus();
      else this.composer?.focus();
    });
  }

  private arrived(replies: string[]): void {
    if (this.opened) this.voice.arrived(replies);
    if (!this.opened) this.unread += replies.length;
    else if (this.scrolling.away) this.behind += replies.length;
  }

  private say(text: string, attachments: Draft["attachments"] = []): void {
    this.conversation.say(text, attachments);
    void this.updateComplete.then(() => this.scrolling.toEnd());
  }

  private send(event: CustomEvent<Draft>): void {
    this.say(event.detail.text, event.detail.attachments);
  }

  private restart(): void {
    this.asking = false;
    this.feedback.ask("");
    this.unread = this.behind = 0;
    this.conversation.restart();
    this.composer?.reset();
    this.composer?.focus();
  }

  private keydown(event: KeyboardEvent): void {
    if (isComposing(event)) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      if (this.voice.state !== "off") this.voice.cancel();
      else if (this.asking) this.askRestart(false);
      else this.close();
    } else if (event.key === "Tab" && this.surroundings.fullScreen) this.keepFocus(event);
  }

  private askRestart(asking: boolean): void {
    this.asking = asking;
    void this.updateComplete.then(() => this.find(asking ? ".ask .solid" : ".restart")?.focus());
  }

  /** A full-screen panel covers the page, so Tab goes round inside it. */
  private keepFocus(event: KeyboardEvent): void {
    const first = this.find(".header button");
    const composer = this.composer;
    if (!first || !composer) return;
    const active = (this.renderRoot as ShadowRoot).activeElement;
    if (event.shiftKey && (active === first || active === this.find(".panel"))) {
      event.preventDefault();
      composer.focus();
    } else if (!event.shiftKey && active === composer && composer.lastFocused) {
      event.preventDefault();
      first.focus();
    }
  }

  private scrolledAway(): void {
    if (!this.scrolling.away) this.behind = 0;
    this.requestUpdate();
  }

  private drag(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.dropping = event.type === "dragover";
    if (event.type === "drop") this.composer?.addFiles(event.dataTransfer.files);
  }

  private get theme(): "light" | "dark" {
    if (this.options.theme !== "auto") return this.options.theme;
    return this.surroundings.dark ? "dark" : "light";
  }

  protected override updated(): void {
    const root = this.find(".root");
    for (const [name, value] of Object.entries(accentColors(this.options.color, this.theme))) {
      root?.style.setProperty(name, value);
    }
  }

  private get context(): MessageContext {
    return {
      strings: this.strings,
      language: this.options.language,
      mediaUrl: (address) => this.conversation.mediaUrl(address),
      say: (payload) => this.say(payload),
      retry: (entry) => this.conversation.retry(entry),
      discard: (entry) => this.conversation.discard(entry),
      copy: (entry) => void this.feedback.copy(entry),
      vote: (entry, value) => void this.feedback.vote(entry, value),
      comment: (entry, text) => this.feedback.comment(entry, text),
      read: (entry) => this.voice.toggleReading(entry.reply.id),
      reading: this.voice.reading,
      voteOf: (entry) => this.conversation.voteOf(entry),
      commenting: this.feedback.commenting,
      copied: this.feedback.copied,
      thanked: this.feedback.thanked,
    };
  }

  private panel(title: string): TemplateResult {
    const { strings } = this;
    const latest = this.behind > 0 ? strings.newMessages(this.behind) : strings.latest;
    return html`<section
      class="panel"
      id="panel"
      role="dialog"
      aria-labelledby="title"
      aria-modal=${this.surroundings.fullScreen ? "true" : nothing}
      tabindex="-1"
      @keydown=${this.keydown}
      @dragover=${this.drag}
      @dragleave=${this.drag}
      @drop=${this.drag}
    >
      ${headerView(title, strings, { restart: () => this.askRestart(true), close: () => this.close() })}
      ${this.asking
        ? restartView(strings, { confirm: () => this.restart(), cancel: () => this.askRestart(false) })
        : nothing}
      ${statusView(strings, this.conversation.link === "offline", this.feedback.alert, () => this.conversation.nudge())}
      <div
        class="log"
        role="log"
        aria-live="polite"
        aria-label=${strings.log}
        aria-busy=${this.conversation.loaded ? "false" : "true"}
        tabindex="0"
        @scroll=${() => this.scrolling.scrolled()}
      >
        ${entriesView(this.conversation, this.options.greeting || strings.greeting, this.context)}
      </div>
      ${this.scrolling.away
        ? html`<button type="button" class="latest" aria-label=${latest} @click=${() => this.scrolling.toEnd()}>
            ${icons.latest}${this.behind > 0 ? html`<span>${latest}</span>` : nothing}
          </button>`
        : nothing}
      <wenyu-composer
        .strings=${strings}
        .maxChars=${MAX_CHARS}
        .text=${this.memory.draft()}
        .upload=${this.upload}
        .voice=${this.voice}
        @wenyu-send=${this.send}
        @wenyu-draft=${(event: CustomEvent<string>) => this.memory.setDraft(event.detail)}
      ></wenyu-composer>
      ${this.dropping ? html`<div class="drop">${strings.dropHere}</div>` : nothing}
    </section>`;
  }

  private readonly upload = (file: File, progress: (percent: number) => void, signal: AbortSignal): Promise<{ id: string }> =>
    this.conversation.upload(file, progress, signal);

  protected override render(): TemplateResult {
    const { strings, options } = this;
    const title = options.title || strings.assistant;
    return html`<div
      class="root"
      lang=${options.language}
      data-theme=${this.theme}
      data-position=${options.position}
      ?data-open=${this.opened}
    >
      ${this.opened ? this.panel(title) : nothing}
      <button
        type="button"
        class="launcher"
        aria-label=${this.opened ? strings.close : this.unread > 0 ? `${strings.open}，${strings.newMessages(this.unread)}` : strings.open}
        aria-expanded=${this.opened ? "true" : "false"}
        aria-controls=${this.opened ? "panel" : nothing}
        @click=${() => this.show(!this.opened)}
      >
        ${this.opened ? icons.close : seal}
        ${this.unread > 0 ? html`<span class="badge" aria-hidden="true">${this.unread > 99 ? "99+" : this.unread}</span>` : nothing}
      </button>
    </div>`;
  }
}
