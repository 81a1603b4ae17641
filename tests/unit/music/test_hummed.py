"""Recordings: what is hummed or whistled is heard as it was meant, and what is no melody is a sentence."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from models.music.hummed import RecordingError, find_tempo, read_recording
from models.music.tensor import notes_of

RATE = 22_050
TUNE = ((0, 2), (2, 2), (4, 2), (0, 2), (4, 2), (5, 2), (7, 4), (9, 2), (7, 2), (5, 2), (4, 2), (0, 4), (2, 2), (0, 6))
"""Semitones above the first note, and lengths in eighths: four bars."""


def hum(tonic: float, tempo: int, *, harmonics: int = 6, unsteady: int = 0) -> npt.NDArray[np.float64]:
    """A voice that sings TUNE: vibrato, breath, a short gap before each note, pitch and time a little off."""
    random = np.random.default_rng(unsteady)
    parts = []
    for semitones, eighths in TUNE:
        seconds = eighths * 30 / tempo + random.normal(0, 0.012)
        t = np.arange(int(seconds * RATE)) / RATE
        vibrato = 0.25 * np.sin(2 * np.pi * 5.3 * t) * np.minimum(1, t / 0.3)
        midi = tonic + semitones + random.normal(0, 0.12) + vibrato - 0.8 * np.exp(-t / 0.025)
        phase = np.cumsum(440 * 2 ** ((midi - 69) / 12)) / RATE
        voice = sum(np.sin(2 * np.pi * k * phase) / k**1.5 for k in range(1, harmonics + 1))
        sung = np.clip(np.minimum(t / 0.03, (seconds - 0.05 - t) / 0.05), 0, 1)
        parts.append(voice * sung + random.normal(0, 0.01, len(t)))
    return np.concatenate([np.zeros(RATE // 3), *parts])


def encoded(samples: npt.ArrayLike, form: str = "WAV", subtype: str | None = None) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, np.asarray(samples) * 0.2, RATE, format=form, subtype=subtype)
    return out.getvalue()


@pytest.mark.parametrize(
    ("tonic", "tempo", "harmonics", "form", "subtype"),
    [
        pytest.param(48.0, 90, 6, "WAV", None, id="a low voice"),
        pytest.param(60.3, 104, 6, "OGG", "VORBIS", id="a voice between two keys"),
        pytest.param(55.8, 120, 4, "MP3", "MPEG_LAYER_III", id="faster"),
        pytest.param(86.0, 96, 1, "WAV", None, id="whistled"),
    ],
)
def test_a_melody_is_heard(tonic: float, tempo: int, harmonics: int, form: str, subtype: str | None) -> None:
    melody = read_recording(encoded(hum(tonic, tempo, harmonics=harmonics, unsteady=tempo), form, subtype))
    notes = notes_of(melody.tokens)
    assert [n.pitch - notes[0].pitch for n in notes] == [semitones for semitones, _ in TUNE]
    starts = np.cumsum([0, *(2 * eighths for _, eighths in TUNE[:-1])])
    assert [n.start for n in notes] == starts.tolist()
    assert abs(melody.tempo / tempo - 1) < 0.06
    assert len(melody.tokens) == 4 * 16


def speech() -> npt.NDArray[np.float64]:
    """What has the pitch of speech: it falls through half an octave in each syllable."""
    t = np.arange(int(0.22 * RATE)) / RATE
    syllables = []
    for start in (52, 49, 54, 47, 50, 53, 48, 51, 55, 46, 50, 48):
        phase = np.cumsum(440 * 2 ** ((start - 32 * t - 69) / 12)) / RATE
        syllables += [sum(np.sin(2 * np.pi * k * phase) / k for k in range(1, 8)) * np.hanning(len(t)), np.zeros(900)]
    return np.concatenate(syllables)


NOTHING = {
    "silence": np.zeros(3 * RATE),
    "noise": np.random.default_rng(0).normal(0, 0.3, 4 * RATE),
    "one note": np.sin(2 * np.pi * 220 * np.arange(4 * RATE) / RATE),
    "speech": speech(),
    "a moment": np.sin(2 * np.pi * 220 * np.arange(RATE // 5) / RATE),
    "nothing": np.zeros(0),
}


@pytest.mark.parametrize("name", NOTHING)
def test_without_a_melody_there_is_a_sentence(name: str) -> None:
    with pytest.raises(RecordingError, match=r"录音里"):
        read_recording(encoded(NOTHING[name]))


@pytest.mark.parametrize("data", [b"", b"RIFF\x24\x00\x00\x00WAVE", b"OggS" + bytes(200), b"ID3" + bytes(5000)])
def test_a_damaged_recording_is_a_sentence(data: bytes) -> None:
    with pytest.raises(RecordingError):
        read_recording(data)


def test_a_usual_tempo_when_all_would_do() -> None:
    assert 80 <= find_tempo(np.arange(12) * 60 / 96) <= 110
