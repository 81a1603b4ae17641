/** One stretch of listening: microphone to server, texts back. The server decides in hands-free mode when a sentence ends. */
import { Microphone } from "./microphone";

export interface DictationEvents {
  /** What is understood so far of the sentence that is being spoken. */
  interim(text: string): void;
  /** A whole sentence. */
  heard(text: string): void;
  level(value: number): void;
  /** The server's sentence about what went wrong; empty when the connection broke. */
  problem(sentence: string): void;
  /** Nothing more will come. */
  ended(): void;
}

export interface Listening {
  /** The sentence is over; its text still comes. */
  finish(): void;
  /** Nothing more is wanted. */
  cancel(): void;
}

interface Frame {
  type?: string;
  text?: string;
  error?: { message?: string };
}

/** How long the server may take for the text after the last word. */
const PATIENCE_MS = 60_000;
/** What a microphone hears before the connection stands is kept, up to this many blocks. */
const MAX_WAITING = 200;

export class Dictation implements Listening {
  private waiting: Int16Array<ArrayBuffer>[] = [];
  private ready = false;
  private over = false;
  private finishing = false;
  private timer = 0;

  private constructor(
    private readonly socket: WebSocket,
    private readonly handsFree: boolean,
    private readonly events: DictationEvents,
    private microphone: Microphone | null,
  ) {}

  /** Opens the microphone first: without it no connection is needed. */
  static async start(connect: () => Promise<WebSocket>, handsFree: boolean, events: DictationEvents): Promise<Dictation> {
    let self: Dictation | null = null;
    const early: Int16Array<ArrayBuffer>[] = [];
    const microphone = await Microphone.open((samples, level) => {
      events.level(level);
      if (self) self.hear(samples);
      else early.push(samples);
    });
    try {
      self = new Dictation(await connect(), handsFree, events, microphone);
    } catch (error) {
      microphone.close();
      throw error;
    }
    self.waiting = early;
    self.listen(microphone.rate);
    return self;
  }

  private listen(rate: number): void {
    const { socket } = this;
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (typeof event.data === "string") this.read(JSON.parse(event.data) as Frame, rate);
    };
    socket.onclose = () => this.end(this.over ? null : "");
    socket.onerror = () => undefined; // The close that follows says all.
  }

  private read(frame: Frame, rate: number): void {
    const { type, text = "" } = frame;
    if (type === "ready") {
      const id = crypto.randomUUID?.() ?? Math.random().toString(36).slice(2);
      this.socket.send(JSON.stringify({ type: "start", id, rate, hands_free: this.handsFree }));
      this.ready = true;
      for (const samples of this.waiting.splice(0)) this.socket.send(samples);
      if (this.finishing) this.socket.send(JSON.stringify({ type: "stop" }));
    } else if (type === "partial") this.events.interim(text);
    else if (type === "limit") this.release();
    else if (type === "ignored") this.events.interim("");
    else if (type === "final") {
      this.events.heard(text);
      if (!this.handsFree || this.finishing) this.end(null);
    } else if (type === "error") {
      const sentence = frame.error?.message ?? "";
      if (this.handsFree && !this.finishing) this.events.problem(sentence);
      else this.end(sentence);
    }
  }

  private hear(samples: Int16Array<ArrayBuffer>): void {
    if (this.over || this.finishing) return;
    if (this.ready) this.socket.send(samples);
    else if (this.waiting.length < MAX_WAITING) this.waiting.push(samples);
  }

  private release(): void {
    this.finishing = true;
    this.microphone?.close();
    this.microphone = null;
  }

  finish(): void {
    if (this.over || this.finishing) return;
    this.release();
    if (this.ready) this.socket.send(JSON.stringify({ type: "stop" }));
    this.timer = window.setTimeout(() => this.end(""), PATIENCE_MS);
  }

  cancel(): void {
    this.end(null);
  }

  private end(problem: string | null): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    this.release();
    this.socket.close();
    if (problem !== null) this.events.problem(problem);
    this.events.ended();
  }
}
