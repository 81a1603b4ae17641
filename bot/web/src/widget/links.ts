/** Recognition of web addresses in plain text. Only http and https ever become links; the result is data, not HTML. */

export interface TextPart {
  text: string;
  /** Set when this part is a link. Always an absolute http or https address. */
  href?: string;
}

// An address ends at white space, at quotes and angle brackets, and at CJK characters and punctuation, because Chinese
// text puts no space after an address.
const ADDRESS = /https?:\/\/[^\s<>"'`\u3000-\u303f\u3400-\u9fff\uff00-\uffef\u2018-\u201d\u2026\u200b-\u200f\u202a-\u202e]+/gi;
const PUNCTUATION = ".,;:!?*_~|";
const BRACKETS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** Drops sentence punctuation and closing brackets that the address itself does not open. */
function trimAddress(address: string): string {
  const surplus = new Map(
    Object.entries(BRACKETS).map(([close, open]) => [close, address.split(close).length - address.split(open).length]),
  );
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address[end - 1]!;
    const unopened = surplus.get(last) ?? 0;
    if (unopened > 0) surplus.set(last, unopened - 1);
    else if (!PUNCTUATION.includes(last)) break;
  }
  return address.slice(0, end);
}

/** The address as the browser understands it when it is absolute http or https without credentials, else null. */
export function webAddress(value: string, base?: string): string | null {
  let url: URL;
  try {
    url = new URL(value, base);
  } catch {
    return null;
  }
  const isWeb = url.protocol === "https:" || url.protocol === "http:";
  // user:password@host is the usual disguise of a phishing address.
  return isWeb && url.username === "" && url.password === "" && url.hostname !== "" ? url.href : null;
}

/** Splits text into plain parts and links; joined, the parts' texts are the input again. */
export function splitLinks(input: string): TextPart[] {
  const parts: TextPart[] = [];
  let position = 0;
  for (const match of input.matchAll(ADDRESS)) {
    const address = trimAddress(match[0]);
    const href = webAddress(address);
    if (href === null) continue;
    if (match.index > position) parts.push({ text: input.slice(position, match.index) });
    parts.push({ text: address, href });
    position = match.index + address.length;
  }
  if (position < input.length) parts.push({ text: input.slice(position) });
  return parts;
}
