/** Speaking and listening of one widget: what the visitor chose, what is going on, and what went wrong. */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import { ApiError } from "../api";
import type { Conversation } from "../conversation";
import type { Memory, VoiceChoices } from "../storage";
import type { Strings } from "../strings";
import { browserRecognises, listenInBrowser } from "./browser";
import { Dictation, type DictationEvents, type Listening } from "./dictation";
import { MicrophoneError } from "./microphone";
import { Reader } from "./reader";

export interface Heard {
  interim(text: string): void;
  /** A sentence; `send` in hands-free mode. */
  final(text: string, send: boolean): void;
}

export class Voice implements ReactiveController {
  state: "off" | "starting" | "listening" | "finishing" = "off";
  /** Loudness of what the microphone hears, 0–1. */
  level = 0;
  problem = "";
  /** Whether the settings are shown. */
  settings = false;
  /** Set by the input line, which shows what goes on here. */
  redrawInput: () => void = () => undefined;
  private listening: Listening | null = null;
  /** Given up while the microphone was being opened. */
  private cancelled = false;
  private readonly reader: Reader;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly conversation: Conversation,
    private readonly memory: Memory,
    private readonly strings: Strings,
    private readonly language: string,
  ) {
    host.addController(this);
    this.reader = new Reader(
      (reply, part, signal) => conversation.speech(reply, part, this.choices.speed, signal),
      (problem) => {
        if (problem !== null) this.problem = (problem instanceof ApiError && problem.sentence) || strings.voiceFailed;
        this.redraw();
      },
    );
  }

  hostDisconnected(): void {
    this.cancel();
    this.reader.stop();
  }

  get choices(): VoiceChoices {
    return this.memory.voice();
  }

  get browserOffered(): boolean {
    return browserRecognises();
  }

  choose(values: Partial<VoiceChoices>): void {
    this.memory.setVoice({ ...this.choices, ...values });
    if (values.aloud === false) this.reader.stop();
    this.redraw();
  }

  show(settings: boolean): void {
    this.settings = settings;
    this.redraw();
  }

  /** The reply that is being read, or empty. */
  get reading(): string {
    return this.reader.reading;
  }

  toggleReading(reply: string): void {
    this.problem = "";
    if (this.reading === reply) this.reader.stop();
    else this.reader.read(reply);
  }

  /** Replies that have just come. */
  arrived(replies: string[]): void {
    if (this.choices.aloud) for (const reply of replies) this.reader.follow(reply);
  }

  hush(): void {
    this.reader.stop();
  }

  async start(heard: Heard): Promise<void> {
    if (this.state !== "off") return;
    this.reader.stop();
    this.problem = "";
    this.cancelled = false;
    this.set("starting");
    const { handsFree, browser } = this.choices;
    const events: DictationEvents = {
      interim: (text) => heard.interim(text),
      heard: (text) => {
        if (text !== "") heard.final(text, handsFree);
      },
      level: (value) => {
        this.level = value;
        this.redraw();
      },
      problem: (sentence) => {
        this.problem = sentence || this.strings.voiceFailed;
        this.redraw();
      },
      ended: () => {
        this.listening = null;
        this.level = 0;
        heard.interim("");
        this.set("off");
      },
    };
    try {
      const listening =
        browser && this.browserOffered
          ? listenInBrowser(handsFree, this.language, events)
          : await Dictation.start(() => this.conversation.openSpeech(), handsFree, events);
      if (this.cancelled) return listening.cancel();
      this.listening = listening;
      this.set("listening");
    } catch (error) {
      this.problem = this.sentence(error);
      this.set("off");
    }
  }

  /** The sentence is over: wait for its text. */
  finish(): void {
    if (this.state === "starting") return this.cancel();
    if (this.state !== "listening") return;
    this.set("finishing");
    this.listening?.finish();
  }

  cancel(): void {
    const { listening } = this;
    this.cancelled = true;
    this.set("off");
    listening?.cancel();
  }

  private sentence(error: unknown): string {
    if (error instanceof MicrophoneError) {
      return { denied: this.strings.micDenied, missing: this.strings.micMissing, unsupported: this.strings.micUnsupported }[
        error.problem
      ];
    }
    return (error instanceof ApiError && error.sentence) || this.strings.voiceFailed;
  }

  private set(state: Voice["state"]): void {
    this.state = state;
    this.redraw();
  }

  private redraw(): void {
    this.host.requestUpdate();
    this.redrawInput();
  }
}
