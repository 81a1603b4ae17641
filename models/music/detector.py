"""A discriminator trained afresh: how well can a network that had no part in the game tell real from generated?"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from models.music.tensor import CHORD_STEPS, CHORDS, TOKENS, Tokens

EPOCHS = 12
BATCH = 64


class Detector(nn.Module):
    """Convolutions over steps, over the same step of neighbouring bars, and over quarters."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.token = nn.Embedding(TOKENS, width)
        self.chord = nn.Embedding(CHORDS, width)
        self.body = nn.Sequential(
            nn.Conv1d(width, width, 7, padding=3), nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=16, dilation=16), nn.ReLU(),
            nn.Dropout(0.2), nn.Conv1d(width, 2 * width, 4, 4), nn.ReLU(),
            nn.Conv1d(2 * width, 2 * width, 3, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(4 * width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, tokens: Tensor, chords: Tensor) -> Tensor:
        """[n] log-odds of being real, for [n, 64] tokens and [n, 8] chords."""
        x = self.token(tokens) + self.chord(chords).repeat_interleave(CHORD_STEPS, 1)
        x = self.body(x.transpose(1, 2))
        scores: Tensor = self.head(torch.cat([x.mean(-1), x.amax(-1)], 1))
        return scores.squeeze(-1)


Set = tuple[Tokens, Tokens]
"""Tokens [n, 64] and chords [n, 8]."""


def _pool(real: Set, generated: Set) -> tuple[Tensor, Tensor, Tensor]:
    tokens, chords = (
        torch.from_numpy(np.concatenate([r, g]).astype(np.int64)) for r, g in zip(real, generated, strict=True)
    )
    labels = torch.cat([torch.ones(len(real[0])), torch.zeros(len(generated[0]))])
    return tokens, chords, labels


def accuracy(train: tuple[Set, Set], validation: tuple[Set, Set], test: tuple[Set, Set], seed: int = 0) -> float:
    """Share of the test phrases told right; each argument is (real, generated), equally many of both in the test.

    The epoch is the best on ``validation``; 0.5 is guessing.
    """
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    net = Detector()
    optimiser = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=1e-3)
    pools = [_pool(*each) for each in (train, validation, test)]
    best, kept = 0.0, copy.deepcopy(net.state_dict())
    for _ in range(EPOCHS):
        net.train()
        tokens, chords, labels = pools[0]
        for rows in np.array_split(order.permutation(len(labels)), max(1, len(labels) // BATCH)):
            loss = nn.functional.binary_cross_entropy_with_logits(net(tokens[rows], chords[rows]), labels[rows])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
        now = _right(net, pools[1])
        if now > best:
            best, kept = now, copy.deepcopy(net.state_dict())
    net.load_state_dict(kept)
    return _right(net, pools[2])


@torch.no_grad()
def _right(net: Detector, pool: tuple[Tensor, Tensor, Tensor]) -> float:
    net.eval()
    tokens, chords, labels = pool
    right = ((net(tokens, chords) > 0).float() == labels).float()
    return float((right[labels == 1].mean() + right[labels == 0].mean()) / 2)
