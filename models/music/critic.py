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
from models.music.page import PAGE_FEATURES, STATISTICS, page_features, sounding_roll, statistics
from models.music.tensor import CHORD_STEPS, CHORDS, PHRASE_STEPS, PITCHES, TOKENS

QUARTER = 4
SPREAD_GROUP = 16


class Critic(nn.Module):
    """Args:
    styles: how many; width: of the layers; normalised: spectral normalisation of every layer.
    """

    centre: Tensor
    scale: Tensor

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
        self.page = layer(nn.Linear(PAGE_FEATURES + STATISTICS, width))
        self.deep = layer(nn.Linear(4 * width + 1, width))
        self.score = layer(nn.Linear(width, 1))
        self.condition = Conditioner(styles, width)
        self.register_buffer("centre", torch.zeros(STATISTICS))
        self.register_buffer("scale", torch.ones(STATISTICS))

    def standardise(self, statistics: Tensor) -> Tensor:
        """Statistics [n, STATISTICS] in standard deviations from the mean of real phrases, cut off at 4."""
        return ((statistics - self.centre) / self.scale).clamp(-4, 4)

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
        told = self.standardise(statistics(tokens, rows[:, 1]))
        page = _leaky(self.page(torch.cat([page_features(both, roll), told], 1)))
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
