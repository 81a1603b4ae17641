"""The training loop: batches of like length, AdamW, early stopping on the dev part.

Only the rows of the tables that a batch touches are updated (as PyTorch's SparseAdam does): most of the weights are
embeddings, and a pass would otherwise be spent on rows that no text of the batch has.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.classifier.config import TrainingConfig
from models.classifier.network import TextCNN, batch_of
from models.classifier.vocabulary import PADDING, Encoded
from models.classifier.wide import features

Floats = npt.NDArray[np.float32]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
POOL = 40
"""Batches that are sorted by length together."""
BETAS, EPSILON = (0.9, 0.999), 1e-8
"""Of Adam, as everywhere."""


@dataclass(frozen=True)
class Epoch:
    """What a pass gave: its number from 1, the mean training loss, the score on the dev part, seconds so far."""

    number: int
    loss: float
    score: float
    best: bool


def soft_cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross-entropy against probabilities, float32 [n, labels]."""
    return nn.functional.cross_entropy(logits, target)


def binary_cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The loss of a multi-label task: every label is a question of its own."""
    return nn.functional.binary_cross_entropy_with_logits(logits, target)


def cosine_distance(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """One minus the cosine with the target vectors."""
    return 1 - nn.functional.cosine_similarity(output, target, dim=1).mean()


def batches(lengths: npt.NDArray[np.int64], size: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    """Row numbers of one pass in random batches of texts of like length."""
    order = rng.permutation(len(lengths))
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        parts = [pool[i : i + size] for i in range(0, len(pool), size)]
        for i in rng.permutation(len(parts)):
            yield parts[i]


def said_widely(network: TextCNN, encoded: Sequence[Encoded]) -> Floats:
    """What the network's own wide path says of texts, float32 [n, outputs]; zeros where it has none."""
    if not network.config.ngram_buckets:
        return np.zeros((len(encoded), network.output.out_features), np.float32)
    return np.asarray(features(encoded, network.config.ngram_buckets) @ network.ngram_table.numpy(), np.float32)


def predict(network: TextCNN, encoded: Sequence[Encoded], size: int = 256) -> Floats:
    """The network's outputs, float32 [n, outputs], without dropout."""
    network.eval()
    wide = said_widely(network, encoded)
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].characters))
    out = np.empty((len(encoded), network.output.out_features), np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            batch = batch_of([encoded[i] for i in rows], network.config)
            said = torch.from_numpy(wide[rows])
            out[rows] = network(batch, network.rows_of(batch), said).numpy()
    return out


class RowAdam:
    """Adam for the rows of an embedding that a step touched."""

    def __init__(self, table: torch.Tensor, rate: float) -> None:
        """``rate``: the learning rate at its highest."""
        self._table, self._rate, self._steps = table, rate, 0
        self._mean, self._square = torch.zeros_like(table), torch.zeros_like(table)

    def step(self, rows: torch.Tensor, gradient: torch.Tensor, share: float) -> None:
        """``share``: of the rate. The row of padding stays zero."""
        self._steps += 1
        mean = self._mean[rows].mul_(BETAS[0]).add_(gradient, alpha=1 - BETAS[0])
        square = self._square[rows].mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        self._mean[rows], self._square[rows] = mean, square
        size = (square / (1 - BETAS[1] ** self._steps)).sqrt_().add_(EPSILON)
        self._table[rows] -= self._rate * share * (mean / (1 - BETAS[0] ** self._steps)) / size
        self._table[PADDING] = 0


def train(
    network: TextCNN,
    encoded: Sequence[Encoded],
    targets: Floats,
    wide: Floats,
    loss: Loss,
    score: Callable[[TextCNN], float] | None,
    config: TrainingConfig,
    report: Callable[[Epoch], None] | None = None,
) -> TextCNN:
    """A trained copy: the weights of the pass with the best dev score.

    Args:
        network: where it starts from; it is changed.
        encoded: the training texts. targets: float32 [n, outputs], what ``loss`` compares the outputs with.
        wide: float32 [n, outputs], what a wide path fitted without the text says of it.
        score: figure of a network on the dev part, the higher the better; without it the last pass is kept.
        report: called after each pass.
    """
    rng = np.random.default_rng(config.seed)
    torch.manual_seed(config.seed)
    lengths = np.array([len(e.characters) for e in encoded], np.int64)
    learned = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=config.learning_rate, weight_decay=config.weight_decay)
    tables = [RowAdam(table, config.learning_rate * config.embedding_rate) for table in network.tables]
    steps = config.epochs * max(1, math.ceil(len(encoded) / config.batch_size))
    best, kept, waited, step = -math.inf, copy.deepcopy(network), 0, 0
    for number in range(1, config.epochs + 1):
        network.train()
        total = 0.0
        for chosen in batches(lengths, config.batch_size, rng):
            share = _rate(step, steps)
            for group in optimiser.param_groups:
                group["lr"] = config.learning_rate * share
            batch = batch_of([encoded[i] for i in chosen], network.config)
            rows = [own.requires_grad_() for own in network.rows_of(batch)]
            value = loss(network(batch, rows, torch.from_numpy(wide[chosen])), torch.from_numpy(targets[chosen]))
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(learned, 5.0)
            optimiser.step()
            with torch.no_grad():
                for table, own, given in zip(tables, rows, batch, strict=True):
                    if own.grad is not None:
                        table.step(given.rows, own.grad, share)
            total += value.item() * len(chosen)
            step += 1
        reached = score(network) if score is not None else float(number)
        better = reached > best
        if better:
            best, waited = reached, 0
            kept.load_state_dict(network.state_dict())
        else:
            waited += 1
        if report is not None:
            report(Epoch(number, total / len(encoded), reached, better))
        if waited >= config.patience:
            break
    return kept


def _rate(step: int, steps: int) -> float:
    """Warm-up over the first twentieth, then a cosine down to a fiftieth."""
    warm = max(1, steps // 20)
    if step < warm:
        return (step + 1) / warm
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
