"""Speech to text: Whisper base (MIT), int8, by CTranslate2, behind Silero's voice-activity detection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import opencc

from models.speech.build import WHISPER, is_built
from models.speech.errors import SpeechError

if TYPE_CHECKING:
    from ctranslate2 import StorageView
    from faster_whisper import WhisperModel

RATE = 16_000
SILENT_PEAK = 0.006
"""Below this the recording holds nothing, or the microphone is muted."""
LEAST_SPEECH_S = 0.2
PAUSE_MS, PAD_MS = 600, 200
WINDOWS_S = (8, 15, 30)
"""Whisper's encoder is run over a window no longer than needed: it takes nearly all the time, and 30 s is its maximum."""
MARGIN_S = 1.0
FRAMES_PER_S = 100
PROMPT = "以下是普通话的句子，使用简体中文。"
UNSURE_LOG_PROBABILITY, NO_SPEECH_PROBABILITY = -1.0, 0.8
REPEATED = re.compile(r"(.{1,12}?)\1{5,}")
# What Whisper writes where there is no speech: credits of the subtitles that it was trained on.
CREDITS = re.compile(r"字幕|谢谢(?:观看|收看|大家收看)|请不吝点赞|订阅.{0,6}(?:频道|打赏)|明镜|Amara")
NOT_SAID = re.compile(r"[\s\W_]+")
Heard = Literal["speech", "silence", "noise", "unclear"]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Transcript:
    """What was understood.

    Attributes:
        text: simplified Chinese; empty unless ``heard`` is speech.
        heard: silence (nothing), noise (sound without speech: noise, music), unclear (speech that was not understood).
        speech_s: seconds of speech.
        quiet_s: seconds since the last speech ended.
    """

    text: str
    heard: Heard
    speech_s: float
    quiet_s: float


class Window:
    """Shortens what a Whisper model encodes from 30 s to ``frames`` hundredths of a second."""

    def __init__(self, model: WhisperModel) -> None:
        self.frames = WINDOWS_S[-1] * FRAMES_PER_S
        self._encode = model.encode
        model.encode = self.encode

    def encode(self, features: Floats) -> StorageView:
        """Encode the beginning of ``features`` [mels, frames]; what is cut is padding."""
        return self._encode(features[..., : self.frames])


class Recogniser:
    """Understands Mandarin speech.

    Args:
        folder: what :mod:`models.speech.build` made.
        threads: computing threads.
        vocabulary: words to expect, the likeliest last.

    Raises:
        SpeechError: the models are not built.
    """

    def __init__(self, folder: Path, threads: int, vocabulary: str = "") -> None:
        if not is_built(folder):
            raise SpeechError("语音识别没有安装好。", hint="运行 make setup")
        from faster_whisper import WhisperModel

        self._model = WhisperModel(
            str(folder / WHISPER), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )
        self._window = Window(self._model)
        self._simplify = opencc.OpenCC("t2s").convert
        self._prompt = PROMPT + vocabulary

    def listen(self, samples: Floats) -> tuple[list[tuple[int, int]], float]:
        """Where there is speech: (start, end) in samples, and the seconds since the last one ended."""
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        options = VadOptions(min_silence_duration_ms=PAUSE_MS, speech_pad_ms=PAD_MS, min_speech_duration_ms=150)
        spans = [(int(s["start"]), int(s["end"])) for s in get_speech_timestamps(samples, options)]
        last = spans[-1][1] - PAD_MS * RATE // 1000 if spans and spans[-1][1] < len(samples) else len(samples)
        return spans, (len(samples) - last) / RATE if spans else len(samples) / RATE

    def recognise(self, samples: Floats, *, beam_size: int = 5, context: str = "") -> Transcript:
        """Understand a recording.

        Args:
            samples: [n] mono at ``RATE``, within ±1; whatever length, the time grows with the speech in it.
            beam_size: 1 is faster, for interim texts.
            context: names that the conversation has just mentioned.
        """
        spans, quiet_s = self.listen(samples)
        speech_s = sum(end - start for start, end in spans) / RATE
        if speech_s < LEAST_SPEECH_S:
            silent = float(np.abs(samples).max(initial=0.0)) < SILENT_PEAK
            return Transcript("", "silence" if silent else "noise", 0.0, quiet_s)
        speech = np.concatenate([samples[start:end] for start, end in spans])
        window = next((s for s in WINDOWS_S if speech_s + MARGIN_S <= s), WINDOWS_S[-1])
        prompt = f"{self._prompt}{context}"
        self._window.frames = window * FRAMES_PER_S
        segments, _ = self._model.transcribe(
            speech,
            language="zh",
            beam_size=beam_size,
            temperature=[0.0],
            initial_prompt=prompt,
            without_timestamps=window < WINDOWS_S[-1],
            condition_on_previous_text=False,
        )
        parts = list(segments)
        text = self._simplify("".join(part.text for part in parts)).strip()
        doubtful = all(
            part.avg_logprob < UNSURE_LOG_PROBABILITY or part.no_speech_prob > NO_SPEECH_PROBABILITY for part in parts
        )
        if doubtful or is_echo(text, prompt) or REPEATED.search(text):
            return Transcript("", "unclear", speech_s, quiet_s)
        return Transcript(punctuated(text), "speech", speech_s, quiet_s)


def is_echo(text: str, prompt: str) -> bool:
    """Whether Whisper only repeated its prompt, or credits from its training, as it does where nothing is said."""
    bare = NOT_SAID.sub("", text)
    if len(bare) < 1 or CREDITS.search(text):
        return True
    return len(bare) >= 6 and bare in NOT_SAID.sub("", prompt)


def punctuated(text: str) -> str:
    """Chinese punctuation between Chinese characters; Whisper writes either."""
    for ascii_mark, mark in ((",", "，"), ("?", "？"), ("!", "！"), (";", "；"), (":", "：")):
        text = re.sub(
            rf"(?<=[\u4e00-\u9fff]){re.escape(ascii_mark)}\s*|{re.escape(ascii_mark)}\s*(?=[\u4e00-\u9fff])", mark, text
        )
    return re.sub(r"(?<=[\u4e00-\u9fff])\.(?=$|[\u4e00-\u9fff])", "。", text).strip()
