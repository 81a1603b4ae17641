/** Reads replies aloud, sentence by sentence: the next one is fetched while one is heard. */

/** One sentence of a reply: its sound, and how many there are. */
export type FetchPart = (reply: string, part: number, signal: AbortSignal) => Promise<{ sound: ArrayBuffer; count: number }>;

export class Reader {
  /** The reply that is being read, or empty. */
  reading = "";
  private abort = new AbortController();
  private context: AudioContext | null = null;
  private queue: string[] = [];

  constructor(
    private readonly fetchPart: FetchPart,
    private readonly changed: (problem: unknown) => void,
  ) {}

  /** Reads a reply now, whatever is being read. Has to be called in a click the first time. */
  read(reply: string): void {
    this.stop();
    this.follow(reply);
  }

  /** Reads a reply when those before it are done. */
  follow(reply: string): void {
    this.queue.push(reply);
    if (this.reading === "") void this.run();
  }

  stop(): void {
    this.abort.abort();
    this.queue = [];
    this.reading = "";
    this.changed(null);
  }

  private async run(): Promise<void> {
    const abort = (this.abort = new AbortController());
    let problem: unknown = null;
    try {
      for (let reply = this.queue.shift(); reply !== undefined && !abort.signal.aborted; reply = this.queue.shift()) {
        this.reading = reply;
        this.changed(null);
        await this.play(reply, abort.signal);
      }
    } catch (error) {
      if (!abort.signal.aborted) problem = error;
    }
    if (this.abort !== abort) return;
    this.queue = [];
    this.reading = "";
    this.changed(problem);
  }

  private async play(reply: string, signal: AbortSignal): Promise<void> {
    const context = (this.context ??= new AudioContext());
    await context.resume();
    let next = this.fetchPart(reply, 0, signal);
    for (let part = 0; ; part += 1) {
      const { sound, count } = await next;
      const more = part + 1 < count;
      if (more) {
        next = this.fetchPart(reply, part + 1, signal);
        next.catch(() => undefined); // Awaited above when its turn comes.
      }
      await this.sound(await context.decodeAudioData(sound), context, signal);
      if (!more || signal.aborted) return;
    }
  }

  private sound(buffer: AudioBuffer, context: AudioContext, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.start();
    return new Promise((resolve) => {
      source.onended = () => resolve();
      signal.addEventListener("abort", () => {
        source.stop();
        resolve();
      });
    });
  }
}
