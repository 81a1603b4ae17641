"""Reads scores with music21: ABC, MusicXML and MIDI files become tunes of the symbolic tensor.

music21 is needed for this only, when a model is trained; composing does without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.music.tensor import (
    HOLD,
    PENTATONIC,
    PITCHES,
    REST,
    SCALES,
    STEPS,
    Tokens,
    Tune,
    centred_base,
)

BAR_QUARTERS = {"4/4": 4.0, "2/2": 4.0, "2/4": 2.0}
MODE_NAMES = {
    "": "major", "maj": "major", "ion": "major", "m": "minor", "min": "minor", "aeo": "minor",
    "dor": "dorian", "mix": "mixolydian",
}  # fmt: skip
NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KEY_LINE = re.compile(r"(?m)^K:[ \t]*([A-G])([#b]?)[ \t]*([A-Za-z]{0,3})")
MUSIC_LINE = re.compile(r"(?m)^(?![A-Za-z]:|%)(.*\S)[ \t]*$")
IN_SCALE = 0.97
"""Share of a melody's time within a pentatonic scale from which on it counts as pentatonic."""
GONG_STEPS = {0: "gong", 2: "shang", 4: "jue", 7: "zhi", 9: "yu"}


@dataclass(frozen=True)
class Event:
    """A note of a part: onset in quarters from the bar's start, length in quarters, MIDI number; ``tied`` goes on
    from the note before."""

    onset: float
    length: float
    midi: int
    tied: bool


Bar = list[Event]


def split_abc(text: str) -> Iterator[str]:
    """The tunes of an ABC file."""
    for tune in re.split(r"(?m)^(?=X:)", text):
        if tune.startswith("X:"):
            yield tune


def close_lines(abc: str) -> str:
    """Put a bar line at the end of each line of music that has none: in the Essen files a line's end is one."""

    def close(match: re.Match[str]) -> str:
        line = match.group(1)
        return line if line.endswith(("|", "\\", "]")) else line + " |"

    return MUSIC_LINE.sub(close, abc)


def key_of_abc(abc: str) -> tuple[int, str] | None:
    """Tonic's pitch class and mode by the line K:, None for a mode that is not known here."""
    found = KEY_LINE.search(abc)
    if not found:
        return None
    mode = MODE_NAMES.get(found.group(3).lower())
    tonic = NATURAL[found.group(1)] + {"#": 1, "b": -1}.get(found.group(2), 0)
    return (tonic % 12, mode) if mode else None


def bars_of(part: Any) -> list[list[Bar]]:
    """The bars of a music21 part in 4/4, 2/2 or 2/4 as runs without a gap; each bar has 4 or 2 quarters.

    Two incomplete bars that make a whole one (at a repeat) are joined; an upbeat before the first bar is left out;
    a bar of a wrong length, or a change to another metre, ends the run.
    """
    runs: list[list[Bar]] = [[]]
    whole = 0.0
    joined: Bar = []
    filled = 0.0
    for number, measure in enumerate(part.getElementsByClass("Measure")):
        if measure.timeSignature is not None:
            whole = BAR_QUARTERS.get(measure.timeSignature.ratioString, 0.0)
        length = float(measure.duration.quarterLength)
        events = [
            Event(filled + float(n.offset), float(n.quarterLength), max(p.midi for p in n.pitches), _tied(n))
            for n in measure.flatten().notes
            if n.quarterLength > 0 and n.pitches
        ]
        if not whole or (number == 0 and length < whole):
            continue
        if filled + length < whole - 0.01:
            joined, filled = joined + events, filled + length
            continue
        if abs(filled + length - whole) > 0.01:
            runs.append([])
            events = [Event(e.onset - filled, e.length, e.midi, e.tied) for e in events]
            joined, filled = [], 0.0
            if abs(length - whole) > 0.01:
                continue
        runs[-1].append(joined + events)
        joined, filled = [], 0.0
    if joined and whole:
        runs[-1].append(joined)
    if whole == 2.0:
        return [[_pair(run[i], run[i + 1]) for i in range(0, len(run) - 1, 2)] for run in runs]
    return runs


def _tied(note: Any) -> bool:
    return note.tie is not None and note.tie.type in ("stop", "continue")


def _pair(first: Bar, second: Bar) -> Bar:
    return first + [Event(e.onset + 2.0, e.length, e.midi, e.tied) for e in second]


def grid_of(run: list[Bar], base: int) -> Tokens:
    """The tokens of a run of bars; onsets go to the nearest 16th, the first of two on the same step stays."""
    row = np.full(len(run) * STEPS, REST, np.uint8)
    for number, bar in enumerate(run):
        for event in bar:
            start = number * STEPS + round(event.onset * 4)
            end = min(len(row), max(start + 1, number * STEPS + round((event.onset + event.length) * 4)))
            if start >= len(row) or row[start] != REST:
                continue
            pitch = event.midi - base
            while pitch < 0:
                pitch += 12
            while pitch >= PITCHES:
                pitch -= 12
            row[start:end] = HOLD
            if not (event.tied and start and row[start - 1] != REST):
                row[start] = pitch
    return row


def pentatonic_mode(weights: np.ndarray, tonic: int) -> str | None:
    """The pentatonic mode on ``tonic`` that holds at least IN_SCALE of ``weights`` [12], by absolute pitch class."""
    shares = {m: sum(weights[(tonic + s) % 12] for s in SCALES[m]) / weights.sum() for m in PENTATONIC}
    best = max(shares, key=lambda m: shares[m])
    return best if shares[best] >= IN_SCALE else None


def chinese_key(weights: np.ndarray, final: int, signature: int) -> tuple[int, str] | None:
    """Tonic and mode of a Chinese tune: the tonic is its last note, the mode that note's place in the scale.

    Args:
        weights: [12] time spent on each pitch class; final: the last note's; signature: of the major key in front.
    """
    by_scale = pentatonic_mode(weights, final)
    if by_scale:
        return final, by_scale
    mode = GONG_STEPS.get((final - signature) % 12)
    return (final, mode) if mode else None


def pitch_class_weights(runs: list[list[Bar]]) -> np.ndarray:
    """[12] quarters spent on each pitch class."""
    weights = np.full(12, 1e-6)
    for event in (e for run in runs for bar in run for e in bar):
        weights[event.midi % 12] += event.length
    return weights


def parse(source: str | Path, form: str | None = None) -> Any:
    """A music21 score of a file, or of ABC text with ``form`` "abc"."""
    from music21 import converter

    return converter.parse(source, format=form, forceSource=True)


def tune_of(run: list[Bar], key: tuple[int, str], style: str, source: str, first: bool, last: bool) -> Tune | None:
    """A run of bars as a tune without chords; None when it is shorter than four bars or has no note."""
    pitches = [event.midi for bar in run for event in bar]
    if len(run) < 4 or not pitches:
        return None
    base = centred_base(pitches, key[0])
    chords = np.zeros(2 * len(run), np.uint8)
    return Tune(grid_of(run, base), chords, base, key[1], style, source, first, last)
