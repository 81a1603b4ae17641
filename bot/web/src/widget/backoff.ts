/**
 * Exponential back-off with full jitter: after failure n the wait is uniform in [base / 2, min(cap, base · 2ⁿ)], so that
 * ten thousand widgets do not knock on a restarted server at the same moment. It never gives up.
 */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly baseMs = 500,
    private readonly capMs = 30_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** Number of failures since the last success. */
  get attempts(): number {
    return this.failures;
  }

  /** Milliseconds to wait before the next attempt; counts one failure. */
  next(): number {
    const ceiling = Math.min(this.capMs, this.baseMs * 2 ** Math.min(this.failures, 20));
    const floor = this.baseMs / 2;
    this.failures += 1;
    return Math.round(floor + this.random() * Math.max(0, ceiling - floor));
  }

  reset(): void {
    this.failures = 0;
  }
}
