/** Line icons drawn for the widget on a 24-unit grid; decorative, so hidden from screen readers. */
import { svg, html, type SVGTemplateResult, type TemplateResult } from "lit";

function icon(paths: SVGTemplateResult): TemplateResult {
  return html`<svg
    viewBox="0 0 24 24"
    width="20"
    height="20"
    fill="none"
    stroke="currentColor"
    stroke-width="1.6"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${paths}
  </svg>`;
}

export const icons = {
  close: icon(svg`<path d="M6 9.5l6 6 6-6"/>`),
  restart: icon(svg`<path d="M12 20h8M4.5 19.5l.9-3.6L16.2 5.1a1.9 1.9 0 0 1 2.7 2.7L8.1 18.6z"/>`),
  attach: icon(svg`<path d="M19 11.5l-7.4 7.4a4.6 4.6 0 0 1-6.5-6.5l7.8-7.8a3.1 3.1 0 0 1 4.4 4.4l-7.7 7.7a1.5 1.5 0 0 1-2.2-2.2l7-7"/>`),
  send: icon(svg`<path d="M12 19V5.5M6 11l6-6 6 6"/>`),
  copy: icon(svg`<rect x="9" y="9" width="10.5" height="10.5" rx="2"/><path d="M15 5.5A1.5 1.5 0 0 0 13.5 4H6a2 2 0 0 0-2 2v7.5A1.5 1.5 0 0 0 5.5 15"/>`),
  check: icon(svg`<path d="M5 12.5l4.5 4.5L19 7.5"/>`),
  up: icon(svg`<path d="M7.5 11v9H5a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1zm0 0l3.7-7a2.2 2.2 0 0 1 2 2.6L12.7 10H18a2 2 0 0 1 2 2.4l-1.2 6a2 2 0 0 1-2 1.6H7.5"/>`),
  down: icon(svg`<path d="M16.5 13V4H19a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1zm0 0l-3.7 7a2.2 2.2 0 0 1-2-2.6l.5-3.4H6a2 2 0 0 1-2-2.4l1.2-6a2 2 0 0 1 2-1.6h9.3"/>`),
  play: icon(svg`<path d="M8.5 5.5v13l10-6.5z" fill="currentColor"/>`),
  pause: icon(svg`<path d="M8.5 6v12M15.5 6v12" stroke-width="2.6"/>`),
  download: icon(svg`<path d="M12 4.5v11M7 11l5 5 5-5M5 20h14"/>`),
  picture: icon(svg`<rect x="4" y="5" width="16" height="14" rx="2"/><path d="M4 16l4.5-4.5 4 4 3-3L20 17"/><circle cx="15.5" cy="9.5" r="1.3"/>`),
  sound: icon(svg`<path d="M9 17.5V6l10-2v11.5"/><circle cx="6.5" cy="17.5" r="2.5"/><circle cx="16.5" cy="15.5" r="2.5"/>`),
  microphone: icon(svg`<rect x="9" y="3.5" width="6" height="11" rx="3"/><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v2.5"/>`),
  stop: icon(svg`<rect x="6.5" y="6.5" width="11" height="11" rx="2"/>`),
  speaker: icon(svg`<path d="M4.5 9.5v5h3.5l4.5 3.5V6L8 9.5zM16 9a4.2 4.2 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11"/>`),
  remove: icon(svg`<path d="M7 7l10 10M17 7L7 17"/>`),
  latest: icon(svg`<path d="M12 5v13.5M6 13l6 6 6-6"/>`),
};

/** The seal of the assistant: 文 in four brush strokes. */
export const seal: TemplateResult = html`<svg viewBox="0 0 32 32" width="100%" height="100%" fill="currentColor" aria-hidden="true">
  <path d="M14.2 4.6c1.7.7 3 1.7 3.7 2.9.5 1-.1 2.1-1.1 2.2-.8.1-1.3-.5-1.6-1.3-.4-1.1-1-2.2-1.9-3.1-.2-.4.3-.9.9-.7z" />
  <path d="M4.7 12.3c-.5-.6-.2-1.1.5-1.1 6.9.2 13.7-.1 20.1-1 .9-.1 1.9.7 2.3 1.4.3.6-.1 1-.8 1-5.6-.2-12.6.2-18.8 1.1-1.3.2-2.5-.3-3.3-1.4z" />
  <path d="M19.7 12.6c.9.1 1.9.6 2.2 1.2.2.4 0 .8-.2 1.3-2.7 6.5-7.5 10.8-15.3 13-.8.2-1.2-.5-.5-.9 6.7-3.4 10.7-7.7 12.8-13.5.2-.6.4-1.1 1-1.1z" />
  <path d="M10.3 14.1c2.7 5.2 6.9 8.8 12.5 10.9 1.5.5 3.1.8 4.7.9.7.1.8.8.2 1.1-1 .6-2.3 1-3.5 1.1-.7 0-1.3-.2-2-.6-6.1-3.2-10.3-7.5-12.8-12.7-.3-.7.5-1.3.9-.7z" />
</svg>`;
