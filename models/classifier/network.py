"""TextCNN in torch, for training: embeddings, convolutions of several widths, max over time, dropout, softmax.

Kim, "Convolutional Neural Networks for Sentence Classification" (EMNLP 2014), with two inputs: the characters of a
text and its words. Serving uses the same weights in numpy (inference.py), so no torch is loaded there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from models.classifier.config import NetworkConfig
from models.classifier.vocabulary import PADDING, Encoded

Floats = np.typing.NDArray[np.float32]


def batch_of(encoded: Sequence[Encoded], widest: int) -> tuple[torch.Tensor, torch.Tensor]:
    """int64 [n, longest + widest - 1] of characters and of words: a window may begin at the last position of a text.

    ``widest``: the greatest width of a convolution.
    """
    out = []
    for rows in ([e.characters for e in encoded], [e.words for e in encoded]):
        padded = np.full((len(rows), max(map(len, rows)) + widest - 1), PADDING, np.int64)
        for i, row in enumerate(rows):
            padded[i, : len(row)] = row
        out.append(torch.from_numpy(padded))
    return out[0], out[1]


class TextCNN(nn.Module):
    """Two embeddings, their convolutions, and a linear layer on the pooled features."""

    def __init__(self, n_characters: int, n_words: int, n_labels: int, config: NetworkConfig) -> None:
        """Random weights; sizes count the rows for padding and unknown."""
        super().__init__()
        self.config = config
        self.character_embedding = nn.Embedding(n_characters, config.embedding_size, padding_idx=PADDING)
        self.word_embedding = nn.Embedding(n_words, config.embedding_size, padding_idx=PADDING)
        self.character_convolutions = nn.ModuleList(
            nn.Conv1d(config.embedding_size, config.character_filters, w) for w in config.character_widths
        )
        self.word_convolutions = nn.ModuleList(
            nn.Conv1d(config.embedding_size, config.word_filters, w) for w in config.word_widths
        )
        self.dropout = nn.Dropout(config.dropout)
        self.input_dropout = nn.Dropout(config.input_dropout)
        self.output = nn.Linear(config.features, n_labels)

    def pooled(self, characters: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """float32 [n, features]: the greatest activation of every filter."""
        features = []
        for ids, embedding, convolutions in (
            (characters, self.character_embedding, self.character_convolutions),
            (words, self.word_embedding, self.word_convolutions),
        ):
            x = self.input_dropout(embedding(ids)).transpose(1, 2)
            for convolution in convolutions:
                active = convolution(x)
                # A window counts when its first position is text, so padding changes nothing.
                real = (ids != PADDING)[:, : active.shape[2]]
                features.append(active.masked_fill(~real.unsqueeze(1), -1e4).amax(2))
        return torch.relu(torch.cat(features, 1))

    def forward(self, characters: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """Logits, float32 [n, labels]."""
        logits: torch.Tensor = self.output(self.dropout(self.pooled(characters, words)))
        return logits
