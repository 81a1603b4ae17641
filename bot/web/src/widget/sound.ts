/** Sounds in formats that the server does not take, such as what phones and browsers record, become WAV files here. */

/** What the server takes as it is. */
const TAKEN = /^audio\/(wav|x-wav|wave|vnd\.wave|ogg|mpeg|mp3|midi|x-midi|mid)$/;
const RATE = 16_000;
/** Seconds; what comes after them is left out. */
const LONGEST_S = 120;
/** Bytes; a larger file is left to the server, which says what is wrong with it. */
const LARGEST = 20 * 2 ** 20;
const HEADER_BYTES = 44;

/** Whether a file is a sound; a recording made in a browser may call itself a film without pictures. */
export function isSound(type: string): boolean {
  return /^(audio\/|video\/webm)/.test(type);
}

/** The same sound as a file that the server takes; the file itself where the browser cannot decode it. */
export async function acceptable(file: File): Promise<File> {
  const type = file.type.split(";")[0] ?? "";
  if (!isSound(type) || TAKEN.test(type) || file.size > LARGEST) return file;
  try {
    const decoded = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await file.arrayBuffer());
    const channels = Array.from({ length: decoded.numberOfChannels }, (_, i) => decoded.getChannelData(i));
    return new File([wav(mixed(channels, LONGEST_S * RATE), RATE)], file.name.replace(/\.\w+$/, "") + ".wav", { type: "audio/wav" });
  } catch {
    return file;
  }
}

/** The mean of the channels, at most `longest` samples. */
export function mixed(channels: Float32Array[], longest: number): Float32Array {
  const length = Math.min(longest, channels[0]?.length ?? 0);
  return Float32Array.from({ length }, (_, i) => channels.reduce((sum, channel) => sum + (channel[i] ?? 0), 0) / channels.length);
}

/** A mono WAV file of 16 bits a sample; samples are -1 … 1. */
export function wav(samples: Float32Array, rate: number): ArrayBuffer {
  const bytes = 2 * samples.length;
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + bytes));
  const tag = (at: number, text: string): void => [...text].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  tag(0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + bytes, true);
  tag(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  tag(36, "data");
  view.setUint32(40, bytes, true);
  samples.forEach((sample, i) => view.setInt16(HEADER_BYTES + 2 * i, Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), true));
  return view.buffer as ArrayBuffer;
}
