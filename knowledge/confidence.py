"""How sure the assistant may be: two probabilities from what the ranking looks like.

`right`: the first candidate is the right entry. `in_scope`: some entry answers the question at all. Both are logistic
regressions on the evidence below, `right` also on products of it, fitted in knowledge.calibrate. Products for `in_scope`
were tried on the development data and earned nothing; for `right` they let 75 % instead of 69 % be answered at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.fusion import FusionWeights
from knowledge.retrieval import FEATURES, PARTS, Candidates

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

L2 = 1e-3
L2_PRODUCTS = 3e-3
LIMIT = 3.0
"""Standard deviations from which on evidence is not taken for more extreme."""
EVIDENCE = (
    "score", "lead", "share", "agreement", *FEATURES, *(f"{name}_lead" for name in FEATURES), "length",
    "coverage", "outside_nearest", "outside_mean", "outside_lead",
)  # fmt: skip
"""score: fused score of the first. lead: how far it is above the second. share: log of its softmax probability.
agreement: part of the features in which it is the best. The features of the first, and their lead over the best other.
length: log of 1 + characters. coverage: share of the question's words that the first speaks of. outside_nearest,
outside_mean: cosines to questions known to be out of scope; outside_lead: by how much the nearest of them beats the
nearest question of the first."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates best first: entry numbers [c], softmax probabilities [c], and the evidence [len(EVIDENCE)]."""

    entries: Ints
    probabilities: Floats
    evidence: Floats


def rank(fusion: FusionWeights, candidates: Candidates, text: str, used: Sequence[str] = PARTS) -> Ranked:
    """Order the candidates (at least one) of a normalised question and gather the evidence.

    `used` names the features that may be looked at; the others count as zero (for ablations).
    """
    order, scores = fusion.rank(candidates)
    exponent = np.exp(scores - scores[0])
    probabilities = (exponent / exponent.sum()).astype(np.float32)
    features = candidates.features[order]
    if len(used) < len(PARTS):
        features = features * np.isin(FEATURES, used)
    rest = features[1:].max(axis=0) if len(order) > 1 else np.zeros(len(FEATURES), dtype=np.float32)
    leads = features[0] - rest
    lead = scores[0] - scores[1] if len(order) > 1 else scores[0]
    head = [scores[0], lead, np.log(probabilities[0]), float((leads >= 0).mean())]
    beyond = np.zeros(4, dtype=np.float32)
    if "coverage" in used:
        beyond[0] = candidates.coverage(int(candidates.entries[order[0]]))
    if "outside" in used:
        beyond[1:] = [*candidates.outside, candidates.outside[0] - features[0][FEATURES.index("dense_best")]]
    evidence = np.concatenate([head, features[0], leads, [np.log1p(len(text))], beyond]).astype(np.float32)
    return Ranked(candidates.entries[order], probabilities, evidence)


@dataclass(frozen=True, slots=True)
class Logistic:
    """p = 1 / (1 + exp(-(bias + weights @ x)))."""

    weights: Floats
    bias: float

    def probability(self, evidence: Floats) -> float | Any:
        """Of one row [f] (a float) or of many [n, f] (an array [n])."""
        return 1.0 / (1.0 + np.exp(-(evidence @ self.weights + self.bias)))

    def to_json(self) -> dict[str, float]:
        """Weights by kind of evidence, and the bias."""
        named = {name: round(float(w), 5) for name, w in zip(EVIDENCE, self.weights, strict=True)}
        return {**named, "bias": round(self.bias, 5)}

    @classmethod
    def from_json(cls, data: dict[str, float]) -> Logistic:
        """Inverse of to_json; raises KeyError when a weight is missing."""
        return cls(np.array([data[name] for name in EVIDENCE], dtype=np.float32), data["bias"])


@dataclass(frozen=True, slots=True)
class Quadratic:
    """A logistic regression on standardised evidence and the products of every two of its parts.

    That a candidate leads says little when all are far away, and much when it is near: products can tell, and whether
    the first candidate is right hangs on it. mean, spread: [f]; weights: [f + f (f + 1) / 2].
    """

    mean: Floats
    spread: Floats
    weights: Floats
    bias: float

    def probability(self, evidence: Floats) -> float | Any:
        """Of one row [f] (a float) or of many [n, f] (an array [n])."""
        expanded = with_products((evidence - self.mean) / self.spread)
        return 1.0 / (1.0 + np.exp(-(expanded @ self.weights + self.bias)))

    def to_json(self) -> dict[str, Any]:
        """Plain lists, and the names of the evidence that they belong to."""
        arrays = {"mean": self.mean, "spread": self.spread, "weights": self.weights}
        lists = {name: [round(float(x), 5) for x in values] for name, values in arrays.items()}
        return {"evidence": list(EVIDENCE), **lists, "bias": round(self.bias, 5)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Quadratic:
        """Inverse of to_json; raises KeyError or ValueError when it belongs to other evidence."""
        if tuple(data["evidence"]) != EVIDENCE:
            raise ValueError("fitted on other evidence")
        mean, spread, weights = (np.array(data[name], dtype=np.float32) for name in ("mean", "spread", "weights"))
        return cls(mean, spread, weights, data["bias"])


def with_products(standardised: Floats) -> Floats:
    """Evidence [..., f] and the products of every two parts [..., f + f (f + 1) / 2], outliers cut at LIMIT."""
    cut = np.clip(standardised, -LIMIT, LIMIT)
    first, second = np.triu_indices(cut.shape[-1])
    products: Floats = np.concatenate(
        [cut, np.clip(cut[..., first] * cut[..., second], -(LIMIT**2), LIMIT**2)], axis=-1
    )
    return products


def fit_logistic(evidence: Floats, truth: Sequence[bool], importance: Doubles) -> Logistic:
    """Weighted maximum likelihood with a small penalty; evidence [n, f], truth and importance [n]."""
    mean, spread, weights, bias = _fit(evidence.astype(np.float64), truth, importance, L2)
    folded = weights / spread
    return Logistic(folded.astype(np.float32), float(bias - folded @ mean))


def fit_quadratic(evidence: Floats, truth: Sequence[bool], importance: Doubles) -> Quadratic:
    """The same over the products."""
    mean = evidence.mean(axis=0)
    spread = np.maximum(evidence.std(axis=0), 1e-6)
    expanded = with_products((evidence - mean) / spread).astype(np.float64)
    centre, scale, weights, bias = _fit(expanded, truth, importance, L2_PRODUCTS)
    folded = weights / scale
    return Quadratic(mean, spread, folded.astype(np.float32), float(bias - folded @ centre))


def _fit(
    x: Doubles, truth: Sequence[bool], importance: Doubles, penalty: float
) -> tuple[Doubles, Doubles, Doubles, float]:
    """Mean and spread of the columns of x [n, f], and weights [f] and bias for the columns standardised by them."""
    from scipy.optimize import minimize  # needed for fitting alone, and slow to import

    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    x = (x - mean) / spread
    sign = np.where(truth, 1.0, -1.0)
    share = importance / importance.sum()

    def loss(w: Doubles) -> tuple[float, Doubles]:
        margin = sign * (x @ w[:-1] + w[-1])
        slope = -sign * share / (1.0 + np.exp(np.clip(margin, -500, 500)))
        value = (share * np.logaddexp(0.0, -margin)).sum() + penalty * (w[:-1] ** 2).sum()
        return float(value), np.append(slope @ x + 2 * penalty * w[:-1], slope.sum())

    solved = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return mean, spread, solved[:-1], float(solved[-1])
