"""The symbolic tensor: what a melody with chords is to the networks.

A bar of 4/4 has 16 steps. The melody is one token a step: a pitch that starts there, 0 … 35 in semitones above the
tonic below the lowest register; ``HOLD``, the note before goes on; ``REST``, silence. Pitches are relative to the
tonic, so that the key of a piece is a shift at the end and never something the networks can get wrong. Each half bar
has one chord: a major or minor triad by the distance of its root from the tonic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STEPS = 16
"""Steps a bar."""
CHORD_STEPS = 8
"""Steps a chord."""
PITCHES = 36
HOLD = 36
REST = 37
TOKENS = 38
CHORDS = 24
"""Chord ``2 * root + minor``: root in semitones above the tonic, minor 0 or 1."""
PHRASE_BARS = 4
PHRASE_STEPS = PHRASE_BARS * STEPS

Tokens = npt.NDArray[np.uint8]

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "gong": (0, 2, 4, 7, 9),
    "shang": (0, 2, 5, 7, 10),
    "jue": (0, 3, 5, 8, 10),
    "zhi": (0, 2, 5, 7, 9),
    "yu": (0, 3, 5, 7, 10),
}
"""Semitones above the tonic, by mode; 宫商角徵羽 are the five modes of the anhemitonic pentatonic scale."""
MODES = tuple(SCALES)
PENTATONIC = ("gong", "shang", "jue", "zhi", "yu")
PARENTS = {"gong": "major", "shang": "dorian", "jue": "minor", "zhi": "mixolydian", "yu": "minor"}
"""The seven-note scale from which the chords under a pentatonic melody come."""


def scale_of(mode: str) -> tuple[int, ...]:
    """The seven-note scale of a mode, also of a pentatonic one."""
    return SCALES[PARENTS.get(mode, mode)]


def triad(chord: int) -> tuple[int, int, int]:
    """Pitch classes of a chord, 0 being the tonic."""
    root, minor = divmod(int(chord), 2)
    return root, (root + 4 - minor) % 12, (root + 7) % 12


def chords_of(mode: str) -> tuple[int, ...]:
    """The triads that fit a mode: those of its scale and, in a minor one, the major dominant."""
    scale = set(scale_of(mode))
    fitting = {c for c in range(CHORDS) if set(triad(c)) <= scale}
    return tuple(sorted(fitting | ({14} if 3 in scale else set())))


@dataclass(frozen=True)
class Tune:
    """A stretch of bars without a gap.

    Attributes:
        tokens: [16 * bars]; chords: [2 * bars].
        base: MIDI number of pitch 0.
        mode: one of MODES; style: name of the corpus' style; source: file and number of the tune.
        first, last: whether it begins, or ends, as the tune itself does.
    """

    tokens: Tokens
    chords: Tokens
    base: int
    mode: str
    style: str
    source: str
    first: bool = True
    last: bool = True

    @property
    def bars(self) -> int:
        """How many bars of 4/4."""
        return len(self.tokens) // STEPS


@dataclass(frozen=True)
class Note:
    """A note of the melody: onset and length in steps, pitch 0 … 35."""

    start: int
    length: int
    pitch: int


def notes_of(tokens: npt.ArrayLike) -> list[Note]:
    """The notes in a row of tokens; a hold without a note before it is silence."""
    notes: list[Note] = []
    start = pitch = -1
    row = np.asarray(tokens).tolist()
    for step, token in enumerate([*row, REST]):
        if token == HOLD:
            continue
        if pitch >= 0:
            notes.append(Note(start, step - start, pitch))
        start, pitch = step, token if token < PITCHES else -1
    return notes


def tokens_of(notes: list[Note], steps: int) -> Tokens:
    """The inverse of notes_of, for notes in order; a later note cuts an earlier one off."""
    row = np.full(steps, REST, np.uint8)
    for note in notes:
        if 0 <= note.start < steps:
            row[note.start : note.start + note.length] = HOLD
            row[note.start] = note.pitch
            row[note.start + note.length :] = REST
    return row


def centred_base(midi: npt.ArrayLike, tonic: int) -> int:
    """MIDI number of a tonic such that the pitches ``midi`` lie as far as possible within base … base + 35.

    Args:
        midi: at least one MIDI number; tonic: pitch class 0 … 11.
    """
    pitches = np.asarray(midi)
    middle = float(pitches.min() + pitches.max()) / 2 - PITCHES / 2
    candidates = [tonic + 12 * octave for octave in range(-1, 10)]
    return min(candidates, key=lambda c: abs(c - middle))
