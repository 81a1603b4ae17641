"""The training loop: batches of like length, AdamW, a running average of the weights, early stopping on the dev part."""

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
from models.classifier.vocabulary import Encoded

Floats = npt.NDArray[np.float32]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
POOL = 40
"""Batches that are sorted by length together."""
AVERAGED_EVERY = 4
"""Steps between two updates of the running average: most of the weights are embeddings that few texts touch."""


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


def predict(network: TextCNN, encoded: Sequence[Encoded], size: int = 256) -> Floats:
    """The network's outputs, float32 [n, outputs], without dropout."""
    network.eval()
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].characters))
    widest = max(*network.config.character_widths, *network.config.word_widths)
    out = np.empty((len(encoded), network.output.out_features), np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            out[rows] = network(*batch_of([encoded[i] for i in rows], widest)).numpy()
    return out


def train(
    network: TextCNN,
    encoded: Sequence[Encoded],
    targets: Floats,
    loss: Loss,
    score: Callable[[TextCNN], float],
    config: TrainingConfig,
    report: Callable[[Epoch], None] | None = None,
) -> TextCNN:
    """A trained copy: the averaged weights of the pass with the best dev score.

    Args:
        network: where it starts from; it is changed.
        encoded: the training texts. targets: float32 [n, outputs], what ``loss`` compares the outputs with.
        score: figure of a network on the dev part, the higher the better.
        report: called after each pass.
    """
    rng = np.random.default_rng(config.seed)
    torch.manual_seed(config.seed)
    lengths = np.array([len(e.characters) for e in encoded], np.int64)
    widest = max(*network.config.character_widths, *network.config.word_widths)
    tables = [*network.character_embedding.parameters(), *network.word_embedding.parameters()]
    others = [p for name, p in network.named_parameters() if "embedding" not in name]
    optimiser = torch.optim.AdamW(
        [
            {"params": others, "lr": config.learning_rate, "weight_decay": config.weight_decay},
            {"params": tables, "lr": config.learning_rate * config.embedding_rate, "weight_decay": 0.0},
        ],
        fused=True,
    )
    steps = config.epochs * max(1, math.ceil(len(encoded) / config.batch_size))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    average = copy.deepcopy(network)
    best, kept, waited, step = -math.inf, copy.deepcopy(network), 0, 0
    for number in range(1, config.epochs + 1):
        network.train()
        total = 0.0
        for rows in batches(lengths, config.batch_size, rng):
            output = network(*batch_of([encoded[i] for i in rows], widest))
            value = loss(output, torch.from_numpy(targets[rows]))
            optimiser.zero_grad(set_to_none=True)
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(others, 5.0)
            optimiser.step()
            schedule.step()
            total += value.item() * len(rows)
            step += 1
            if step % AVERAGED_EVERY == 0:
                decay = min(config.averaging, (1 + step) / (10 + step)) ** AVERAGED_EVERY
                with torch.no_grad():
                    for mean, now in zip(average.parameters(), network.parameters(), strict=True):
                        mean.lerp_(now, 1 - decay)
        reached = score(average)
        better = reached > best
        if better:
            best, waited = reached, 0
            kept.load_state_dict(average.state_dict())
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
