"""One learned score from the channels' features.

The score is linear and trained as a softmax over a question's candidates (a conditional logit), so its weights say what a
channel is worth; none is set by hand. They are kept non-negative: more similarity never counts against an entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge.retrieval import FEATURES, Candidates

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

L2 = 1e-3
"""Penalty on weights of features scaled to unit variance."""


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """The score is features @ weights, float32 [len(FEATURES)]; differences of scores are log-odds."""

    weights: Floats

    def rank(self, candidates: Candidates) -> tuple[Ints, Floats]:
        """Positions of the candidates, best first [c], and their scores in that order, float32 [c]."""
        scores = candidates.features @ self.weights
        order = np.argsort(-scores, kind="stable")
        return order, scores[order]

    def to_json(self) -> dict[str, float]:
        """Weights by feature."""
        return {name: round(float(w), 5) for name, w in zip(FEATURES, self.weights, strict=True)}

    @classmethod
    def from_json(cls, data: dict[str, float]) -> FusionWeights:
        """Inverse of to_json; raises KeyError when a feature is missing."""
        return cls(np.array([data[name] for name in FEATURES], dtype=np.float32))


def fit_fusion(
    samples: Sequence[Candidates],
    targets: Sequence[int],
    importance: Sequence[float] | None = None,
    used: Sequence[str] = FEATURES,
) -> FusionWeights:
    """Maximise the likelihood of each sample's right entry among its candidates.

    Args:
        samples: candidates of each question; where the right entry is not among them, nothing can be learned.
        targets: the right entry's number.
        importance: how much each sample counts; all the same when None.
        used: features that may get a weight; the others get 0 (for ablations).
    """
    columns = [FEATURES.index(name) for name in used if name in FEATURES]
    blocks, position, weight = [], [], []
    for i, (sample, target) in enumerate(zip(samples, targets, strict=True)):
        where = np.flatnonzero(sample.entries == target)
        if len(where):
            blocks.append(sample.features[:, columns].astype(np.float64))
            position.append(int(where[0]))
            weight.append(1.0 if importance is None else importance[i])
    sizes = np.array([len(block) for block in blocks])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    stacked = np.concatenate(blocks)
    spread = np.maximum(stacked.std(axis=0), 1e-6)
    stacked /= spread
    right = starts + np.array(position)
    share = np.array(weight) / sum(weight)
    row_share = np.repeat(share, sizes)[:, None]

    from scipy.optimize import minimize  # needed for fitting alone, and slow to import

    def loss(w: Doubles) -> tuple[float, Doubles]:
        scores = stacked @ w
        exponent = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        probability = exponent / np.repeat(np.add.reduceat(exponent, starts), sizes)
        value = -(share * np.log(np.maximum(probability[right], 1e-12))).sum() + L2 * (w**2).sum()
        gradient = (stacked * probability[:, None] * row_share).sum(0) - (stacked[right] * share[:, None]).sum(0)
        return float(value), gradient + 2 * L2 * w

    solved = minimize(loss, np.ones(len(columns)), jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(columns))
    weights = np.zeros(len(FEATURES), dtype=np.float32)
    weights[columns] = solved.x / spread
    return FusionWeights(weights)
