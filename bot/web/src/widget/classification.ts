/** The result of a classification inside a reply: what `data` holds when `capability` is classify. */

export interface Label {
  label: string;
  /** In [0, 1]. */
  probability: number;
}

/** A part of the text; weight in [0, 1] is 0 where the part decided nothing. */
export interface Part {
  text: string;
  weight: number;
}

export interface Classification {
  labels: Label[];
  tags: string[];
  /** The whole text in order, cut where a word decided something; empty when none did. */
  parts: Part[];
}

type Fields = Record<string, unknown>;

const LONGEST_TEXT = 400;

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function share(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0;
}

function parseLabel(value: unknown): Label[] {
  const { label, probability } = fields(value);
  return typeof label === "string" && label !== "" ? [{ label, probability: share(probability) }] : [];
}

/** Cuts the text at the evidence; positions count characters as Python does, and spans that make no sense are left out. */
export function partsOf(text: string, evidence: unknown): Part[] {
  const characters = [...text];
  const spans = list(evidence)
    .map(fields)
    .map(({ start, end, weight }) => ({ start: Number(start), end: Number(end), weight: share(weight) }))
    .filter(({ start, end, weight }) => Number.isInteger(start) && Number.isInteger(end) && weight > 0)
    .filter(({ start, end }) => start >= 0 && start < end && end <= characters.length)
    .sort((a, b) => a.start - b.start);
  if (spans.length === 0 || characters.length > LONGEST_TEXT) return [];
  const parts: Part[] = [];
  let at = 0;
  for (const { start, end, weight } of spans) {
    if (start < at) continue;
    if (start > at) parts.push({ text: characters.slice(at, start).join(""), weight: 0 });
    parts.push({ text: characters.slice(start, end).join(""), weight });
    at = end;
  }
  if (at < characters.length) parts.push({ text: characters.slice(at).join(""), weight: 0 });
  return parts;
}

/** The classification of one text in a reply's data, or null when there is nothing to draw or there are several texts. */
export function parseClassification(capability: unknown, data: unknown): Classification | null {
  const { labels, polarity, tags, text, evidence, items } = fields(data);
  if (capability !== "classify" || list(items).length > 1) return null;
  const found = [...list(labels), polarity].flatMap(parseLabel);
  const words = list(tags).filter((tag): tag is string => typeof tag === "string" && tag !== "");
  if (found.length === 0 && words.length === 0) return null;
  return { labels: found, tags: words, parts: partsOf(typeof text === "string" ? text : "", evidence) };
}
