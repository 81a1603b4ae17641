/** The browser's own speech recognition. Its maker may receive the sound, so it runs only after the visitor agreed. */
import type { DictationEvents, Listening } from "./dictation";
import { MicrophoneError } from "./microphone";

interface Result {
  readonly isFinal: boolean;
  readonly 0: { transcript: string };
}

interface Recognition {
  lang: string;
  continuous: boolean;
  interimResults: boolean;
  onresult: ((event: { resultIndex: number; results: ArrayLike<Result> }) => void) | null;
  onerror: ((event: { error: string }) => void) | null;
  onend: (() => void) | null;
  start(): void;
  stop(): void;
  abort(): void;
}

type Maker = new () => Recognition;

function maker(): Maker | undefined {
  const page = window as unknown as { SpeechRecognition?: Maker; webkitSpeechRecognition?: Maker };
  return page.SpeechRecognition ?? page.webkitSpeechRecognition;
}

export function browserRecognises(): boolean {
  return maker() !== undefined;
}

export function listenInBrowser(handsFree: boolean, language: string, events: DictationEvents): Listening {
  const Recogniser = maker();
  if (!Recogniser) throw new MicrophoneError("unsupported");
  const recognition = new Recogniser();
  recognition.lang = language;
  recognition.continuous = handsFree;
  recognition.interimResults = true;
  recognition.onresult = (event) => {
    for (let i = event.resultIndex; i < event.results.length; i += 1) {
      const result = event.results[i];
      if (!result) continue;
      if (result.isFinal) events.heard(result[0].transcript.trim());
      else events.interim(result[0].transcript.trim());
    }
  };
  recognition.onerror = (event) => {
    if (event.error !== "aborted") events.problem("");
  };
  recognition.onend = () => events.ended();
  recognition.start();
  return { finish: () => recognition.stop(), cancel: () => recognition.abort() };
}
