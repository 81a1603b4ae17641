/** The page and the device around the widget: theme, size, connection, other tabs, on-screen keyboard. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

/** The same limits as in chat.css: below them the panel fills the screen. */
const FULL_SCREEN = "(max-width: 520px), (max-height: 480px)";

export interface Changes {
  /** The page is looked at again, or the device is online again. */
  awake: () => void;
  /** Another tab wrote into the store under this key. */
  stored: (key: string | null) => void;
  /** What the on-screen keyboard leaves of the page has changed. */
  keyboard: (visible: VisualViewport) => void;
}

export class Surroundings implements ReactiveController {
  private readonly narrow = matchMedia(FULL_SCREEN);
  private readonly darkScheme = matchMedia("(prefers-color-scheme: dark)");

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly changes: Changes,
  ) {
    host.addController(this);
  }

  get fullScreen(): boolean {
    return this.narrow.matches;
  }

  get dark(): boolean {
    return this.darkScheme.matches;
  }

  /** On a touch screen focus in the text field would throw up the keyboard over the conversation. */
  get touch(): boolean {
    return matchMedia("(pointer: coarse)").matches;
  }

  hostConnected(): void {
    window.addEventListener("online", this.awake);
    window.addEventListener("storage", this.stored);
    document.addEventListener("visibilitychange", this.awake);
    window.visualViewport?.addEventListener("resize", this.measure);
    window.visualViewport?.addEventListener("scroll", this.measure);
    this.darkScheme.addEventListener("change", this.redraw);
    this.narrow.addEventListener("change", this.redraw);
  }

  hostDisconnected(): void {
    window.removeEventListener("online", this.awake);
    window.removeEventListener("storage", this.stored);
    document.removeEventListener("visibilitychange", this.awake);
    window.visualViewport?.removeEventListener("resize", this.measure);
    window.visualViewport?.removeEventListener("scroll", this.measure);
    this.darkScheme.removeEventListener("change", this.redraw);
    this.narrow.removeEventListener("change", this.redraw);
  }

  /** Tells how much of the page is visible now. */
  readonly measure = (): void => {
    if (window.visualViewport) this.changes.keyboard(window.visualViewport);
  };

  private readonly redraw = (): void => this.host.requestUpdate();

  private readonly awake = (): void => {
    if (!document.hidden) this.changes.awake();
  };

  private readonly stored = (event: StorageEvent): void => this.changes.stored(event.key);
}
