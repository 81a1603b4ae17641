"""Text to speech: Kokoro 82M (Apache-2.0), int8, by ONNX Runtime, with Mandarin voices."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.speech.build import KOKORO, VOICES, is_built
from models.speech.english import phonemes
from models.speech.errors import SpeechError
from models.speech.spoken import spoken

RATE = 24_000
MOST_TOKENS = 510
"""What one pass of the network takes."""
SLOWEST, FASTEST = 0.5, 2.0
DEFAULT_VOICE = "zf_xiaoxiao"
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
EDGE_S, QUIET = 0.06, 0.004
PEAK = 0.9
Floats = npt.NDArray[np.float32]


class Synthesiser:
    """Speaks.

    Args:
        folder: what :mod:`models.speech.build` made.
        threads: computing threads.

    Raises:
        SpeechError: the models are not built.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        if not is_built(folder):
            raise SpeechError("语音合成没有安装好。", hint="运行 make setup")
        import onnxruntime
        from misaki import zh

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that spin while they wait slow everything else down on a busy machine, themselves most of all.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / KOKORO / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._vocabulary: dict[str, int] = json.loads((folder / KOKORO / "vocab.json").read_text())["vocab"]
        self._voices = {path.stem: path for path in sorted((folder / VOICES).glob("*.bin"))}
        self._chinese = zh.ZHG2P()

    @property
    def voices(self) -> list[str]:
        """Names of the voices; ``zf_`` female, ``zm_`` male."""
        return list(self._voices)

    def phonemes(self, text: str) -> str:
        """Chinese by syllable with tones, English words by the dictionary."""
        said = []
        start = 0
        for match in CHINESE.finditer(text):
            said += [" ", phonemes(self._chinese.map_punctuation(text[start : match.start()])), " "]
            said.append(self._chinese.legacy_call(match.group()))
            start = match.end()
        said += [" ", phonemes(self._chinese.map_punctuation(text[start:]))]
        return re.sub(r"\s+([,.!?;:])", r"\1", " ".join("".join(said).split()))

    def speak(self, text: str, voice: str = DEFAULT_VOICE, speed: float = 1.0) -> Floats:
        """``text`` (one piece, see :func:`models.speech.spoken.pieces`) as samples [n] at ``RATE``, within ±1.

        Raises:
            SpeechError: an unknown voice.
        """
        if voice not in self._voices:
            raise SpeechError(f"没有这个嗓音，可用的有：{'、'.join(self._voices)}。", code="unknown_voice")
        tokens = [self._vocabulary[c] for c in self.phonemes(spoken(text)) if c in self._vocabulary][:MOST_TOKENS]
        if not tokens:
            return np.zeros(0, np.float32)
        styles = np.fromfile(self._voices[voice], np.float32).reshape(-1, 1, 256)
        feeds = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": styles[len(tokens) - 1],
            "speed": np.array([min(FASTEST, max(SLOWEST, speed))], np.float32),
        }
        samples = np.asarray(self._session.run(None, feeds)[0], np.float32).ravel()
        return _trimmed(samples)


def _trimmed(samples: Floats) -> Floats:
    """Without the long silence that the network leaves at both ends, and never clipped."""
    heard = np.flatnonzero(np.abs(samples) > QUIET)
    if len(heard) == 0:
        return samples[:0]
    edge = int(EDGE_S * RATE)
    cut = samples[max(0, heard[0] - edge) : heard[-1] + 2 * edge]
    peak = float(np.abs(cut).max())
    return cut * min(1.0, PEAK / peak) if peak > 0 else cut
