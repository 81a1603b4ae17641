/**
 * What the widget remembers in the visitor's browser, per embedding site and per Wenyu server.
 *
 * Unsent messages have a key each: two open tabs then never overwrite each other's queue. Where localStorage is
 * forbidden (private mode, third-party frames) everything lives in memory and is gone after a reload.
 */

export interface Session {
  token: string;
  /** Milliseconds since the epoch, or 0 when unknown. */
  expires: number;
}

export interface Unsent {
  clientId: string;
  text: string;
  attachments: { id: string; name: string; kind: string }[];
  /** Milliseconds since the epoch when the visitor sent it. */
  at: number;
}

/** What a visitor chose about speaking and listening; everything off at first. */
export interface VoiceChoices {
  handsFree: boolean;
  aloud: boolean;
  /** 0.5–2 times the usual speed. */
  speed: number;
  /** Agreed that the browser's maker may receive the sound. */
  browser: boolean;
}

const SILENT: VoiceChoices = { handsFree: false, aloud: false, speed: 1, browser: false };

class MemoryStorage {
  private readonly values = new Map<string, string>();

  get length(): number {
    return this.values.size;
  }
  key(index: number): string | null {
    return [...this.values.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.values.set(key, value);
  }
  removeItem(key: string): void {
    this.values.delete(key);
  }
}

type Backing = Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">;

function browserStorage(): Backing {
  try {
    const probe = "wenyu:probe";
    window.localStorage.setItem(probe, "1");
    window.localStorage.removeItem(probe);
    return window.localStorage;
  } catch {
    return new MemoryStorage();
  }
}

export class Memory {
  private readonly backing: Backing;
  private readonly prefix: string;

  constructor(server: string, backing?: Backing) {
    this.backing = backing ?? browserStorage();
    this.prefix = `wenyu:${server}:`;
  }

  get sessionKey(): string {
    return `${this.prefix}session`;
  }

  session(): Session | null {
    const session = this.read<Session>("session");
    if (!session || typeof session.token !== "string") return null;
    if (session.expires && session.expires < Date.now()) return null;
    return session;
  }

  setSession(session: Session | null): void {
    this.write("session", session);
  }

  unsent(): Unsent[] {
    const prefix = `${this.prefix}unsent:`;
    const keys: string[] = [];
    for (let i = 0; i < this.backing.length; i += 1) {
      const key = this.backing.key(i);
      if (key?.startsWith(prefix)) keys.push(key.slice(this.prefix.length));
    }
    return keys
      .map((key) => this.read<Unsent>(key))
      .filter((message): message is Unsent => typeof message?.clientId === "string")
      .sort((a, b) => a.at - b.at);
  }

  keep(message: Unsent): void {
    this.write(`unsent:${message.clientId}`, message);
  }

  drop(clientId: string): void {
    this.write(`unsent:${clientId}`, null);
  }

  /** Thumbs of this conversation: reply id to 1 or -1. */
  votes(): Record<string, 1 | -1> {
    return this.read<Record<string, 1 | -1>>("votes") ?? {};
  }

  setVotes(votes: Record<string, 1 | -1>): void {
    this.write("votes", votes);
  }

  voice(): VoiceChoices {
    return { ...SILENT, ...this.read<Partial<VoiceChoices>>("voice") };
  }

  setVoice(choices: VoiceChoices): void {
    this.write("voice", choices);
  }

  draft(): string {
    return this.read<string>("draft") ?? "";
  }

  setDraft(draft: string): void {
    this.write("draft", draft === "" ? null : draft);
  }

  private read<T>(name: string): T | null {
    try {
      const value = this.backing.getItem(this.prefix + name);
      return value === null ? null : (JSON.parse(value) as T);
    } catch {
      return null;
    }
  }

  private write(name: string, value: unknown): void {
    try {
      if (value === null) this.backing.removeItem(this.prefix + name);
      else this.backing.setItem(this.prefix + name, JSON.stringify(value));
    } catch {
      // The quota is used up: the conversation goes on, only without memory.
    }
  }
}

/** Whether the panel was open in this tab, kept from page to page; with a value it is remembered. */
export function panelState(base: string, value?: "open" | "closed"): string {
  const key = `wenyu:${base}:panel`;
  try {
    if (value) sessionStorage.setItem(key, value);
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}
