"""Sound: renders a MIDI file with a soundfont and writes WAV, OGG and MP3 with the AI mark in their tags."""

from __future__ import annotations

import functools
import io
from pathlib import Path

import midirenderer
import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import resample_poly

from models.errors import WenyuError

AI_TAG = '{"AIGC":{"Label":"1","ContentProducer":"Wenyu"}} AI-generated music'
"""The implicit mark that China's labelling rules for generated content of 2025 ask for in a file's metadata."""
PEAK = 0.9
RATE_DIVISOR = 2
"""The renderer works at 48 kHz in stereo; 24 kHz in mono sounds the same with this soundfont and encodes in a quarter
of the time."""
SILENCE = 1e-3
FORMATS = {"wav": ("WAV", "PCM_16"), "ogg": ("OGG", "VORBIS"), "mp3": ("MP3", "MPEG_LAYER_III")}


class SoundError(WenyuError):
    """There is no sound to be had from this installation."""

    code = "no_sound"
    status = 500


@functools.lru_cache(maxsize=1)
def soundfont() -> bytes:
    """The General MIDI soundfont TimGM6mb that the package pretty_midi carries (GPL-2, 6 MB)."""
    import pretty_midi

    path = Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"
    try:
        return path.read_bytes()
    except OSError as error:
        raise SoundError("这台服务器上没有音色库，暂时出不了声音。", hint="重新安装 pretty_midi") from error


def render(midi: bytes) -> tuple[npt.NDArray[np.float32], int]:
    """Samples [n] between -0.9 and 0.9, and the rate in Hz."""
    wave = bytes(midirenderer.render_wave_from(soundfont(), midi))
    stereo, rate = soundfile.read(io.BytesIO(wave), dtype="float32", always_2d=True)
    samples = resample_poly(stereo.mean(1), 1, RATE_DIVISOR).astype(np.float32)
    loudness = np.abs(samples)
    heard = np.flatnonzero(loudness > SILENCE * loudness.max(initial=0.0))
    end = heard[-1] + rate // RATE_DIVISOR // 4 if len(heard) else rate // RATE_DIVISOR
    return samples[:end] / max(1e-9, float(loudness.max(initial=0.0))) * PEAK, rate // RATE_DIVISOR


def encode(samples: npt.NDArray[np.float32], rate: int, form: str, title: str) -> bytes:
    """A sound file, ``form`` one of wav, ogg, mp3; ``title`` in ASCII, because an MP3's tag holds no more, and not empty."""
    name, subtype = FORMATS[form]
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", rate, 1, format=name, subtype=subtype) as file:
        file.title = title
        file.comment = AI_TAG
        file.software = "Wenyu"
        file.write(samples)
    return out.getvalue()
