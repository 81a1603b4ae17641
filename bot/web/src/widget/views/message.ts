/** One message of the conversation: text, cards, buttons, media and what can be done with it. */
import { html, nothing, type TemplateResult } from "lit";
import { ref } from "lit/directives/ref.js";
import { splitLinks } from "../links";
import type { AttachmentView, BotEntry, UserEntry } from "../timeline";
import type { Strings } from "../strings";
import type { Card, Choice, Media } from "../wire";
import { classificationView } from "./classification";
import { icons } from "./icons";

export interface MessageContext {
  strings: Strings;
  language: string;
  /** Turns an address of a reply into one that is safe to load, or null. */
  mediaUrl(address: string): string | null;
  say(payload: string): void;
  retry(entry: UserEntry): void;
  discard(entry: UserEntry): void;
  copy(entry: BotEntry): void;
  vote(entry: BotEntry, value: 1 | -1): void;
  comment(entry: BotEntry, text: string): void;
  /** Reads a reply aloud, or stops. */
  read(entry: BotEntry): void;
  /** The reply that is being read. */
  reading: string;
  voteOf(entry: BotEntry): 1 | -1 | undefined;
  /** Reply whose comment form is open. */
  commenting: string;
  copied: string;
  thanked: string;
}

function richText(value: string): TemplateResult[] {
  return splitLinks(value).map((part) =>
    part.href
      ? html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow">${part.text}</a>`
      : html`${part.text}`,
  );
}

function timeOfDay(at: number, language: string): TemplateResult | typeof nothing {
  if (!at) return nothing;
  const moment = new Date(at);
  const clock = moment.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hour12: false });
  return html`<time datetime=${moment.toISOString()}>${clock}</time>`;
}

function choices(list: Choice[], context: MessageContext): TemplateResult | typeof nothing {
  if (list.length === 0) return nothing;
  return html`<div class="choices">
    ${list.map(
      (choice) => html`<button type="button" class="choice" @click=${() => context.say(choice.payload)}>${choice.title}</button>`,
    )}
  </div>`;
}

function hideBroken(event: Event): void {
  (event.currentTarget as HTMLElement).classList.add("broken");
}

