/** `<wenyu-composer>`: the input line with attachments. Sends nothing itself: it emits `wenyu-send`. */
import { LitElement, html, nothing, unsafeCSS, type PropertyDeclarations, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { ref } from "lit/directives/ref.js";
import { ApiError } from "../api";
import { acceptable, isSound } from "../sound";
import type { Strings } from "../strings";
import type { AttachmentView } from "../timeline";
import styles from "../styles/composer.css?inline";
import voiceStyles from "../styles/voice.css?inline";
import { Voice, type Heard } from "../voice/voice";
import { icons } from "./icons";
import { paint } from "./message";
import { microphoneView, voiceBar } from "./voice";

export interface Draft {
  text: string;
  attachments: AttachmentView[];
}

/** Uploads one file. `progress` gets 0–100. */
export type Upload = (file: File, progress: (percent: number) => void, signal: AbortSignal) => Promise<{ id: string }>;

interface Attaching extends AttachmentView {
  percent: number;
  problem: string;
  abort: AbortController;
}

const MAX_FILES = 4;
/** A phone converts its pictures to these when it is asked for them; sounds are converted here. */
const ACCEPTED = "image/jpeg,image/png,image/webp,image/gif,audio/*,video/webm,.mid,.midi";
const PREVIEW_PIXELS = 440;

/** True while an input method still composes: its Enter chooses a word. Safari reports only the key code 229. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

export class Composer extends LitElement {
  static override properties: PropertyDeclarations = {
    strings: { attribute: false },
    maxChars: { attribute: false },
    upload: { attribute: false },
    text: { attribute: false },
    voice: { attribute: false },
    interim: { state: true },
    files: { state: true },
    notice: { state: true },
  };

  declare strings: Strings;
  declare maxChars: number;
  declare upload: Upload;
  declare text: string;
  declare voice: Voice;
  /** What is understood so far of a sentence that is being spoken; shown behind the text, not part of it yet. */
  declare interim: string;
  declare files: Attaching[];
  declare notice: string;
  static override styles = [styles, voiceStyles].map(unsafeCSS);

  constructor() {
    super();
    this.text = "";
    this.files = [];
    this.notice = this.interim = "";
    this.maxChars = 2000;
  }

  override focus(options?: FocusOptions): void {
    this.area?.focus(options);
  }

  /** Whether the focus is on the last control that takes it, so that a further Tab would leave. */
  get lastFocused(): boolean {
    const controls = this.renderRoot.querySelectorAll<HTMLElement>("textarea, button:not(:disabled)");
    return (this.renderRoot as ShadowRoot).activeElement === controls[controls.length - 1];
  }

  /** Starts uploading; wrong types and too many files are refused with a sentence. */
  addFiles(files: Iterable<File>): void {
    this.notice = "";
    for (const file of files) {
      const kind = isSound(file.type) ? "audio" : file.type.startsWith("image/") ? "image" : "";
      if (!kind) this.notice = this.strings.wrongFileType;
      else if (this.files.length >= MAX_FILES) this.notice = this.strings.tooManyFiles;
      else void this.attach(file, kind);
    }
  }

  /** Drops the draft and the attachments; those belong to the conversation that they were uploaded in. */
  reset(): void {
    for (const file of this.files) file.abort.abort();
    if (!this.voice.choices.handsFree) this.voice.cancel();
    this.files = [];
    this.text = this.notice = "";
    this.changed();
  }

  private get area(): HTMLTextAreaElement | null {
    return this.renderRoot.querySelector("textarea");
  }

  /** Characters as the server counts them: code points, not UTF-16 units. */
  private get length(): number {
    return [...this.text.trim()].length;
  }

  private get ready(): boolean {
    const uploaded = this.files.every((file) => file.id !== "");
    return uploaded && this.length <= this.maxChars && (this.length > 0 || this.files.length > 0);
  }

  private async attach(file: File, kind: string): Promise<void> {
    const entry: Attaching = { id: "", name: file.name, kind, url: "", percent: 0, problem: "", abort: new AbortController() };
    const change = (values: Partial<Attaching>): void => {
      Object.assign(entry, values);
      this.files = [...this.files];
    };
    this.files = [...this.files, entry];
    if (kind === "image") {
      void createImageBitmap(file, { resizeWidth: PREVIEW_PIXELS, resizeQuality: "medium" }).then(
        (preview) => change({ preview }),
        () => undefined, // Not a picture that this browser can draw; the server decides about it.
      );
    }
    try {
      const { id } = await this.upload(await acceptable(file), (percent) => change({ percent }), entry.abort.signal);
      change({ id, percent: 100 });
    } catch (error) {
      const sentence = error instanceof ApiError ? error.sentence : "";
      change({ problem: sentence || this.strings.uploadFailed });
    }
  }

  private detach(entry: Attaching): void {
    entry.abort.abort();
    this.files = this.files.filter((file) => file !== entry);
    this.focus();
  }

  private send(): void {
    if (!this.ready) return;
    const attachments = this.files.map(({ id, name, kind, url, preview }) => ({ id, name, kind, url, preview }));
    const draft: Draft = { text: this.text.trim(), attachments };
    this.reset();
    this.dispatchEvent(new CustomEvent("wenyu-send", { detail: draft }));
    this.focus();
  }

  /** What was heard goes into the text, to be corrected; in hands-free mode it is sent. */
  private readonly heard: Heard = {
    interim: (text) => {
      this.interim = text;
    },
    final: (text, send) => {
      this.interim = "";
      this.text = this.text.trim() === "" ? text : `${this.text.trimEnd()}${text}`;
      this.changed();
      if (send) this.send();
      else this.focus();
    },
  };

  private changed(): void {
    this.dispatchEvent(new CustomEvent("wenyu-draft", { detail: this.text }));
  }

  private keydown(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    this.send();
  }

  private input(event: Event): void {
    this.text = (event.currentTarget as HTMLTextAreaElement).value;
    this.changed();
  }

  private paste(event: ClipboardEvent): void {
    const files = event.clipboardData?.files;
    if (!files || files.length === 0) return;
    event.preventDefault();
    this.addFiles(files);
  }

  private choose(event: Event): void {
    const input = event.currentTarget as HTMLInputElement;
    this.addFiles(input.files ?? []);
    input.value = "";
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("voice")) this.voice.redrawInput = () => this.requestUpdate();
  }

  protected override updated(): void {
    const { area } = this;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 132)}px`;
  }

  private fileView(file: Attaching): TemplateResult {
    const { strings } = this;
    const waiting = file.id === "" && file.problem === "";
    return html`<li class=${file.problem ? "attachment problem" : "attachment"}>
      ${file.preview
        ? html`<canvas aria-hidden="true" ${ref(paint(file.preview))}></canvas>`
        : html`<span class="kind">${file.kind === "audio" ? icons.sound : icons.picture}</span>`}
      <span class="name">${file.problem || file.name}</span>
      ${waiting
        ? html`<progress max="100" .value=${file.percent} aria-label=${strings.uploading(file.name, file.percent)}></progress>`
        : nothing}
      <button type="button" aria-label=${strings.removeAttachment(file.name)} @click=${() => this.detach(file)}>
        ${icons.remove}
      </button>
    </li>`;
  }

  private counter(): TemplateResult | typeof nothing {
    const left = this.maxChars - this.length;
    if (left > this.maxChars * 0.1) return nothing;
    return html`<p class=${left < 0 ? "counter over" : "counter"} role="status">
      ${left < 0 ? this.strings.over(-left) : this.strings.left(left)}
    </p>`;
  }

  protected override render(): TemplateResult {
    const { strings } = this;
    return html`
      ${this.files.length > 0 ? html`<ul class="attachments">${this.files.map((file) => this.fileView(file))}</ul>` : nothing}
      ${this.notice ? html`<p class="counter over" role="alert">${this.notice}</p>` : nothing} ${this.counter()}
      ${voiceBar(this.voice, strings)}
      <div class="line">
        <label class="attach" title=${strings.attach}>
          <input type="file" accept=${ACCEPTED} multiple aria-label=${strings.attach} @change=${this.choose} />
          ${icons.attach}
        </label>
        <textarea
          rows="1"
          enterkeyhint="send"
          placeholder=${strings.placeholder}
          aria-label=${strings.placeholder}
          aria-describedby="hint"
          .value=${live(this.text + this.interim)}
          ?readonly=${this.interim !== ""}
          @keydown=${this.keydown}
          @input=${this.input}
          @paste=${this.paste}
        ></textarea>
        <span id="hint" class="hidden">${strings.inputHint}</span>
        ${microphoneView(this.voice, strings, this.heard)}
        <button type="button" class="send" aria-label=${strings.send} title=${strings.send} ?disabled=${!this.ready} @click=${this.send}>
          ${icons.send}
        </button>
      </div>
    `;
  }
}
