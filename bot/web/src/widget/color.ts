/** Colours of the operator's brand, kept readable: the accent is taken as given, what is written on it follows. */

type Rgb = readonly [number, number, number];

/** Red, green, blue in 0–255 from `#rgb` or `#rrggbb`; null for anything else. */
export function parseHex(value: string): Rgb | null {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(value.trim());
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(value.trim());
  const digits = short ? short.slice(1).map((digit) => digit + digit) : long?.slice(1);
  if (!digits) return null;
  const [red, green, blue] = digits.map((pair) => Number.parseInt(pair, 16));
  return [red!, green!, blue!];
}

/** Relative luminance of WCAG 2.2, in [0, 1]. */
function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

/** Contrast ratio of WCAG 2.2, in [1, 21]. */
export function contrast(first: Rgb, second: Rgb): number {
  const [dark, light] = [luminance(first), luminance(second)].sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

function toHex(rgb: Rgb): string {
  return `#${rgb.map((channel) => Math.round(channel).toString(16).padStart(2, "0")).join("")}`;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return [0, 1, 2].map((i) => from[i]! + (to[i]! - from[i]!) * share) as unknown as Rgb;
}

const WHITE: Rgb = [255, 255, 255];
const INK: Rgb = [28, 26, 23];

/** White or ink, whichever reads better on the accent. */
export function inkOn(accent: Rgb): string {
  return toHex(contrast(accent, WHITE) >= contrast(accent, INK) ? WHITE : INK);
}

/** The accent, moved towards black or white until text in it has a contrast of at least 4.5 on the ground. */
export function readableOn(accent: Rgb, ground: Rgb): string {
  const target: Rgb = luminance(ground) > 0.4 ? [0, 0, 0] : WHITE;
  for (let share = 0; share < 1; share += 0.05) {
    const candidate = mix(accent, target, share);
    if (contrast(candidate, ground) >= 4.5) return toHex(candidate);
  }
  return toHex(target);
}

/** The panel's ground in chat.css, per theme. */
const GROUND = { light: [250, 247, 240], dark: [29, 27, 24] } as const;

/** The custom properties of the stylesheet that follow from the operator's colour; none when it set no colour. */
export function accentColors(color: string, theme: "light" | "dark"): Record<string, string> {
  const accent = parseHex(color);
  if (!accent) return {};
  return {
    "--accent": color,
    "--on-accent": inkOn(accent),
    "--accent-text": readableOn(accent, GROUND[theme]),
  };
}
