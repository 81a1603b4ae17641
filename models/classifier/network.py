"""TextCNN in torch, for training: embeddings, convolutions of several widths, pooling over time, dropout, softmax.

Kim, "Convolutional Neural Networks for Sentence Classification" (EMNLP 2014), with two inputs: the characters of a
text and its words. Beside the maximum over time the mean is taken, and a wide path (Cheng et al., "Wide & Deep
Learning", 2016) adds what each pair and triple of characters says for each label by itself. Serving uses the same
weights in numpy (inference.py), so no torch is loaded there.

The tables are large and a batch touches few of their rows, so a step works on copies of those rows (``Batch``): the
filters are multiplied with each row once, not with each of its places in the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from models.classifier.config import NetworkConfig
from models.classifier.vocabulary import PADDING, Encoded, padded

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Input:
    """One input of a batch: ``rows`` int64 [m] of its table, ``places`` int64 [n, positions] in ``rows``, ``real`` where text is."""

    rows: torch.Tensor
    places: torch.Tensor
    real: torch.Tensor


def _input(ids: Ids, windows: int) -> Input:
    rows, places = np.unique(ids, return_inverse=True)
    return Input(
        torch.from_numpy(rows),
        torch.from_numpy(places.reshape(ids.shape).astype(np.int64)),
        torch.from_numpy(ids[:, :windows] != PADDING),
    )


def batch_of(encoded: Sequence[Encoded], config: NetworkConfig) -> list[Input]:
    """The inputs of a batch: characters and words."""
    after = config.widest - 1
    characters = padded([e.characters for e in encoded], after).astype(np.int64)
    words = padded([e.words for e in encoded], after).astype(np.int64)
    return [_input(ids, ids.shape[1] - after) for ids in (characters, words)]


class Branch(nn.Module):
    """The convolutions of one input."""

    def __init__(self, size: int, widths: Sequence[int], filters: int) -> None:
        super().__init__()
        self.weights = nn.ParameterList(
            nn.Parameter(torch.empty(w, size, filters).uniform_(-1, 1) / math.sqrt(w * size)) for w in widths
        )
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(filters)) for _ in widths)

    def forward(self, rows: torch.Tensor, given: Input, mean: bool) -> torch.Tensor:
        """float32 [n, features]: the greatest activation of every filter and, with ``mean``, its mean."""
        windows, features, means = given.real.shape[1], [], []
        real = given.real.unsqueeze(2)
        root = given.real.sum(1, keepdim=True).sqrt()
        for weight, bias in zip(self.weights, self.biases, strict=True):
            active = functional.embedding(given.places[:, :windows], rows @ weight[0])
            for k in range(1, len(weight)):
                active = active + functional.embedding(given.places[:, k : k + windows], rows @ weight[k])
            features.append(active.masked_fill(~real, -1e4).amax(1) + bias)
            if mean:
                means.append((torch.relu(active) * real).sum(1) / root)
        return torch.relu(torch.cat([*features, *means], 1))


class TextCNN(nn.Module):
    """Two tables with their convolutions, a linear layer on the pooled features, and the wide path's table."""

    def __init__(self, n_characters: int, n_words: int, n_labels: int, config: NetworkConfig) -> None:
        """Random weights; sizes count the rows for padding and unknown. Tables learn through ``training.train``."""
        super().__init__()
        self.config = config
        size = config.embedding_size
        self.character_table = nn.Parameter(torch.randn(n_characters, size) * 0.3, requires_grad=False)
        self.word_table = nn.Parameter(torch.randn(n_words, size) * 0.3, requires_grad=False)
        # What the wide path says is fitted before (wide.py); how much it counts is learned.
        self.ngram_table: torch.Tensor
        self.register_buffer("ngram_table", torch.zeros(config.ngram_buckets and config.ngram_buckets + 1, n_labels))
        self.ngram_scale = nn.Parameter(torch.full((1,), 2.0), requires_grad=config.ngram_buckets > 0)
        with torch.no_grad():
            self.character_table[PADDING] = 0
            self.word_table[PADDING] = 0
        self.characters = Branch(size, config.character_widths, config.character_filters)
        self.words = Branch(size, config.word_widths, config.word_filters)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.features, n_labels)

    @property
    def tables(self) -> list[nn.Parameter]:
        """In the order of the inputs of a batch."""
        return [self.character_table, self.word_table]

    def rows_of(self, batch: Sequence[Input]) -> list[torch.Tensor]:
        """Copies of the rows that a batch needs."""
        return [table.detach()[given.rows] for table, given in zip(self.tables, batch, strict=True)]

    def forward(self, batch: Sequence[Input], rows: Sequence[torch.Tensor], wide: torch.Tensor) -> torch.Tensor:
        """Logits, float32 [n, labels]; ``wide`` [n, labels] is what the wide path says."""
        pooled = []
        for branch, given, own in zip((self.characters, self.words), batch, rows, strict=True):
            shown = functional.dropout(own, self.config.input_dropout, self.training)
            pooled.append(branch(shown, given, self.config.mean_pooling))
        logits: torch.Tensor = self.output(self.dropout(torch.cat(pooled, 1)))
        return logits + self.ngram_scale * wide if self.config.ngram_buckets else logits
