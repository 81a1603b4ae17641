/** Labels with bars, tags, and the text with the words that decided it marked. */
import { html, nothing, type TemplateResult } from "lit";
import type { Classification, Label, Part } from "../classification";
import type { Strings } from "../strings";

function percent(probability: number): string {
  return `${Math.min(99, Math.max(1, Math.round(100 * probability)))}%`;
}

function labelView({ label, probability }: Label): TemplateResult {
  return html`<li>
    <span class="label-name">${label}</span>
    <meter min="0" max="1" .value=${probability} aria-label=${label}>${percent(probability)}</meter>
    <span class="label-share">${percent(probability)}</span>
  </li>`;
}

function partView({ text, weight }: Part): TemplateResult {
  if (weight === 0) return html`${text}`;
  return html`<mark class=${weight > 0.6 ? "strong" : "weak"}>${text}</mark>`;
}

export function classificationView(found: Classification | null, strings: Strings): TemplateResult | typeof nothing {
  if (found === null) return nothing;
  const { labels, tags, parts } = found;
  return html`<div class="classification">
    ${labels.length > 0
      ? html`<ul class="labels" aria-label=${strings.labels}>
          ${labels.map(labelView)}
        </ul>`
      : nothing}
    ${parts.length > 0 ? html`<p class="evidence" aria-label=${strings.evidence}>${parts.map(partView)}</p>` : nothing}
    ${tags.length > 0
      ? html`<ul class="tags" aria-label=${strings.tags}>
          ${tags.map((tag) => html`<li>${tag}</li>`)}
        </ul>`
      : nothing}
  </div>`;
}
