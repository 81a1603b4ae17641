/**
 * The objects of the public HTTP API as the widget uses them.
 *
 * Everything that comes from the network passes a `parse…` function here: a missing or wrongly typed field becomes an
 * empty value, so that the views never meet a surprise and a newer server does not break an older widget.
 */

import { parseClassification, type Classification } from "./classification";

export interface Choice {
  title: string;
  payload: string;
}

export interface Card {
  title: string;
  subtitle: string;
  reason: string;
  image: string;
  buttons: Choice[];
}

export interface Media {
  kind: "audio" | "midi" | "score" | "image";
  url: string;
  mime: string;
  label: string;
}

export interface Reply {
  id: string;
  replyTo: string;
  text: string;
  cards: Card[];
  buttons: Choice[];
  media: Media[];
  classification: Classification | null;
  aiGenerated: boolean;
}

type Fields = Record<string, unknown>;

const MEDIA_KINDS: readonly string[] = ["audio", "midi", "score", "image"];

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function parseChoices(value: unknown): Choice[] {
  return list(value)
    .map(fields)
    .map((choice) => ({ title: text(choice.title), payload: text(choice.payload) }))
    .filter((choice) => choice.title !== "" && choice.payload !== "");
}

function parseCard(value: unknown): Card {
  const card = fields(value);
  return {
    title: text(card.title),
    subtitle: text(card.subtitle),
    reason: text(card.reason),
    image: text(card.image),
    buttons: parseChoices(card.buttons),
  };
}

function parseMedia(value: unknown): Media[] {
  const media = fields(value);
  const kind = text(media.kind);
  if (!MEDIA_KINDS.includes(kind) || text(media.url) === "") return [];
  return [{ kind: kind as Media["kind"], url: text(media.url), mime: text(media.mime), label: text(media.label) }];
}

/** A reply of the assistant, or null when the value has no id. */
export function parseReply(value: unknown): Reply | null {
  const reply = fields(value);
  const id = text(reply.id);
  if (id === "") return null;
  return {
    id,
    replyTo: text(reply.reply_to),
    text: text(reply.text),
    cards: list(reply.cards).map(parseCard),
    buttons: parseChoices(reply.buttons),
    media: list(reply.media).flatMap(parseMedia),
    classification: parseClassification(reply.capability, reply.data),
    aiGenerated: reply.ai_generated === true,
  };
}

export interface UserMessage {
  clientId: string;
  text: string;
  attachments: { id: string; kind: string; url: string }[];
}

/** One entry of a conversation as history and live clients receive it. */
export type Item = { at: number; position: number } & ({ role: "user"; message: UserMessage } | { role: "bot"; reply: Reply });

function parseItem(value: unknown): Item[] {
  const entry = fields(value);
  const at = Date.parse(text(entry.created_at)) || Date.now();
  const position = typeof entry.position === "number" ? entry.position : Number.MAX_SAFE_INTEGER;
  if (entry.role === "user") {
    const clientId = text(entry.client_message_id);
    const attachments = list(entry.attachments)
      .map(fields)
      .map((file) => ({ id: text(file.id), kind: text(file.kind), url: text(file.url) }));
    const message = { clientId, text: text(entry.text), attachments };
    return clientId === "" ? [] : [{ role: "user", at, position, message }];
  }
  const reply = parseReply(value);
  return reply === null ? [] : [{ role: "bot", at, position, reply }];
}

/** Entries in order and the position after the last one; empty when there are none. */
export interface Page {
  items: Item[];
  position: string;
  /** Whether there are more behind this page. */
  more: boolean;
}

/** Reads `{messages: […], more?}`. */
export function parsePage(value: unknown): Page {
  const { messages: entries, more } = fields(value);
  const messages = list(entries);
  const last = fields(messages.at(-1)).position;
  return { items: messages.flatMap(parseItem), position: typeof last === "number" ? String(last) : "", more: more === true };
}
