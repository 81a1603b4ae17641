"""Fits the ranker on works and what was made of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from models.appraisal.canvas import Floats
from models.appraisal.degradations import DEGRADATIONS, STRENGTHS
from models.appraisal.ranking import ATTRIBUTE_SHARE, PROPORTION, UNSEEN, Ranker, attribute_mean

SQUASH = list(DEGRADATIONS).index("squash")
"""In the square that the networks see, a squashed copy is a faithful one."""


@dataclass(frozen=True)
class RankingConfig:
    """Attributes:
    margins: by how much, in t, a copy spoilt in each strength should stand below its work.
    weights: of degradations that are harder to tell than the others, which weigh 1.
    sameness: weight of telling faithful copies apart, relative to the spread between works.
    spread: weight of works standing closer together than one unit of t.
    shape_penalties: of the ridge that suggests a proportion, for each input; the best in cross-validation is taken.
    tolerated: part of works whose proportion costs nothing, in cross-validation.
    """

    hidden: int = 48
    members: int = 4
    epochs: int = 60
    batch: int = 24
    learning_rate: float = 2e-3
    weight_decay: float = 3e-3
    dropout: float = 0.3
    margins: tuple[float, float, float] = (1.2, 1.8, 2.4)
    weights: tuple[tuple[str, float], ...] = (("bad_crop", 2.5), ("overexposure", 1.5))
    sameness: float = 6.0
    shape_penalties: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0)
    tolerated: float = 0.97
    spread: float = 1.0
    seed: int = 7


def fit_ranker(variants: npt.NDArray[Any], config: RankingConfig | None = None) -> Ranker:
    """Fit on observation vectors [works, 1 + 24 + 8, inputs] in the order of ``corpus.variant_names``."""
    config = config or RankingConfig()
    values = np.asarray(variants, np.float32)
    flat = values.reshape(-1, values.shape[-1])
    mean, scale = flat.mean(0), flat.std(0) + 1e-3 * np.abs(flat).mean(0) + 1e-6
    scale[PROPORTION] = UNSEEN
    attributes = attribute_mean(values)
    centre, deviation = float(attributes[:, 0].mean()), float(attributes[:, 0].std())
    standardised = np.clip((values - mean) / scale, -6, 6)
    shape, tolerance = fit_shape(standardised, values[..., PROPORTION], config)
    x = torch.from_numpy(standardised)
    a = torch.from_numpy(ATTRIBUTE_SHARE * (attributes - centre) / deviation)
    members = [_fit_member(x, a, config, config.seed + i) for i in range(config.members)]
    stacked = [np.stack(parts).astype(np.float32) for parts in zip(*members, strict=True)]
    return Ranker(mean, scale, stacked[0], stacked[1], stacked[2], (centre, deviation), shape, tolerance)


def fit_shape(x: Floats, proportions: Floats, config: RankingConfig) -> tuple[Floats, float]:
    """Ridge regression from what a square shows to the proportion of its picture.

    Args:
        x: float32 [works, variants, inputs], standardised; proportions: logarithms [works, variants].

    Returns:
        float32 [inputs + 1], and the tolerance: a quantile of the cross-validated error on the works themselves.
    """
    squashes = 1 + SQUASH * len(STRENGTHS) + np.arange(len(STRENGTHS))
    right = np.setdiff1d(np.arange(x.shape[1]), squashes)
    rng = np.random.default_rng(config.seed)
    folds = rng.permutation(len(x)) % 5
    errors = {penalty: np.empty(len(x)) for penalty in config.shape_penalties}
    for fold in range(5):
        train = x[folds != fold][:, right].reshape(-1, x.shape[-1])
        moments = _moments(train, proportions[folds != fold][:, right].ravel())
        for penalty, error in errors.items():
            weights = _ridge(*moments, penalty)
            error[folds == fold] = np.abs(
                x[folds == fold, 0] @ weights[:-1] + weights[-1] - proportions[folds == fold, 0]
            )
    best = min(errors, key=lambda penalty: float(np.median(errors[penalty])))
    moments = _moments(x[:, right].reshape(-1, x.shape[-1]), proportions[:, right].ravel())
    return _ridge(*moments, best), float(np.quantile(errors[best], config.tolerated))


Moments = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Floats, float]


def _moments(x: Floats, y: Floats) -> Moments:
    """Mean product of inputs and of inputs with ``y``, about the means, and the means."""
    centre, level = np.asarray(x.mean(0), np.float32), float(y.mean())
    apart = x - centre
    return (
        (apart.T @ apart / len(x)).astype(np.float64),
        (apart.T @ (y - level) / len(x)).astype(np.float64),
        centre,
        level,
    )


def _ridge(
    gram: npt.NDArray[np.float64], product: npt.NDArray[np.float64], centre: Floats, level: float, penalty: float
) -> Floats:
    weights = np.linalg.solve(gram + penalty * np.eye(len(gram)), product)
    return np.append(weights, level - centre @ weights).astype(np.float32)


def calibrated(ranker: Ranker, references: npt.NDArray[Any]) -> Ranker:
    """The ranker whose points have the target's mean and deviation over ``references`` [n, inputs]."""
    t = ranker.members(references).mean(0)
    return replace(ranker, total=(float(t.mean()), float(t.std())))


