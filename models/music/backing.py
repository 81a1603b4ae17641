"""The accompaniment under a melody, from its chords: what plays, when."""

from __future__ import annotations

from dataclasses import dataclass

from models.music.piece import Piece
from models.music.tensor import CHORD_STEPS, STEPS, triad

BASS_LOW = 36
CHORD_LOW = 48
CHORD_VELOCITY, BASS_VELOCITY = 58, 66


@dataclass(frozen=True)
class Sound:
    """A note that sounds: onset and length in steps, MIDI number, velocity 1 … 127."""

    start: int
    length: int
    pitch: int
    velocity: int


def backing(piece: Piece) -> list[Sound]:
    """The accompaniment in the request's pattern: held chords, broken chords, bass alone, or bass and chord in turn."""
    pattern = piece.request.pattern
    if pattern == "none":
        return []
    chords = piece.chords.tolist()
    sounds: list[Sound] = []
    for half, chord in enumerate(chords):
        bass, upper = voicing(chord, piece.request.tonic)
        closing = half == len(chords) - 1
        sounds += _half_bar("block" if closing else pattern, bass, upper, half * CHORD_STEPS)
    return _joined(sounds) if pattern in ("block", "bass") else sounds


def voicing(chord: int, tonic: int) -> tuple[int, tuple[int, ...]]:
    """The bass note and three close notes above it, MIDI numbers."""
    classes = [(tonic + p) % 12 for p in triad(chord)]
    bass = BASS_LOW + (classes[0] - BASS_LOW) % 12
    return bass, tuple(sorted(CHORD_LOW + (c - CHORD_LOW) % 12 for c in classes))


def _half_bar(pattern: str, bass: int, upper: tuple[int, ...], start: int) -> list[Sound]:
    if pattern == "bass":
        return [Sound(start, CHORD_STEPS, bass, BASS_VELOCITY)]
    if pattern == "block":
        return [
            Sound(start, CHORD_STEPS, bass, BASS_VELOCITY),
            *(Sound(start, CHORD_STEPS, p, CHORD_VELOCITY) for p in upper),
        ]
    if pattern == "march":
        return [
            Sound(start, 4, bass, BASS_VELOCITY),
            *(Sound(start + 4, 2, p, CHORD_VELOCITY) for p in upper),
        ]
    low, middle, high = upper
    return [
        Sound(start + 2 * i, 2, p, BASS_VELOCITY if i == 0 else CHORD_VELOCITY)
        for i, p in enumerate((bass, low, high, middle))
    ]


def _joined(sounds: list[Sound]) -> list[Sound]:
    """Notes that are struck again while the chord stays are held instead, within a bar."""
    held: dict[int, Sound] = {}
    out: list[Sound] = []
    for sound in sounds:
        before = held.get(sound.pitch)
        goes_on = before is not None and before.start + before.length == sound.start and sound.start % STEPS
        if before is not None and goes_on:
            out.remove(before)
            sound = Sound(before.start, before.length + sound.length, sound.pitch, sound.velocity)  # noqa: PLW2901
        held[sound.pitch] = sound
        out.append(sound)
    return out
