"""Reads the melody of a hummed, sung, whistled or played recording: pitch track, notes, tempo, bars."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import resample_poly

from models.errors import WenyuError
from models.music.midi import Melody, melody_of
from models.music.piece import FASTEST, SLOWEST

if TYPE_CHECKING:
    from swift_f0 import PitchResult, SwiftF0

LONGEST_S = 30
RATE = 16_000
HIGHEST_RATE, MOST_CHANNELS = 192_000, 8
LEAST_NOTES, LEAST_PITCHES = 4, 2
SHORTEST_S = 0.09
STEADY_SEMITONES, LEAST_STEADY = 0.5, 0.65
"""A melody dwells on its notes; the pitch of speech glides, and is near that of no note most of the time."""
CONFIDENT, ENOUGH_VOICED = 0.5, 0.4
TICKS = 480
VOICE = 52
"""General MIDI program, choir: what a hummed melody is nearest to."""
TEMPOS = np.arange(60, 145)
USUAL_TEMPO = 96
Notes = list[tuple[float, float, float]]
"""Start and end in seconds, pitch as a MIDI number with fractions."""


class RecordingError(WenyuError):
    """A recording without a melody that can be read."""

    code = "no_melody"
    status = 400


def read_recording(data: bytes) -> Melody:
    """The melody of a WAV, OGG or MP3 file: one voice, its first half minute.

    Raises:
        RecordingError: the file is damaged, silent, or holds nothing melodic.
    """
    samples = _samples(data)
    notes = _notes(samples)
    if len(notes) < LEAST_NOTES or len({round(pitch) for _, _, pitch in notes}) < LEAST_PITCHES:
        raise RecordingError("录音里没有听出旋律。请对着话筒清楚地哼几个小节（只要一个声音，不要伴奏），再发一次。")
    tempo = find_tempo(np.array([start for start, _, _ in notes]))
    return melody_of(_on_grid(notes, tempo), TICKS, tempo, VOICE)


def _samples(data: bytes) -> npt.NDArray[np.float32]:
    """At most LONGEST_S seconds in mono at RATE."""
    broken = RecordingError("这段录音打不开，可能已经损坏，请换一个（WAV、OGG 或 MP3）。")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate = file.samplerate
            if not 0 < rate <= HIGHEST_RATE or not 0 < file.channels <= MOST_CHANNELS:
                raise broken
            sound = file.read(LONGEST_S * rate, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, ValueError, RuntimeError) as error:
        raise broken from error
    mono = np.nan_to_num(sound.mean(1))
    peak = float(np.abs(mono).max(initial=0.0))
    if len(mono) < rate // 2 or peak < 1e-3:
        raise RecordingError("录音里几乎没有声音。请靠近话筒，哼几个小节再发一次。")
    common = np.gcd(rate, RATE)
    even: npt.NDArray[np.float32] = resample_poly(mono / peak, RATE // common, rate // common).astype(np.float32)
    return even


@functools.lru_cache(maxsize=1)
def _detector() -> SwiftF0:
    # Imported here: only those who upload a recording wait for it.
    from swift_f0 import SwiftF0

    return SwiftF0(threads=1, spin=False)


def _notes(samples: npt.NDArray[np.float32]) -> Notes:
    """The notes, in tune with themselves: nobody hums to a tuning fork."""
    from swift_f0 import segment_notes

    track, octaves = _track(samples)
    pitched = [
        (note.start, note.end, 69 + 12 * float(np.log2(note.pitch_hz / 440)))
        for note in segment_notes(track)
        if note.end - note.start >= SHORTEST_S
    ]
    if not pitched or _steadiness(track, pitched) < LEAST_STEADY:
        return []
    turns = np.exp(2j * np.pi * np.array([pitch for _, _, pitch in pitched]))
    lengths = np.array([end - start for start, end, _ in pitched])
    sharp = float(np.angle((turns * lengths).sum())) / (2 * np.pi)
    speed = 2**octaves
    return [(start / speed, end / speed, pitch - sharp + 12 * octaves) for start, end, pitch in pitched]


def _track(samples: npt.NDArray[np.float32]) -> tuple[PitchResult, int]:
    """The pitch track, and how many octaves below the recording it is.

    Whistling goes higher than the tracker hears: a recording in which it hears little is played to it at half speed.
    """
    track = _detector().detect(samples, RATE)
    heard = _voiced_share(track)
    if heard >= ENOUGH_VOICED:
        return track, 0
    slow = _detector().detect(resample_poly(samples, 2, 1).astype(np.float32), RATE)
    return (slow, 1) if _voiced_share(slow) > heard else (track, 0)


def _voiced_share(track: PitchResult) -> float:
    return float((track.confidence >= CONFIDENT).mean())


def _steadiness(track: PitchResult, notes: Notes) -> float:
    """Share of the voiced time that lies near the pitch of a note."""
    voiced = track.confidence >= CONFIDENT
    midi = 69 + 12 * np.log2(np.maximum(track.pitch_hz, 1) / 440)
    near = np.zeros(len(midi), bool)
    for start, end, pitch in notes:
        inside = (track.timestamps >= start) & (track.timestamps < end)
        near |= inside & (np.abs(midi - pitch) < STEADY_SEMITONES)
    return float((near & voiced).sum() / max(1, voiced.sum()))


def find_tempo(starts: npt.NDArray[np.float64]) -> int:
    """Quarters a minute whose sixteenths, eighths and quarters the times between the notes are nearest to; a usual one if in doubt.

    Args:
        starts: [n] seconds, in order, at least two.
    """
    gaps = np.diff(starts)
    best, least = USUAL_TEMPO, np.inf
    for tempo in TEMPOS.tolist():
        sixteenths = gaps * tempo / 15
        off = sum(np.abs(s - np.round(s)).mean() * weight for s, weight in (
            (sixteenths, 1.0), (sixteenths / 2, 0.5), (sixteenths / 4, 0.25),
        ))  # fmt: skip
        off += (np.round(sixteenths) == 0).mean() + 0.12 * abs(np.log2(tempo / USUAL_TEMPO))
        if off < least:
            best, least = tempo, off
    return int(min(FASTEST, max(SLOWEST, best)))


def _on_grid(notes: Notes, tempo: int) -> list[tuple[int, int, int]]:
    """Notes in ticks on the grid of sixteenths, beginning with a bar.

    Each note is placed by its distance to the one before, because a voice without a metronome drifts; and it goes on
    to the next one unless a rest of an eighth is heard.
    """
    step_s, step = 15 / tempo, TICKS // 4
    at, placed = 0, []
    for (start, end, pitch), after in zip(notes, [*notes[1:], None], strict=True):
        length = max(1, round((end - start) / step_s))
        until = at + (max(1, round((after[0] - start) / step_s)) if after else length)
        stop = until if until - at - length < 2 else at + length
        placed.append((at * step, min(stop, until) * step, round(pitch)))
        at = until
    return placed
