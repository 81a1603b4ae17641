"""The spoken utterances of benchmarks/voice.py: held-out texts said by three voices at two speeds, with noise."""

from __future__ import annotations

import argparse
import hashlib
import itertools
import random
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from scipy.signal import resample_poly

from knowledge.store import load_faq
from models.speech.recogniser import RATE
from models.speech.synthesiser import RATE as SYNTHESIS_RATE
from models.speech.synthesiser import Synthesiser

ROOT = Path(__file__).resolve().parent.parent
HELD_OUT = ROOT / "nlu_data" / "heldout"
VOICES, SPEEDS, NOISES_DB = ("zf_xiaoxiao", "zm_yunxi", "zm_yunjian"), (0.9, 1.15), (None, 20, 10)
CONDITIONS = tuple(itertools.product(VOICES, SPEEDS, NOISES_DB))
FAQ_COUNT, SLOT_COUNT = 126, 90
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Utterance:
    """A text, how it is said, and what is right: the FAQ's entries, or slots as in heldout/recommend_slots.yml."""

    text: str
    voice: str
    speed: float
    noise_db: int | None
    entries: tuple[str, ...] = ()
    slots: dict[str, Any] | None = None
    also_ok: dict[str, Any] | None = None

    @property
    def file(self) -> str:
        """A name that changes with the text and the manner."""
        key = f"{self.text}\0{self.voice}\0{self.speed}\0{self.noise_db}"
        return hashlib.sha256(key.encode()).hexdigest()[:16] + ".wav"


def _spread(items: list[Any], count: int) -> list[Any]:
    """``count`` items at even distances, so that every topic is there."""
    return [items[int(i * len(items) / count)] for i in range(min(count, len(items)))]


def utterances() -> list[Utterance]:
    """The fixed set; each condition is as frequent as every other, among the FAQ's and among the slots'."""
    faq = yaml.safe_load((HELD_OUT / "faq.yml").read_text(encoding="utf-8"))
    known = {entry.id for entry in load_faq(ROOT / "knowledge" / "faq")}
    also = faq.get("also", {})
    pairs = [(t, (e, *also.get(t, ()))) for e, texts in faq["paraphrases"].items() if e in known for t in texts]
    found = [
        Utterance(text, *CONDITIONS[i % len(CONDITIONS)], entries=entries)
        for i, (text, entries) in enumerate(_spread(pairs, FAQ_COUNT))
    ]
    wishes = yaml.safe_load((HELD_OUT / "recommend_slots.yml").read_text(encoding="utf-8"))["utterances"]
    found += [
        Utterance(w["text"], *CONDITIONS[i % len(CONDITIONS)], slots=w["slots"], also_ok=w.get("also_ok", {}))
        for i, w in enumerate(_spread(wishes, SLOT_COUNT))
    ]
    return found


def pink_noise(length: int, rng: np.random.Generator) -> Floats:
    """Noise whose power falls with the frequency, as that of a room does; unit power."""
    spectrum = np.fft.rfft(rng.normal(size=length))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    noise = np.fft.irfft(spectrum, length)
    return (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)


def with_noise(speech: Floats, noise_db: int | None, rng: np.random.Generator) -> Floats:
    """Half a second of room before and after, and noise ``noise_db`` below the speech."""
    padded = np.pad(speech, RATE // 2)
    if noise_db is None:
        return padded
    power = float(np.sqrt(np.mean(speech**2)))
    return padded + pink_noise(len(padded), rng) * power * 10 ** (-noise_db / 20)


def make(folder: Path, synthesiser: Synthesiser) -> None:
    """Write every utterance that is not there yet as a WAV file."""
    folder.mkdir(parents=True, exist_ok=True)
    # In a mixed order, so that what is there when it is interrupted is a fair sample.
    mixed = list(enumerate(utterances()))
    random.Random(0).shuffle(mixed)
    for number, utterance in mixed:
        path = folder / utterance.file
        if path.exists():
            continue
        sound = synthesiser.speak(utterance.text, utterance.voice, utterance.speed)
        common = np.gcd(RATE, SYNTHESIS_RATE)
        speech = resample_poly(sound, RATE // common, SYNTHESIS_RATE // common).astype(np.float32)
        noisy = with_noise(speech, utterance.noise_db, np.random.default_rng(number))
        draft = path.with_suffix(".part")
        with wave.open(str(draft), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((np.clip(noisy, -1, 1) * 32767).astype(np.int16).tobytes())
        draft.rename(path)


def read(path: Path) -> Floats:
    """Samples of a file that :func:`make` wrote."""
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768


def main() -> None:
    """Make them all: python -m benchmarks.voice_sounds."""
    parser = argparse.ArgumentParser(description="合成语音评测的句子")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "voice-benchmark")
    make(parser.parse_args().folder, Synthesiser(ROOT / "var" / "speech", 2))


if __name__ == "__main__":
    main()
