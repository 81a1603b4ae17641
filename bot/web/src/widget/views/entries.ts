/** The entries of a conversation in order, with the greeting before them and suggestions while there are none. */
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Entry } from "../timeline";
import { botView, userView, type MessageContext } from "./message";

export interface EntriesModel {
  readonly entries: readonly Entry[];
  readonly loaded: boolean;
  readonly typing: boolean;
}

function entryView(entry: Entry, before: Entry | undefined, context: MessageContext): TemplateResult {
  const day = (at: number): string =>
    new Date(at).toLocaleDateString(context.language, { year: "numeric", month: "long", day: "numeric" });
  const newDay = before !== undefined && day(before.at) !== day(entry.at);
  return html`${newDay ? html`<p class="day">${day(entry.at)}</p>` : nothing}
  ${entry.role === "bot" ? botView(entry, context) : userView(entry, context)}`;
}

function suggestionsView({ strings, say }: MessageContext): TemplateResult {
  return html`<div class="suggestions" role="group" aria-label=${strings.suggestionsLabel}>
    <p aria-hidden="true">${strings.suggestionsLabel}</p>
    ${strings.suggestions.map(
      (question) => html`<button type="button" class="choice" lang="zh-CN" @click=${() => say(question)}>${question}</button>`,
    )}
  </div>`;
}

export function entriesView(model: EntriesModel, greeting: string, context: MessageContext): TemplateResult {
  const { entries, loaded, typing } = model;
  const { strings } = context;
  return html`<div class="entries">
    <div class="message bot greeting">
      <span class="hidden">${strings.assistant}：</span>
      <div class="bubble">${greeting}</div>
    </div>
    ${repeat(
      entries,
      (entry) => entry.key,
      (entry, index) => entryView(entry, entries[index - 1], context),
    )}
    ${loaded && entries.length === 0 ? suggestionsView(context) : nothing}
    <div class="typing" role="status">
      ${typing ? html`<span class="hidden">${strings.typing}</span><i></i><i></i><i></i>` : nothing}
    </div>
  </div>`;
}
