/** `<wenyu-chat>`: the launcher and the panel. Pages may call `open()`, `close()` and `ask(question)` on it. */
import { LitElement, html, nothing, unsafeCSS, type PropertyDeclarations, type TemplateResult } from "lit";
import { Api } from "./api";
import { accentColors } from "./color";
import { Conversation } from "./conversation";
import type { Options } from "./options";
import { Scrolling } from "./scrolling";
import { Memory } from "./storage";
import { strings, type Strings } from "./strings";
import frameStyles from "./styles/chat.css?inline";
import classificationStyles from "./styles/classification.css?inline";
import conversationStyles from "./styles/conversation.css?inline";
import type { BotEntry } from "./timeline";
import { isComposing, type Composer, type Draft } from "./views/composer";
import { headerView, restartView, statusView } from "./views/bars";
import { entriesView } from "./views/entries";
import { icons, seal } from "./views/icons";
import type { MessageContext } from "./views/message";

const MAX_CHARS = 2000;
const NOTICE_MS = 2_500;
/** The same limits as in chat.css: below them the panel fills the screen. */
const FULL_SCREEN = "(max-width: 520px), (max-height: 480px)";

export class Chat extends LitElement {
  static override properties: PropertyDeclarations = {
    opened: { state: true },
    unread: { state: true },
    behind: { state: true },
    asking: { state: true },
    dropping: { state: true },
    commenting: { state: true },
    copied: { state: true },
    thanked: { state: true },
    alert: { state: true },
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
  declare commenting: string;
  declare copied: string;
  declare thanked: string;
  declare alert: string;

  private readonly strings: Strings;
  private readonly memory: Memory;
  private readonly conversation: Conversation;
  private readonly fullScreen = matchMedia(FULL_SCREEN);
  private readonly darkScheme = matchMedia("(prefers-color-scheme: dark)");
  private readonly scrolling = new Scrolling(() => this.scrolledAway());
  private notice: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: Options) {
    super();
    this.strings = strings(options.language);
    this.memory = new Memory(options.base);
    this.opened = false;
    this.unread = 0;
    this.behind = 0;
    this.asking = false;
    this.dropping = false;
    this.commenting = "";
    this.copied = "";
    this.thanked = "";
    this.alert = "";
    this.conversation = new Conversation(new Api(options.base), this.memory, this.strings.unexpected, {
      changed: () => this.requestUpdate(),
      arrived: (count) => this.arrived(count),
    });
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
    window.addEventListener("online", this.nudge);
    window.addEventListener("storage", this.stored);
    document.addEventListener("visibilitychange", this.nudge);
    window.visualViewport?.addEventListener("resize", this.fitKeyboard);
    window.visualViewport?.addEventListener("scroll", this.fitKeyboard);
    this.darkScheme.addEventListener("change", this.redraw);
    this.fullScreen.addEventListener("change", this.redraw);
    const remembered = this.tabState();
    if (remembered === "open" ? !this.fullScreen.matches : this.options.open && remembered === "") this.show(true, false);
    else if (this.memory.unsent().length > 0) this.conversation.connect();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("online", this.nudge);
    window.removeEventListener("storage", this.stored);
    document.removeEventListener("visibilitychange", this.nudge);
    window.visualViewport?.removeEventListener("resize", this.fitKeyboard);
    window.visualViewport?.removeEventListener("scroll", this.fitKeyboard);
    this.darkScheme.removeEventListener("change", this.redraw);
    this.fullScreen.removeEventListener("change", this.redraw);
    this.scrolling.follow(null);
  }

  private readonly redraw = (): void => this.requestUpdate();

  private readonly nudge = (): void => {
    if (!document.hidden) this.conversation.nudge();
  };

  private readonly stored = (event: StorageEvent): void => {
    if (event.key === this.memory.sessionKey && this.conversation.connected) this.conversation.follow();
  };