function cardView(card: Card, context: MessageContext): TemplateResult {
  const image = card.image === "" ? null : context.mediaUrl(card.image);
  return html`<li class="card">
    <div class="cover" aria-hidden="true">
      <span>${[...card.title.replace(/^[《「『"'“\s]+/, "")][0] ?? ""}</span>
      ${image
        ? html`<img src=${image} alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer" @error=${hideBroken} />`
        : nothing}
    </div>
    <div class="card-body">
      <p class="card-title">${card.title}</p>
      ${card.subtitle ? html`<p class="card-subtitle">${card.subtitle}</p>` : nothing}
      ${card.reason ? html`<p class="card-reason">${card.reason}</p>` : nothing}
      ${choices(card.buttons, context)}
    </div>
  </li>`;
}

function mediaView(media: Media, context: MessageContext, playable: boolean): TemplateResult | typeof nothing {
  const url = context.mediaUrl(media.url);
  if (url === null) return nothing;
  const { strings } = context;
  // A file to keep: what a browser neither plays nor draws, such as MIDI and MusicXML, and WAV beside a sound that plays sooner.
  const notation = media.kind === "score" && !media.mime.startsWith("image/");
  if (media.kind === "midi" || notation || (playable && media.mime === "audio/wav")) {
    return html`<a class="file" href=${url} download target="_blank" rel="noopener">
      ${icons.download}<span>${media.label || strings.midiFile}</span>
    </a>`;
  }
  if (media.kind === "audio") {
    return html`<wenyu-audio .src=${url} .label=${media.label || strings.sound} .strings=${strings}></wenyu-audio>`;
  }
  const label = media.label || strings.picture;
  return html`<figure>
    <a href=${url} target="_blank" rel="noopener" aria-label=${`${label}，${strings.openImage}`}>
      <img class=${media.kind} src=${url} alt=${label} loading="lazy" decoding="async" @error=${hideBroken} />
    </a>
    ${media.label ? html`<figcaption>${media.label}</figcaption>` : nothing}
  </figure>`;
}

function feedback(entry: BotEntry, context: MessageContext): TemplateResult {
  const { strings } = context;
  const vote = context.voteOf(entry);
  const thumb = (value: 1 | -1, label: string): TemplateResult =>
    html`<button
      type="button"
      class="tool"
      aria-pressed=${vote === value ? "true" : "false"}
      aria-label=${label}
      title=${label}
      @click=${() => context.vote(entry, value)}
    >
      ${value === 1 ? icons.up : icons.down}
    </button>`;
  const copied = context.copied === entry.reply.id;
  const reading = context.reading === entry.reply.id;
  const readLabel = reading ? strings.stopReading : strings.read;
  return html`<div class="tools">
    <button
      type="button"
      class="tool read"
      aria-pressed=${reading ? "true" : "false"}
      aria-label=${readLabel}
      title=${readLabel}
      @click=${() => context.read(entry)}
    >
      ${reading ? icons.stop : icons.speaker}
    </button>
    <button type="button" class="tool" aria-label=${strings.copy} title=${strings.copy} @click=${() => context.copy(entry)}>
      ${copied ? icons.check : icons.copy}
    </button>
    ${thumb(1, strings.helpful)} ${thumb(-1, strings.unhelpful)}
    <span class="notice" role="status"
      >${copied ? strings.copied : context.thanked === entry.reply.id ? strings.thanks : nothing}</span
    >
  </div>`;
}

function commentForm(entry: BotEntry, context: MessageContext): TemplateResult | typeof nothing {
  if (context.commenting !== entry.reply.id) return nothing;
  const { strings } = context;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    context.comment(entry, String(new FormData(form).get("comment") ?? "").trim());
  };
  return html`<form class="comment" @submit=${submit}>
    <label for="comment">${strings.commentLabel}</label>
    <textarea id="comment" name="comment" rows="2" maxlength="500"></textarea>
    <div class="row">
      <button type="button" class="plain" @click=${() => context.comment(entry, "")}>${strings.commentSkip}</button>
      <button type="submit" class="solid">${strings.commentSend}</button>
    </div>
  </form>`;
}

export function botView(entry: BotEntry, context: MessageContext): TemplateResult {
  const { reply } = entry;
  const { strings } = context;
  const playable = reply.media.some((media) => media.kind === "audio" && media.mime !== "audio/wav");
  return html`<div class="message bot" data-id=${reply.id}>
    <span class="hidden">${strings.assistant}：</span>
    ${reply.text ? html`<div class="bubble">${richText(reply.text)}</div>` : nothing}
    ${classificationView(reply.classification, strings)}
    ${reply.cards.length > 0 ? html`<ul class="cards">${reply.cards.map((card) => cardView(card, context))}</ul>` : nothing}
    ${reply.media.map((media) => mediaView(media, context, playable))} ${choices(reply.buttons, context)}
    <div class="meta">
      ${timeOfDay(entry.at, context.language)}
      ${reply.aiGenerated ? html`<span class="ai">${strings.aiGenerated}</span>` : nothing} ${feedback(entry, context)}
    </div>
    ${commentForm(entry, context)}
  </div>`;
}

/** Draws a picture that was chosen in this page. A canvas needs no blob: or data: address, which a strict policy forbids. */
export function paint(preview: ImageBitmap): (canvas?: Element) => void {
  return (canvas) => {
    if (!(canvas instanceof HTMLCanvasElement) || canvas.width === preview.width) return;
    canvas.width = preview.width;
    canvas.height = preview.height;
    canvas.getContext("2d")?.drawImage(preview, 0, 0);
  };
}

function delivery(entry: UserEntry, context: MessageContext): TemplateResult | typeof nothing {
  const { strings } = context;
  if (entry.delivery === "sent") return nothing;
  if (entry.delivery === "sending") return html`<span class="delivery">${strings.sending}</span>`;
  return html`<span class="delivery problem">
    ${entry.delivery === "retrying" ? strings.retrying : entry.problem || strings.failed}
    <button type="button" class="text" @click=${() => context.retry(entry)}>${strings.retry}</button>
    <button type="button" class="text" @click=${() => context.discard(entry)}>${strings.discard}</button>
  </span>`;
}

function attachmentView(attachment: AttachmentView, context: MessageContext): TemplateResult {
  const { strings } = context;
  const picture = attachment.kind !== "audio";
  const name = attachment.name || (picture ? strings.picture : strings.sound);
  const url = attachment.url === "" ? null : context.mediaUrl(attachment.url);
  if (attachment.preview) {
    return html`<canvas class="sent-picture" role="img" aria-label=${name} ${ref(paint(attachment.preview))}></canvas>`;
  }
  if (picture && url) return html`<img class="sent-picture" src=${url} alt=${name} loading="lazy" @error=${hideBroken} />`;
  return html`<span class="file">${picture ? icons.picture : icons.sound}<span>${name}</span></span>`;
}

export function userView(entry: UserEntry, context: MessageContext): TemplateResult {
  return html`<div class="message user" data-client-id=${entry.clientId} data-delivery=${entry.delivery}>
    <span class="hidden">${context.strings.you}：</span>
    ${entry.attachments.map((attachment) => attachmentView(attachment, context))}
    ${entry.text ? html`<div class="bubble">${richText(entry.text)}</div>` : nothing}
    <div class="meta">${delivery(entry, context)} ${timeOfDay(entry.at, context.language)}</div>
  </div>`;
}
