"""Phrases of four bars with the phrase before, and what is asked of each: the examples that the networks learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.music.tensor import (
    HOLD,
    MODES,
    PHRASE_BARS,
    PHRASE_STEPS,
    PITCHES,
    REST,
    STEPS,
    TOKENS,
    Tokens,
    Tune,
)

NONE = TOKENS
"""The token of a step before the beginning of a piece."""
RELATIONS = ("opening", "repeat", "variation", "contrast")
REPEAT, VARIATION = 0.85, 0.45
"""Share of a phrase's notes that also stand at the same step of the phrase before, from which on it repeats it or
varies it."""
MOST_NOTES = 16
CONDITION = ("style", "mode", "density", "low", "high", "relation", "last")


@dataclass(frozen=True)
class Condition:
    """What is asked of a phrase.

    Attributes:
        style: index among the model's styles; mode: index in MODES.
        density: notes a bar, 0 … 16; low, high: lowest and highest pitch, 0 … 35.
        relation: to the phrase before, index in RELATIONS; last: 1 when the piece ends with it.
    """

    style: int
    mode: int
    density: int
    low: int
    high: int
    relation: int
    last: int

    def as_row(self) -> list[int]:
        """The numbers in the order of CONDITION."""
        return [getattr(self, name) for name in CONDITION]


@dataclass(frozen=True)
class Phrases:
    """Many examples.

    Attributes:
        tokens, before: [n, 64], tokens of the phrases and of the phrases before (NONE where there is none).
        chords, chords_before: [n, 8].
        conditions: [n, 7], columns as in CONDITION.
        tune: [n] a number for each tune.
    """

    tokens: Tokens
    before: Tokens
    chords: Tokens
    chords_before: Tokens
    conditions: npt.NDArray[np.int64]
    tune: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tokens)

    def pick(self, rows: npt.NDArray[np.intp] | slice) -> Phrases:
        """The examples of some rows."""
        names = ("tokens", "before", "chords", "chords_before", "conditions", "tune")
        return Phrases(*(getattr(self, n)[rows] for n in names))


def resemblance(phrase: Tokens, before: Tokens) -> float:
    """Share of the notes of both phrases that stand in both, at the same step with the same pitch, 0 … 1."""
    here, there = phrase < PITCHES, before < PITCHES
    either = int((here | there).sum())
    return float((here & (phrase == before)).sum()) / either if either else 1.0


def relation_of(phrase: Tokens, before: Tokens) -> int:
    """The index in RELATIONS that describes a phrase after another."""
    if before[0] == NONE:
        return 0
    share = resemblance(phrase, before)
    return 1 if share >= REPEAT else 2 if share >= VARIATION else 3


def condition_of(phrase: Tokens, before: Tokens, style: int, mode: str, last: bool) -> Condition | None:
    """The condition that a phrase meets; None for one without a note."""
    pitches = phrase[phrase < PITCHES]
    if not len(pitches):
        return None
    density = min(MOST_NOTES, round(len(pitches) / PHRASE_BARS))
    return Condition(
        style,
        MODES.index(mode),
        density,
        int(pitches.min()),
        int(pitches.max()),
        relation_of(phrase, before),
        int(last),
    )


def phrases_of(tunes: list[Tune], styles: tuple[str, ...], hop_bars: int = PHRASE_BARS) -> Phrases:
    """The phrases of tunes; the last four bars are always one.

    Args:
        hop_bars: bars from the beginning of one phrase to that of the next.
    """
    columns: tuple[list[Tokens], ...] = ([], [], [], [])
    conditions: list[list[int]] = []
    numbers: list[int] = []
    for number, tune in enumerate(tunes):
        starts = [*range(0, tune.bars - PHRASE_BARS + 1, hop_bars)]
        for start in starts:
            at, chord_at = start * STEPS, start * 2
            phrase = tune.tokens[at : at + PHRASE_STEPS].copy()
            if phrase[0] == HOLD:
                phrase[0] = REST if start == 0 else HOLD
            before = np.full(PHRASE_STEPS, NONE, np.uint8)
            chords_before = np.zeros(8, np.uint8)
            if start >= PHRASE_BARS:
                before = tune.tokens[at - PHRASE_STEPS : at]
                chords_before = tune.chords[chord_at - 8 : chord_at]
            last = tune.last and tune.bars - start < 2 * PHRASE_BARS and start == starts[-1]
            condition = condition_of(phrase, before, styles.index(tune.style), tune.mode, last)
            if condition is None:
                continue
            chords = tune.chords[chord_at : chord_at + 8]
            for column, row in zip(columns, (phrase, before, chords, chords_before), strict=True):
                column.append(row)
            conditions.append(condition.as_row())
            numbers.append(number)
    stacked = [np.stack(column) for column in columns]
    return Phrases(
        stacked[0], stacked[1], stacked[2], stacked[3], np.array(conditions, np.int64), np.array(numbers, np.int64)
    )
