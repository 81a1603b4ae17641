import { describe, expect, it } from "vitest";

import { acceptable, isSound, mixed, wav } from "../src/widget/sound";

describe("sounds", () => {
  it("are mixed to one channel and cut", () => {
    const channels = [Float32Array.of(1, 0, 0.5), Float32Array.of(0, -1, 0.5)];
    expect([...mixed(channels, 2)]).toEqual([0.5, -0.5]);
    expect([...mixed(channels, 9)]).toEqual([0.5, -0.5, 0.5]);
  });

  it("are written as WAV", () => {
    const view = new DataView(wav(Float32Array.of(0, 1, -2), 16_000));
    expect(new TextDecoder().decode(view.buffer.slice(0, 16))).toBe("RIFF*\0\0\0WAVEfmt ");
    expect(view.getUint32(24, true)).toBe(16_000);
    expect(view.getUint32(40, true)).toBe(6);
    expect([44, 46, 48].map((at) => view.getInt16(at, true))).toEqual([0, 32_767, -32_767]);
  });

  it("go as they are when the server takes them or nothing can decode them", async () => {
    for (const type of ["audio/mpeg", "audio/ogg;codecs=opus", "image/png", "audio/mp4"]) {
      const file = new File(["x"], "x", { type });
      expect(await acceptable(file)).toBe(file);
    }
  });

  it("are told from films", () => {
    expect(["audio/mp4", "video/webm", "video/mp4", "image/png"].map(isSound)).toEqual([true, true, false, false]);
  });
});