  /** On phones the on-screen keyboard covers the page; the panel keeps to what is left of it. */
  private readonly fitKeyboard = (): void => {
    const viewport = window.visualViewport;
    const panel = this.find(".panel");
    if (!viewport || !panel) return;
    panel.style.setProperty("--visible-height", `${viewport.height}px`);
    panel.style.setProperty("--visible-top", `${viewport.offsetTop}px`);
    this.scrolling.stay();
  };

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
    this.tabState(open ? "open" : "closed");
    if (open) {
      this.unread = this.behind = 0;
      this.conversation.connect();
    }
    void this.updateComplete.then(async () => {
      if (open) {
        await this.composer?.updateComplete;
        this.scrolling.follow(this.find(".log"));
        this.fitKeyboard();
      } else this.scrolling.follow(null);
      if (!focus) return;
      // On a touch screen focus in the text field would throw up the keyboard over the conversation.
      if (!open) this.find(".launcher")?.focus();
      else if (matchMedia("(pointer: coarse)").matches) this.find(".panel")?.focus();
      else this.composer?.focus();
    });
  }

  /** Whether the panel was open in this tab, kept from page to page. */
  private tabState(value?: "open" | "closed"): string {
    const key = `wenyu:${this.options.base}:panel`;
    try {
      if (value) sessionStorage.setItem(key, value);
      return sessionStorage.getItem(key) ?? "";
    } catch {
      return "";
    }
  }

  private arrived(count: number): void {
    if (!this.opened) this.unread += count;
    else if (this.scrolling.away) this.behind += count;
  }

  private say(text: string, attachments: Draft["attachments"] = []): void {
    this.conversation.say(text, attachments);
    void this.updateComplete.then(() => this.scrolling.toEnd());
  }

  private send(event: CustomEvent<Draft>): void {
    this.say(event.detail.text, event.detail.attachments);
  }

  private async copy(entry: BotEntry): Promise<void> {
    const { id, text } = entry.reply;
    try {
      await navigator.clipboard.writeText(text);
      this.flash("copied", id);
    } catch {
      // Without permission, or on an insecure page, there is no clipboard; the text can still be selected.
    }
  }

  private async vote(entry: BotEntry, value: 1 | -1, comment = ""): Promise<void> {
    this.commenting = value === -1 && comment === "" ? entry.reply.id : "";
    try {
      await this.conversation.vote(entry, value, comment);
      if (this.commenting === "") this.flash("thanked", entry.reply.id);
    } catch {
      this.commenting = "";
      this.flash("alert", this.strings.feedbackFailed);
    }
  }

  private comment(entry: BotEntry, text: string): void {
    this.commenting = "";
    if (text !== "") void this.vote(entry, -1, text);
    else this.flash("thanked", entry.reply.id);
  }

  private flash(field: "copied" | "thanked" | "alert", value: string): void {
    clearTimeout(this.notice);
    this.copied = this.thanked = this.alert = "";
    this[field] = value;
    this.notice = setTimeout(() => (this[field] = ""), NOTICE_MS);
  }

  private restart(): void {
    this.asking = false;
    this.commenting = "";
    this.unread = this.behind = 0;
    this.conversation.restart();
    this.composer?.reset();
    this.composer?.focus();
  }

  private keydown(event: KeyboardEvent): void {
    if (isComposing(event)) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      if (this.asking) this.askRestart(false);
      else this.close();
    } else if (event.key === "Tab" && this.fullScreen.matches) this.keepFocus(event);
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
    return this.darkScheme.matches ? "dark" : "light";
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
      copy: (entry) => void this.copy(entry),
      vote: (entry, value) => void this.vote(entry, value),
      comment: (entry, text) => this.comment(entry, text),
      voteOf: (entry) => this.conversation.voteOf(entry),
      commenting: this.commenting,
      copied: this.copied,
      thanked: this.thanked,
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
      aria-modal=${this.fullScreen.matches ? "true" : nothing}
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
      ${statusView(strings, this.conversation.link === "offline", this.alert, () => this.conversation.nudge())}
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
