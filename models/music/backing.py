"""The accompaniment under a melody, from its chords: what plays, when."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.music.piece import Piece
from models.music.tensor import CHORD_STEPS, triad

HELD = ("block", "bass")
"""Patterns in which a chord that stays for a whole bar is not struck again in the middle."""
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
    groups: list[list[Sound]] = []
    for half, chord in enumerate(chords):
        closing = half == len(chords) - 1
        held = pattern in HELD and half % 2 == 1 and chord == chords[half - 1] and not (closing and pattern == "bass")
        if held:
            groups[-1] = [replace(s, length=s.length + CHORD_STEPS) for s in groups[-1]]
        else:
            bass, upper = voicing(chord, piece.request.tonic)
            groups.append(_half_bar("block" if closing else pattern, bass, upper, half * CHORD_STEPS))
    return [sound for group in groups for sound in group]


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
