/**
 * What the microphone hears, as 16-bit samples.
 *
 * A ScriptProcessorNode and not a worklet: a worklet's code is a file of its own, which the policy of a page that embeds the
 * widget would have to allow.
 */

const BLOCK = 4096;
/** The highest rate that the server takes. */
const MAX_RATE = 48_000;

export type MicrophoneProblem = "denied" | "missing" | "unsupported";

export class MicrophoneError extends Error {
  constructor(readonly problem: MicrophoneProblem) {
    super(problem);
  }
}

export function toSamples(block: Float32Array, step: number): Int16Array<ArrayBuffer> {
  const samples = new Int16Array(Math.floor(block.length / step));
  for (let i = 0; i < samples.length; i += 1) {
    let sum = 0;
    for (let j = 0; j < step; j += 1) sum += block[i * step + j] ?? 0;
    samples[i] = Math.max(-1, Math.min(1, sum / step)) * 32767;
  }
  return samples;
}

export class Microphone {
  private constructor(
    private readonly stream: MediaStream,
    private readonly context: AudioContext,
    readonly rate: number,
  ) {}

  /** Asks for the microphone. @param heard gets the samples and their loudness, 0–1. */
  static async open(heard: (samples: Int16Array<ArrayBuffer>, level: number) => void): Promise<Microphone> {
    if (!navigator.mediaDevices?.getUserMedia) throw new MicrophoneError("unsupported");
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      throw new MicrophoneError(name === "NotFoundError" || name === "NotReadableError" ? "missing" : "denied");
    }
    const context = new AudioContext();
    await context.resume();
    const step = Math.ceil(context.sampleRate / MAX_RATE);
    const source = context.createMediaStreamSource(stream);
    const processor = context.createScriptProcessor(BLOCK, 1, 1);
    processor.onaudioprocess = (event) => {
      const block = event.inputBuffer.getChannelData(0);
      let power = 0;
      for (const value of block) power += value * value;
      heard(toSamples(block, step), Math.min(1, Math.sqrt(power / block.length) * 6));
    };
    source.connect(processor);
    processor.connect(context.destination);
    return new Microphone(stream, context, context.sampleRate / step);
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop();
    void this.context.close();
  }
}
