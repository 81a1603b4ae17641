/** What stands above the conversation: the head, the question whether to start again, and notices. */
import { html, nothing, type TemplateResult } from "lit";
import type { Strings } from "../strings";
import { icons, seal } from "./icons";

type Action = () => void;

export function headerView(title: string, strings: Strings, act: { restart: Action; close: Action }): TemplateResult {
  return html`<header class="header">
    <span class="seal">${seal}</span>
    <div class="names">
      <h2 id="title">${title}</h2>
      <p>${strings.subtitle}</p>
    </div>
    <button type="button" class="icon restart" aria-label=${strings.restart} title=${strings.restart} @click=${act.restart}>
      ${icons.restart}
    </button>
    <button type="button" class="icon" aria-label=${strings.close} title=${strings.close} @click=${act.close}>
      ${icons.close}
    </button>
  </header>`;
}

export function restartView(strings: Strings, act: { confirm: Action; cancel: Action }): TemplateResult {
  return html`<div class="bar ask" role="alertdialog" aria-labelledby="question">
    <span id="question">${strings.restartQuestion}</span>
    <button type="button" class="plain" @click=${act.cancel}>${strings.cancel}</button>
    <button type="button" class="solid" @click=${act.confirm}>${strings.restartYes}</button>
  </div>`;
}

/** Always in the page, so that screen readers notice what appears in it. */
export function statusView(strings: Strings, offline: boolean, notice: string, reconnect: Action): TemplateResult {
  return html`<div class="status" role="status">
    ${offline
      ? html`<div class="bar offline">
          <span>${strings.offline}</span>
          <button type="button" class="text" @click=${reconnect}>${strings.reconnectNow}</button>
        </div>`
      : nothing}
    ${notice ? html`<div class="bar">${notice}</div>` : nothing}
  </div>`;
}
