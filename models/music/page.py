"""What a musician sees on the whole page, as differentiable numbers: they are inputs of the critic.

For one-hot tokens every number is exact, and for soft ones it has a gradient, so that the generator can learn from it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from models.music.measures import LEAP
from models.music.tensor import HOLD, MODES, PHRASE_STEPS, PITCHES, REST, SCALES, STEPS

PAIRS = torch.tril_indices(8, 8, -1)
PHRASE_PAIRS = torch.tril_indices(4, 4, -1)
LONGER = (1, 2, 3, 4, 6, 8, 12)
"""Steps: the share of the notes longer than each describes the rhythm."""
STATISTICS = 10 + len(LONGER)
PAGE_FEATURES = 28 * 2 + PITCHES + 12 + 16

_semitones = torch.arange(PITCHES)
_APART = (_semitones[:, None] - _semitones[None]).abs().float()
_IN_SCALE = torch.tensor([[float(p % 12 in SCALES[mode]) for p in range(PITCHES)] for mode in MODES])


def sounding_roll(one_hot: Tensor) -> Tensor:
    """The sounding pitches [n, steps, 36] of one-hot tokens [n, steps, 38], differentiable."""
    state = one_hot.new_zeros(one_hot.shape[0], PITCHES)
    columns = []
    for token in one_hot.unbind(1):
        state = token[:, :PITCHES] + token[:, HOLD : HOLD + 1] * state
        columns.append(state)
    return torch.stack(columns, 1)


def page_features(tokens: Tensor, roll: Tensor) -> Tensor:
    """What the whole page shows.

    Args:
        tokens, roll: one-hot tokens and the sounding roll of a phrase with the one before it [n, 128, …].

    Returns:
        [n, PAGE_FEATURES]: likeness of each pair of bars in notes and in rhythm; which pitches and pitch classes the
        phrase uses; notes and rests a bar.
    """
    bars = tokens.reshape(-1, 8, STEPS, tokens.shape[-1])
    notes = bars[..., :PITCHES]
    onsets = notes.sum(-1)
    alike = torch.einsum("nisp,njsp->nij", notes, notes)
    rhythm = torch.einsum("nis,njs->nij", onsets, onsets) / 8
    used = _somewhere(roll[:, PHRASE_STEPS:])
    classes = _somewhere(used.reshape(-1, 3, 12))
    counts = torch.cat([onsets.sum(-1), bars[..., REST].sum(-1)], 1) / 8
    return torch.cat(
        [
            alike[:, PAIRS[0], PAIRS[1]] / 8,
            rhythm[:, PAIRS[0], PAIRS[1]],
            used,
            classes,
            counts,
        ],
        1,
    )


def statistics(tokens: Tensor, modes: Tensor) -> Tensor:
    """[n, STATISTICS] of phrases, one-hot tokens [n, 64, 38] in ``modes`` [n].

    In order: pitch classes / 12 and pitches / 12 that begin somewhere; notes / 64; share of the notes within the
    mode; mean interval in octaves and share of intervals above LEAP; entropy of the lengths in bits; mean likeness
    of two bars; likeness of a bar to the most alike before it, and its eighth power, which is about the share of
    repeated bars; share of the notes that are longer than each of LONGER.
    """
    notes, hold = tokens[..., :PITCHES], tokens[..., HOLD]
    onset = notes.sum(-1)
    count = onset.sum(1)
    some = count.clamp(min=1)
    begun = _somewhere(notes)
    inside = (notes.sum(1) * _IN_SCALE[modes]).sum(-1) / some
    last = _last_pitch(notes, onset)
    steps = max(1, tokens.shape[1] - 1)
    intervals = (count - 1).clamp(min=1)
    moved = torch.einsum("nsp,pq,nsq->ns", notes[:, 1:], _APART, last[:, :steps]).sum(1) / intervals / 12
    leapt = torch.einsum("nsp,pq,nsq->ns", notes[:, 1:], (_APART > LEAP).float(), last[:, :steps]).sum(1) / intervals
    longer = _longer(onset, hold) / some[:, None]
    chosen = torch.stack([longer[:, k - 1] for k in LONGER], 1)
    each = torch.cat([1 - longer[:, :1], longer[:, :-1] - longer[:, 1:], longer[:, -1:]], 1).clamp(min=0)
    entropy = -(each * (each + 1e-6).log2()).sum(1)
    bars = notes.reshape(len(notes), 4, STEPS, PITCHES)
    common = torch.einsum("nisp,njsp->nij", bars, bars)
    sizes = bars.sum((2, 3))
    either = sizes[:, :, None] + sizes[:, None] - common
    likeness = common / either.clamp(min=1)
    nearest = torch.stack([likeness[:, bar, :bar].amax(1) for bar in range(1, 4)], 1)
    return torch.cat(
        [
            torch.stack(
                [
                    _somewhere(begun.reshape(-1, 3, 12)).sum(-1) / 12,
                    begun.sum(-1) / 12,
                    count / PHRASE_STEPS,
                    inside,
                    moved,
                    leapt,
                    entropy,
                    likeness[:, PHRASE_PAIRS[0], PHRASE_PAIRS[1]].mean(1),
                    nearest.mean(1),
                    nearest.pow(8).mean(1),
                ],
                1,
            ),
            chosen,
        ],
        1,
    )


def _somewhere(shown: Tensor) -> Tensor:
    """[n, k] 1 where ``shown`` [n, steps, k], of zeros and ones, has a one.

    A product, because its gradient at each step says what a change of that step alone would make of it.
    """
    return 1 - (1 - shown).prod(1)


def _last_pitch(notes: Tensor, onset: Tensor) -> Tensor:
    """[n, steps, 36] the pitch of the last note that began, at or before each step."""
    state = notes[:, 0]
    columns = [state]
    for note, begins in zip(notes.unbind(1)[1:], onset.unbind(1)[1:], strict=True):
        state = note + (1 - begins)[:, None] * state
        columns.append(state)
    return torch.stack(columns, 1)


def _longer(onset: Tensor, hold: Tensor) -> Tensor:
    """[n, 12] how many notes are longer than 1, 2, … 12 steps."""
    alive, columns = onset, []
    for k in range(1, LONGER[-1] + 1):
        alive = alive * F.pad(hold[:, k:], (0, k))
        columns.append(alive.sum(1))
    return torch.stack(columns, 1)
