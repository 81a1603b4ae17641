"""What may stand where in a phrase: the pitches and chords asked for, and how the phrase ends.

A phrase of a song breathes before the next one: its last note begins on the third beat of the fourth bar, rests for
at least a beat, and an upbeat may follow. Phrases end in turn open, on the second or fifth degree over the dominant
(a half cadence), and closed, on the tonic over the tonic's chord, and the last one stays on the tonic.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.music.tensor import (
    CHORD_STEPS,
    CHORDS,
    HOLD,
    PHRASE_STEPS,
    PITCHES,
    SCALES,
    TOKENS,
    chords_of,
    scale_of,
    triad,
)

OPEN, CLOSED, FINAL = range(3)
ENDINGS = (OPEN, CLOSED, OPEN, CLOSED)
"""Of the four phrases of a round."""
LAST_NOTE = PHRASE_STEPS - 8
REST_OF_NOTE = 3
"""Steps for which the last note is held at least: with its first one, a beat."""
DOMINANT = 14


def tokens_allowed(pitches: npt.NDArray[np.bool_], mode: str, ending: int, *, opens: bool) -> Tensor:
    """[64, 38] what may stand at each step.

    Args:
        pitches: [36] those of the mode and the range; opens: nothing stands before that could be held.
    """
    allowed = np.ones((PHRASE_STEPS, TOKENS), bool)
    allowed[:, :PITCHES] = pitches
    allowed[0, HOLD] = not opens
    allowed[LAST_NOTE] = False
    allowed[LAST_NOTE, :PITCHES] = pitches & np.isin(np.arange(PITCHES) % 12, _degrees(mode, ending))
    held = PHRASE_STEPS if ending == FINAL else LAST_NOTE + 1 + REST_OF_NOTE
    allowed[LAST_NOTE + 1 : held] = False
    allowed[LAST_NOTE + 1 : held, HOLD] = True
    return torch.from_numpy(allowed)


def tokens_fixed(tokens: npt.NDArray[np.uint8]) -> Tensor:
    """[64, 38] these tokens and nothing else."""
    allowed = np.zeros((PHRASE_STEPS, TOKENS), bool)
    allowed[np.arange(PHRASE_STEPS), tokens] = True
    return torch.from_numpy(allowed)


def chords_allowed(mode: str, ending: int) -> Tensor:
    """[8, 24] the chords of the mode; under the last note the tonic's, or the dominant where the mode has it."""
    chords = chords_of(mode)
    allowed = np.zeros((PHRASE_STEPS // CHORD_STEPS, CHORDS), bool)
    allowed[:, list(chords)] = True
    last = int(3 in scale_of(mode))
    if ending == OPEN:
        last = DOMINANT
    if last in chords and set(triad(last)) & set(_degrees(mode, ending)):
        allowed[-1] = False
        allowed[-1, last] = True
    return torch.from_numpy(allowed)


def _degrees(mode: str, ending: int) -> tuple[int, ...]:
    """Semitones above the tonic on which a phrase may end."""
    if ending != OPEN:
        return (0,)
    return tuple(d for d in (2, 7) if d in SCALES[mode]) or (5,)
