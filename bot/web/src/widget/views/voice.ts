/** What is seen of the voice: the microphone button, the bar while it listens, and the settings. */
import { html, nothing, type TemplateResult } from "lit";
import type { Strings } from "../strings";
import type { Heard, Voice } from "../voice/voice";
import { icons } from "./icons";

/** A press that lasts longer is push-to-talk: the sentence ends when it is released. */
const HOLD_MS = 450;
const SPEEDS = [0.75, 1, 1.25, 1.5];

/** One click starts, another ends; held, it listens as long as it is held. Enter and Space click. */
export function microphoneView(voice: Voice, strings: Strings, heard: Heard): TemplateResult {
  const on = voice.state === "starting" || voice.state === "listening";
  let pressed = 0;
  const toggle = (): void => {
    if (on) voice.finish();
    else void voice.start(heard);
  };
  const down = (event: PointerEvent): void => {
    pressed = event.timeStamp;
    if (on || voice.state === "finishing") return;
    const button = event.currentTarget as HTMLElement;
    const release = (up: Event): void => {
      button.removeEventListener("pointerup", release);
      button.removeEventListener("pointercancel", release);
      if (up.timeStamp - pressed < HOLD_MS) return;
      // The click that follows a long press must not begin anew.
      button.addEventListener("click", (click) => click.stopImmediatePropagation(), { capture: true, once: true });
      voice.finish();
    };
    button.addEventListener("pointerup", release);
    button.addEventListener("pointercancel", release);
    window.setTimeout(() => {
      if (button.matches(":active") && voice.state === "off") void voice.start(heard);
    }, HOLD_MS - 50);
  };
  const label = on ? strings.micStop : strings.micStart;
  return html`<button
    type="button"
    class="mic"
    aria-label=${label}
    title=${label}
    aria-pressed=${on ? "true" : "false"}
    ?disabled=${voice.state === "finishing"}
    @click=${toggle}
    @pointerdown=${down}
    @contextmenu=${(event: Event) => event.preventDefault()}
  >
    ${on ? icons.stop : icons.microphone}
  </button>`;
}

function settingsView(voice: Voice, strings: Strings): TemplateResult {
  const { handsFree, aloud, speed, browser } = voice.choices;
  const check = (name: "handsFree" | "aloud" | "browser", value: boolean, label: string): TemplateResult =>
    html`<label>
      <input type="checkbox" name=${name} .checked=${value} @change=${(event: Event) =>
        voice.choose({ [name]: (event.currentTarget as HTMLInputElement).checked })} />
      ${label}
    </label>`;
  return html`<fieldset class="voice-settings">
    <legend class="hidden">${strings.voiceSettings}</legend>
    ${check("handsFree", handsFree, strings.handsFree)} ${check("aloud", aloud, strings.readAloud)}
    <label>
      ${strings.speed}
      <select @change=${(event: Event) => voice.choose({ speed: Number((event.currentTarget as HTMLSelectElement).value) })}>
        ${SPEEDS.map((value) => html`<option value=${value} ?selected=${value === speed}>${value}×</option>`)}
      </select>
    </label>
    ${voice.browserOffered ? check("browser", browser, strings.browserRecognition) : nothing}
  </fieldset>`;
}

/** Above the input line: what goes on, what went wrong, what can be set. */
export function voiceBar(voice: Voice, strings: Strings): TemplateResult | typeof nothing {
  const active = voice.state !== "off";
  const { handsFree, aloud } = voice.choices;
  if (!active && !voice.problem && !voice.settings && !handsFree && !aloud) return nothing;
  const status = { off: "", starting: strings.micStarting, listening: strings.listening, finishing: strings.understanding };
  return html`<div class="voice-bar">
    ${voice.problem ? html`<p class="voice-problem" role="alert">${voice.problem}</p>` : nothing}
    <div class="voice-line">
      ${active
        ? html`<meter aria-hidden="true" min="0" max="1" .value=${voice.level}></meter>
            <span role="status">${status[voice.state]}</span>
            <button type="button" class="voice-text" @click=${() => voice.cancel()}>${strings.cancel}</button>`
        : html`<span></span>`}
      <button
        type="button"
        class="voice-text"
        aria-expanded=${voice.settings ? "true" : "false"}
        @click=${() => {
          if (voice.settings) voice.problem = "";
          voice.show(!voice.settings);
        }}
      >
        ${voice.settings ? strings.close2 : strings.voiceSettings}
      </button>
    </div>
    ${voice.settings ? settingsView(voice, strings) : nothing}
  </div>`;
}