def _fit_member(x: torch.Tensor, a: torch.Tensor, config: RankingConfig, seed: int) -> tuple[Floats, Floats, Floats]:
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    works, inputs = len(x), x.shape[-1]
    chosen = torch.unique(torch.randint(works, (works,), generator=generator))
    first, second = nn.Linear(inputs, config.hidden), nn.Linear(config.hidden, 1, bias=False)
    optimiser = torch.optim.AdamW(
        [*first.parameters(), *second.parameters()], config.learning_rate, weight_decay=config.weight_decay
    )
    steps = config.epochs * max(1, len(chosen) // config.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    margins = torch.tensor(config.margins).repeat(len(DEGRADATIONS))
    spoilt = len(DEGRADATIONS) * len(STRENGTHS)
    for step in range(steps):
        if step % max(1, len(chosen) // config.batch) == 0:
            order = chosen[torch.randperm(len(chosen), generator=generator)]
        at = (step % max(1, len(chosen) // config.batch)) * config.batch
        rows = order[at : at + config.batch]
        # One mask for all that is made of a work: it must not look different from its copies by chance.
        seen = functional.dropout(torch.ones(len(rows), 1, inputs), config.dropout)
        kept = functional.dropout(torch.ones(len(rows), 1, config.hidden), config.dropout)
        t = second(functional.relu(first(x[rows] * seen)) * kept).squeeze(-1) + a[rows]
        loss = ranking_loss(t, margins, spoilt, config)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return first.weight.T.numpy().copy(), first.bias.numpy().copy(), second.weight[0].numpy().copy()


def ranking_loss(t: torch.Tensor, margins: torch.Tensor, spoilt: int, config: RankingConfig) -> torch.Tensor:
    """Of totals [works, 1 + spoilt + copies]."""
    squashes = torch.arange(1 + SQUASH * len(STRENGTHS), 1 + (SQUASH + 1) * len(STRENGTHS))
    work, copies = t[:, :1], torch.cat([t[:, 1 + spoilt :], t[:, squashes]], 1)
    seen = torch.tensor([i for i in range(1, 1 + spoilt) if i not in squashes])
    worse, margins = t[:, seen], margins[seen - 1]
    weight = torch.ones(len(DEGRADATIONS))
    for name, value in config.weights:
        weight[list(DEGRADATIONS).index(name)] = value
    weight = weight.repeat_interleave(len(STRENGTHS))[seen - 1]
    below = (weight * functional.softplus(4 * (worse - work + margins))).mean() / 4
    # A copy must not rise above its work either way: what is spoilt also stands below the faithful copies.
    above = copies.mean(1, keepdim=True)
    below = below + (weight * functional.softplus(4 * (worse - above + margins))).mean() / 4
    order = worse.reshape(len(t), -1, len(STRENGTHS))
    steps = functional.softplus(4 * (order[..., 1:] - order[..., :-1] + 0.2)).mean() / 4
    same = ((copies - work) ** 2).mean()
    spread = functional.relu(1 - work.std())
    return below + 0.5 * steps + config.sameness * same + config.spread * spread
