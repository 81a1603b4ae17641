/** `<wenyu-audio>`: a small player for the sound files of a reply. */
import { LitElement, css, html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import type { Strings } from "../strings";
import { icons } from "./icons";

function clock(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.floor(seconds) : 0;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export class AudioPlayer extends LitElement {
  static override properties: PropertyDeclarations = {
    src: { attribute: false },
    label: { attribute: false },
    strings: { attribute: false },
    playing: { state: true },
    at: { state: true },
    length: { state: true },
    broken: { state: true },
  };

  declare src: string;
  declare label: string;
  declare strings: Strings;
  declare playing: boolean;
  declare at: number;
  declare length: number;
  declare broken: boolean;
  private readonly audio = new Audio();

  static override styles = css`
    :host {
      display: block;
    }
    .player {
      display: grid;
      grid-template-columns: 40px 1fr auto 32px;
      align-items: center;
      gap: 2px 10px;
      padding: 10px 8px 10px 12px;
      background: var(--surface);
      border: 1px solid var(--line);
      border-radius: 10px;
    }
    button,
    a {
      display: grid;
      place-items: center;
      border: 0;
      padding: 0;
      background: none;
      color: var(--muted);
      border-radius: 50%;
      cursor: pointer;
      width: 32px;
      height: 32px;
    }
    button {
      width: 40px;
      height: 40px;
      grid-row: span 2;
      background: var(--accent);
      color: var(--on-accent);
    }
    :focus-visible {
      outline: 2px solid var(--focus);
      outline-offset: 2px;
    }
    .label {
      grid-column: 2 / 4;
      font-size: 14px;
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    a {
      grid-column: 4;
      grid-row: 1 / span 2;
    }
    input {
      width: 100%;
      height: 18px;
      margin: 0;
      min-width: 0;
      background: none;
      appearance: none;
      cursor: pointer;
    }
    input::-webkit-slider-runnable-track {
      height: 4px;
      border-radius: 2px;
      background: var(--control);
    }
    input::-webkit-slider-thumb {
      width: 14px;
      height: 14px;
      margin-top: -5px;
      border-radius: 50%;
      background: var(--accent-text);
      appearance: none;
    }
    input::-moz-range-track {
      height: 4px;
      border-radius: 2px;
      background: var(--control);
    }
    input::-moz-range-progress {
      height: 4px;
      border-radius: 2px;
      background: var(--accent-text);
    }
    input::-moz-range-thumb {
      width: 14px;
      height: 14px;
      border: 0;
      border-radius: 50%;
      background: var(--accent-text);
    }
    .time {
      font-size: 12px;
      color: var(--muted);
      font-variant-numeric: tabular-nums;
    }
    .broken {
      grid-column: 2 / 5;
      font-size: 13px;
      color: var(--muted);
    }
  `;

  constructor() {
    super();
    this.src = "";
    this.label = "";
    this.playing = false;
    this.at = 0;
    this.length = 0;
    this.broken = false;
    this.audio.preload = "metadata";
    const follow = (): void => {
      this.playing = !this.audio.paused && !this.audio.ended;
      this.at = this.audio.currentTime;
      this.length = Number.isFinite(this.audio.duration) ? this.audio.duration : 0;
    };
    for (const name of ["timeupdate", "durationchange", "play", "pause", "ended", "seeked"]) {
      this.audio.addEventListener(name, follow);
    }
    this.audio.addEventListener("error", () => (this.broken = true));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.audio.pause();
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("src") && this.src) this.audio.src = this.src;
  }

  private toggle(): void {
    if (this.playing) this.audio.pause();
    else void this.audio.play().catch(() => (this.broken = true));
  }

  private seek(event: Event): void {
    this.audio.currentTime = Number((event.currentTarget as HTMLInputElement).value);
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.src) return nothing;
    const { strings } = this;
    const action = `${this.playing ? strings.pause : strings.play} ${this.label}`;
    return html`<div class="player" role="group" aria-label=${this.label}>
      <button type="button" aria-label=${action} ?disabled=${this.broken} @click=${this.toggle}>
        ${this.playing ? icons.pause : icons.play}
      </button>
      <span class="label">${this.label}</span>
      ${this.broken
        ? html`<span class="broken" role="status">${strings.mediaFailed}</span>`
        : html`<input
              type="range"
              min="0"
              max=${this.length || 1}
              step="0.1"
              .value=${String(this.at)}
              aria-label=${strings.position}
              aria-valuetext=${`${clock(this.at)} / ${clock(this.length)}`}
              @input=${this.seek}
            /><span class="time">${clock(this.at)} / ${clock(this.length)}</span>
            <a href=${this.src} download target="_blank" rel="noopener" aria-label=${`${strings.download} ${this.label}`}>
              ${icons.download}
            </a>`}
    </div>`;
  }
}
