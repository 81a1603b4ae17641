/**
 * Keeps a growing conversation in view: at its end while the visitor is there, where the visitor reads otherwise.
 *
 * A reply that is taller than the window is shown from its beginning.
 */
const NEAR_END_PIXELS = 60;
/** Space above a long reply that is scrolled to its beginning. */
const READING_PIXELS = 16;

export class Scrolling {
  /** Whether the visitor has scrolled away from the newest message. */
  away = false;
  private log: HTMLElement | null = null;
  private lastTop = 0;
  private readonly grown = new ResizeObserver(() => this.stay());

  /** @param changed called when `away` has changed. */
  constructor(private readonly changed: () => void) {}

  /** Follows this scrolling box, whose first child is its content; null ends it. */
  follow(log: HTMLElement | null): void {
    this.grown.disconnect();
    this.log = log;
    this.away = false;
    if (!log?.firstElementChild) return;
    this.grown.observe(log);
    this.grown.observe(log.firstElementChild);
    this.toEnd();
  }

  /** To be called at every scroll event of the box. */
  scrolled(): void {
    if (!this.log) return;
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    const nearEnd = scrollHeight - scrollTop - clientHeight <= NEAR_END_PIXELS;
    // Content that grows below, such as a picture that loads, is no wish to read further up.
    const away = !nearEnd && (this.away || scrollTop < this.lastTop);
    this.lastTop = scrollTop;
    if (away === this.away) return;
    this.away = away;
    this.changed();
  }

  /** To the end, wherever the visitor reads. */
  toEnd(): void {
    const { log } = this;
    if (!log) return;
    const last = [...log.querySelectorAll<HTMLElement>(".message")].at(-1);
    const tall = last?.matches(".bot") === true && last.offsetHeight > log.clientHeight - READING_PIXELS;
    log.scrollTop = tall ? last.offsetTop - READING_PIXELS : log.scrollHeight;
  }

  /** To the end, unless the visitor reads further up. */
  stay(): void {
    if (!this.away) this.toEnd();
  }
}
