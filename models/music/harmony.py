"""Chords for melodies that came without: a hidden Markov model whose numbers are counted in Bach's chorales.

States are the 24 triads relative to the tonic, one each half bar; observed are the melody's pitch classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.music.tensor import CHORD_STEPS, CHORDS, Tokens, chords_of, notes_of, scale_of, triad

Floats = npt.NDArray[np.float64]
OUTSIDE = 0.6
BASS = 0.35


def half_bar_weights(tokens: Tokens) -> Floats:
    """[half bars, 12] steps spent on each pitch class, relative to the tonic."""
    weights = np.zeros((len(tokens) // CHORD_STEPS, 12))
    for note in notes_of(tokens):
        for step in range(note.start, note.start + note.length):
            weights[step // CHORD_STEPS, note.pitch % 12] += 1
    return weights


def label(weights: Floats, bass: int | None) -> int:
    """The triad that explains a half bar of several voices best.

    Args:
        weights: [12] time on each pitch class, all voices together; bass: pitch class of the lowest voice's first note.
    """
    total = max(weights.sum(), 1e-9)
    scores = []
    for chord in range(CHORDS):
        inside = sum(weights[p] for p in triad(chord)) / total
        scores.append(inside - OUTSIDE * (1 - inside) + (BASS if bass == chord // 2 else 0.0))
    return int(np.argmax(scores))


@dataclass(frozen=True)
class Harmoniser:
    """Emission [2, 12]: of a pitch class above the root, for major and minor triads; transition [2, 24, 24] and
    start [2, 24]: probabilities in major and in minor keys."""

    emission: Floats
    transition: Floats
    start: Floats

    @classmethod
    def count(cls, rows: list[tuple[Floats, npt.NDArray[np.intp], bool]]) -> Harmoniser:
        """Count in chorales: for each the melody's half_bar_weights, the chords, and whether its key is minor."""
        emission = np.full((2, 12), 1.0)
        transition = np.full((2, CHORDS, CHORDS), 0.05)
        start = np.full((2, CHORDS), 0.1)
        for weights, chords, minor in rows:
            key = int(minor)
            start[key, chords[0]] += 1
            for half, chord in zip(weights, chords, strict=True):
                emission[chord % 2] += np.roll(half, -(int(chord) // 2))
            np.add.at(transition[key], (chords[:-1], chords[1:]), 1)
        return cls(
            emission / emission.sum(-1, keepdims=True),
            transition / transition.sum(-1, keepdims=True),
            start / start.sum(-1, keepdims=True),
        )

    def harmonise(self, tokens: Tokens, mode: str, last: bool = True) -> npt.NDArray[np.uint8]:
        """[half bars] the likeliest chords of the mode under a melody (Viterbi).

        Args:
            tokens: [16 * bars]; last: whether the melody ends here, on the tonic's chord.
        """
        weights = half_bar_weights(tokens)
        key = int(3 in scale_of(mode))
        allowed = np.full(CHORDS, -np.inf)
        allowed[list(chords_of(mode))] = 0.0
        emission = np.stack([np.log(np.roll(self.emission[c % 2], c // 2)) for c in range(CHORDS)])
        observed = weights / CHORD_STEPS * 4 @ emission.T + allowed
        step = np.log(self.transition[key])
        score = np.log(self.start[key]) + observed[0]
        back = np.zeros((len(weights), CHORDS), np.intp)
        for t in range(1, len(weights)):
            paths = score[:, None] + step
            back[t] = paths.argmax(0)
            score = paths.max(0) + observed[t]
        if last:
            score[[c for c in range(CHORDS) if c // 2]] -= 3.0
        best = [int(score.argmax())]
        for t in range(len(weights) - 1, 0, -1):
            best.append(int(back[t, best[-1]]))
        return np.array(best[::-1], np.uint8)
