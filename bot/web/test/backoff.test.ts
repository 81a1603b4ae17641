import { describe, expect, it } from "vitest";
import { Backoff } from "../src/widget/backoff";

describe("Backoff", () => {
  it("doubles up to the cap and never gives up", () => {
    const backoff = new Backoff(500, 30_000, () => 1);
    const waits = Array.from({ length: 12 }, () => backoff.next());
    expect(waits.slice(0, 5)).toEqual([500, 1000, 2000, 4000, 8000]);
    expect(waits.slice(6)).toEqual(Array(6).fill(30_000));
    for (let i = 0; i < 2000; i += 1) expect(backoff.next()).toBe(30_000);
  });

  it("spreads the waits between half the base and the ceiling", () => {
    const low = new Backoff(500, 30_000, () => 0);
    low.next();
    low.next();
    expect(low.next()).toBe(250);
    const any = new Backoff(500, 30_000);
    const waits = new Set(Array.from({ length: 40 }, () => any.next()));
    expect(waits.size).toBeGreaterThan(20);
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(250);
  });

  it("begins again after a success", () => {
    const backoff = new Backoff(500, 30_000, () => 1);
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(500);
  });
});
