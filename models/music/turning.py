"""Turns a finished melody and its chords from one mode into another on the same tonic: same rhythm, same contour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.music.tensor import PITCHES, SCALES, Tokens, chords_of, scale_of

WITHIN = {"major": "gong", "minor": "yu"}
"""The pentatonic mode that a seven-note one holds."""


def pitch_class_map(old: str, new: str) -> list[int]:
    """[12] for each semitone above the tonic its shift: the same degree where both modes have as many, else the
    nearest note of the new scale, the lower one of two. A pentatonic melody in major or minor stays pentatonic."""
    before, after = SCALES[old], SCALES[new]
    if len(before) == 5 and new in WITHIN:
        after = SCALES[WITHIN[new]]
    shifts = []
    for semitone in range(12):
        if len(before) == len(after) and semitone in before:
            shifts.append(after[before.index(semitone)] - semitone)
        else:
            near = [target + octave - semitone for target in after for octave in (-12, 0, 12)]
            shifts.append(min(near, key=lambda d: (abs(d), d)))
    return shifts


def turn_tokens(tokens: Tokens, old: str, new: str, allowed: npt.NDArray[np.bool_]) -> Tokens:
    """The melody [steps] in the new mode; a note that would leave ``allowed`` [36] goes to the nearest pitch of it."""
    shifts = pitch_class_map(old, new)
    choices = np.flatnonzero(allowed)
    turned = tokens.copy()
    for step in np.flatnonzero(tokens < PITCHES):
        pitch = int(tokens[step]) + shifts[int(tokens[step]) % 12]
        same_class = choices[choices % 12 == pitch % 12]
        nearby = choices if pitch in choices or not len(same_class) else same_class
        turned[step] = nearby[np.abs(nearby - pitch).argmin()]
    return turned


def turn_chords(chords: Tokens, old: str, new: str) -> Tokens:
    """The chords [half bars] on the same degrees of the new mode."""
    before, after, fitting = scale_of(old), scale_of(new), chords_of(new)
    turned = []
    for chord in chords.tolist():
        root = chord // 2
        if root in before:
            root = after[before.index(root)]
        kept = [c for c in fitting if c // 2 == root]
        turned.append(kept[0] if kept else min(fitting, key=lambda c: abs(c // 2 - root)))
    return np.array(turned, np.uint8)
