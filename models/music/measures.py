"""Numbers that describe phrases, and how far apart two sets of phrases are in them.

The measures follow MuseGAN (Dong et al. 2018), Yang and Lerch (2020) and MusPy. They are taken phrase by phrase, and
two sets are compared by the Wasserstein-1 distance of their distributions in units of the real data's standard
deviation: 0 is the same, 1 about as far as one standard deviation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist
from scipy.stats import wasserstein_distance

from models.music.tensor import HOLD, PHRASE_BARS, PITCHES, SCALES, STEPS, Tokens, notes_of

Floats = npt.NDArray[np.float64]
LEAP = 7
QUALIFIED_STEPS = 2
MEASURES = (
    "pitch classes",
    "pitches",
    "notes a bar",
    "scale share",
    "mean interval",
    "leaps",
    "rhythm entropy",
    "empty bars",
    "qualified notes",
    "repeated bars",
    "self-similarity",
)
COPY = 0.10
"""A phrase within this share of edits of a training phrase counts as copied."""


def describe(tokens: Tokens, mode: str) -> list[float]:
    """The MEASURES of one phrase of four bars.

    pitch classes, pitches: how many different ones; notes a bar; share of the notes within the mode's scale; mean
    interval between neighbours in semitones and share of those above LEAP; entropy of the note lengths in bits;
    share of bars without a note beginning or sounding; share of notes of at least an eighth; share of the bars after
    the first whose notes an earlier bar has too; mean share of notes that two bars have in common.
    """
    notes = notes_of(tokens)
    pitches = np.array([n.pitch for n in notes], int)
    intervals = np.abs(np.diff(pitches))
    lengths = np.array([n.length for n in notes], int)
    bars = [[(n.start % STEPS, n.pitch) for n in notes if n.start // STEPS == b] for b in range(PHRASE_BARS)]
    silent = [not bar and not any(n.start < (b + 1) * STEPS and n.start + n.length > b * STEPS for n in notes)
              for b, bar in enumerate(bars)]  # fmt: skip
    counts = np.bincount(lengths)[1:] if len(lengths) else np.zeros(1)
    shares = counts[counts > 0] / max(1, counts.sum())
    alike = [_common(bars[i], bars[j]) for i in range(PHRASE_BARS) for j in range(i)]
    return [
        float(len(set((pitches % 12).tolist()))),
        float(len(set(pitches.tolist()))),
        len(notes) / PHRASE_BARS,
        float(np.isin(pitches % 12, SCALES[mode]).mean()) if notes else 1.0,
        float(intervals.mean()) if len(intervals) else 0.0,
        float((intervals > LEAP).mean()) if len(intervals) else 0.0,
        float(-(shares * np.log2(shares)).sum()),
        float(np.mean(silent)),
        float((lengths >= QUALIFIED_STEPS).mean()) if notes else 0.0,
        float(np.mean([bar in bars[:i] for i, bar in enumerate(bars) if i])),
        float(np.mean(alike)),
    ]


def _common(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> float:
    either = set(one) | set(other)
    return len(set(one) & set(other)) / len(either) if either else 1.0


def table(phrases: Tokens, modes: Sequence[str]) -> Floats:
    """[n, measures] of many phrases [n, 64]."""
    return np.array([describe(p, m) for p, m in zip(phrases, modes, strict=True)])


def distances(generated: Floats, real: Floats) -> dict[str, float]:
    """By measure, the distance between two tables (see above)."""
    spread = real.std(0)
    return {
        name: float(wasserstein_distance(generated[:, i], real[:, i]) / max(spread[i], 1e-3))
        for i, name in enumerate(MEASURES)
    }


def nearest(phrases: Tokens, corpus: Tokens) -> Floats:
    """For each phrase the smallest edit distance to a phrase of the corpus, as a share of 64 steps, in any key.

    Phrases are compared by the steps between their notes, so that a transposed copy is a copy as well.
    """
    found = cdist(_relative(phrases), _relative(corpus), scorer=Levenshtein.distance, dtype=np.int32)
    shares: Floats = found.min(1) / phrases.shape[1]
    return shares


def _relative(phrases: Tokens) -> list[str]:
    rows = []
    for phrase in phrases:
        last, row = None, []
        for token in phrase.tolist():
            if token < PITCHES:
                row.append(chr(200 + token - (token if last is None else last)))
                last = token
            else:
                row.append("-" if token == HOLD else ".")
        rows.append("".join(row))
    return rows


def diversity(phrases: Tokens, random: np.random.Generator, pairs: int = 2000) -> float:
    """Mean edit distance between two of the phrases, as a share of their steps."""
    rows = _relative(phrases)
    chosen = random.integers(len(rows), size=(pairs, 2))
    distinct = [(i, j) for i, j in chosen.tolist() if i != j]
    return float(np.mean([Levenshtein.distance(rows[i], rows[j]) for i, j in distinct]) / phrases.shape[1])
