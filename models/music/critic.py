"""The critic: tells phrases of people from generated ones, given the phrase before and the condition.

Convolutions from steps to quarter notes, self-attention over the quarters of both phrases, and beside them what a
musician would look at on the whole page: which bars are alike, which pitches are used, how many notes there are.
The mean spread within the batch (minibatch standard deviation, Karras et al. 2018) shows it a lack of variety. All
layers are spectrally normalised (Miyato et al. 2018) unless asked otherwise.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from models.music.generator import Conditioner
from models.music.tensor import CHORD_STEPS, CHORDS, HOLD, PHRASE_STEPS, PITCHES, REST, STEPS, TOKENS

QUARTER = 4
PAIRS = torch.tril_indices(8, 8, -1)
SPREAD_GROUP = 16


def sounding_roll(one_hot: Tensor) -> Tensor:
    """The sounding pitches [n, steps, 36] of one-hot tokens [n, steps, 38], differentiable."""
    state = one_hot.new_zeros(one_hot.shape[0], PITCHES)
    columns = []
    for token in one_hot.unbind(1):
        state = token[:, :PITCHES] + token[:, HOLD : HOLD + 1] * state
        columns.append(state)
    return torch.stack(columns, 1)


def page_features(tokens: Tensor, roll: Tensor) -> Tensor:
    """What the whole page shows, for one-hot tokens and the sounding roll of two phrases [n, 128, …].

    Returns:
        [n, 28 * 2 + 36 + 12 + 8 * 2]: likeness of each pair of bars in notes and in rhythm; which pitches and pitch
        classes the phrase uses; notes and rests a bar.
    """
    bars = tokens.reshape(-1, 8, STEPS, tokens.shape[-1])
    notes = bars[..., :PITCHES]
    onsets = notes.sum(-1)
    alike = torch.einsum("nisp,njsp->nij", notes, notes) / 8
    rhythm = torch.einsum("nis,njs->nij", onsets, onsets) / 8
    used = roll[:, PHRASE_STEPS:].amax(1)
    classes = used.reshape(-1, 3, 12).amax(1)
    counts = torch.cat([onsets.sum(-1), bars[..., REST].sum(-1)], 1) / 8
    return torch.cat([alike[:, PAIRS[0], PAIRS[1]], rhythm[:, PAIRS[0], PAIRS[1]], used, classes, counts], 1)


class Critic(nn.Module):
    """Args:
    styles: how many; width: of the layers; normalised: spectral normalisation of every layer.
    """

    def __init__(self, styles: int, width: int = 96, *, normalised: bool = True) -> None:
        super().__init__()

        def layer(module: nn.Module) -> nn.Module:
            return spectral_norm(module) if normalised else module

        self.token = layer(nn.Linear(TOKENS, width, bias=False))
        self.roll = layer(nn.Linear(PITCHES, width, bias=False))
        self.chord = layer(nn.Linear(CHORDS, width, bias=False))
        self.place = nn.Parameter(torch.randn(2 * PHRASE_STEPS, width) * 0.1)
        self.near = layer(nn.Conv1d(width, width, 5, padding=2))
        self.down = layer(nn.Conv1d(width, width, QUARTER, QUARTER))
        self.query, self.key, self.value = (layer(nn.Linear(width, width)) for _ in range(3))
        self.mix = layer(nn.Conv1d(width, width, 3, padding=1))
        features = 28 * 2 + PITCHES + 12 + 16
        self.page = layer(nn.Linear(features, width))
        self.deep = layer(nn.Linear(4 * width + 1, width))
        self.score = layer(nn.Linear(width, 1))
        self.condition = Conditioner(styles, width)

    def forward(self, tokens: Tensor, chords: Tensor, before: Tensor, chords_before: Tensor, rows: Tensor) -> Tensor:
        """[n] scores, higher for what looks like the work of people.

        Args:
            tokens, before: [n, 64, 38] one-hot (zeros before the beginning); chords, chords_before: [n, 8, 24];
            rows: [n, 7] conditions.
        """
        both = torch.cat([before, tokens], 1)
        roll = sounding_roll(both)
        harmony = torch.cat([chords_before, chords], 1).repeat_interleave(CHORD_STEPS, 1)
        x = self.token(both) + self.roll(roll) + self.chord(harmony) + self.place
        x = _leaky(x).transpose(1, 2)
        x = _leaky(self.near(x)) + x
        x = _leaky(self.down(x)).transpose(1, 2)
        attended = nn.functional.scaled_dot_product_attention(self.query(x), self.key(x), self.value(x))
        x = (x + attended).transpose(1, 2)
        x = _leaky(self.mix(x)) + x
        phrase = x[..., x.shape[-1] // 2 :]
        page = _leaky(self.page(page_features(both, roll)))
        summary = torch.cat([x.mean(-1), phrase.mean(-1), phrase.amax(-1), page], 1)
        summary = _leaky(self.deep(torch.cat([summary, _spread(summary)], 1)))
        fits = (summary * self.condition(rows)).sum(-1)
        scores: Tensor = self.score(summary).squeeze(-1) + 0.1 * fits
        return scores


def _leaky(x: Tensor) -> Tensor:
    return nn.functional.leaky_relu(x, 0.2)


def _spread(summary: Tensor) -> Tensor:
    """[n, 1] mean standard deviation of the features within groups of the batch; 0 for a batch that is no group."""
    n = len(summary)
    if n % SPREAD_GROUP:
        return summary.new_zeros(n, 1)
    groups = summary.reshape(-1, SPREAD_GROUP, summary.shape[-1])
    deviation = (groups.var(1) + 1e-6).sqrt().mean(-1)
    return deviation.repeat_interleave(SPREAD_GROUP)[:, None]
