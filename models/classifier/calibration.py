"""Honest numbers: temperature scaling, the expected calibration error, and the threshold below which nothing is claimed.

Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017). Everything here is fitted on a dev part.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]
BINS = 15
FEWEST_ANSWERED = 20
"""A threshold is not trusted to fewer answered dev texts than these."""


@dataclass(frozen=True)
class Calibration:
    """How logits become claims.

    Attributes:
        temperature: logits are divided by it.
        threshold: probability of the best label below which the answer is 看不准.
        thresholds: probability from which a label is given (multi-label tasks), one a label.
    """

    temperature: float = 1.0
    threshold: float = 0.0
    thresholds: tuple[float, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For config.json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Calibration:
        """The inverse of as_dict."""
        return cls(**{**data, "thresholds": tuple(data["thresholds"])})


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Probabilities along the last axis."""
    scaled = logits / temperature
    shifted = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    out: Floats = (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
    return out


def sigmoid(logits: Floats, temperature: float = 1.0) -> Floats:
    """Probability of each label by itself."""
    out: Floats = (1 / (1 + np.exp(-np.clip(logits / temperature, -30, 30)))).astype(np.float32)
    return out


def fit_single(logits: Floats, codes: Codes, precision: float) -> Calibration:
    """Temperature by log-likelihood; the least threshold whose answered dev texts are right ``precision`` of the time."""

    def loss(log_temperature: float) -> float:
        p = softmax(logits, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(p[np.arange(len(codes)), codes], 1e-9)).mean())

    temperature = float(np.exp(minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded").x))
    p = softmax(logits, temperature)
    threshold = least_confidence(p.max(axis=1), p.argmax(axis=1) == codes, precision)
    return Calibration(round(temperature, 4), threshold)


def least_confidence(confidence: Floats, right: npt.NDArray[np.bool_], precision: float) -> float:
    """The least confidence such that of the texts with at least that much ``precision`` are right; 1 when there is none."""
    order = np.argsort(-confidence)
    running = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(running >= precision)
    good = good[good + 1 >= min(FEWEST_ANSWERED, len(order))]
    return round(float(confidence[order[good[-1]]]), 4) if len(good) else 1.0


def fit_multi(logits: Floats, truth: Floats, precision: float) -> Calibration:
    """Temperature by log-likelihood; each label's threshold by its F1, drawn towards the one that is best for all.

    The threshold of 看不准 is that of ``fit_single``, for the first label.
    """

    def loss(log_temperature: float) -> float:
        p = np.clip(sigmoid(logits, float(np.exp(log_temperature))), 1e-6, 1 - 1e-6)
        return float(-(truth * np.log(p) + (1 - truth) * np.log(1 - p)).mean())

    temperature = float(np.exp(minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded").x))
    p = sigmoid(logits, temperature)
    grid = np.arange(0.1, 0.7, 0.02)

    def f1(chosen: npt.NDArray[np.bool_], wanted: Floats) -> float:
        hit = float((chosen * wanted).sum())
        return 2 * hit / max(1e-9, float(chosen.sum() + wanted.sum()))

    common = float(max(grid, key=lambda t: f1(p >= t, truth)))
    thresholds = []
    for label in range(truth.shape[1]):
        own = float(max(grid, key=lambda t: f1(p[:, label] >= t, truth[:, label])))
        n = float(truth[:, label].sum())
        thresholds.append(round((n * own + 20 * common) / (n + 20), 3))
    first = p.argmax(axis=1)
    threshold = least_confidence(p.max(axis=1), truth[np.arange(len(p)), first] > 0, precision)
    return Calibration(round(temperature, 4), threshold, tuple(thresholds))


def expected_calibration_error(confidence: Floats, right: npt.NDArray[np.bool_]) -> float:
    """Mean distance of confidence and accuracy over BINS equal bins, weighted by their texts; 0 is perfect."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    total = 0.0
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            total += abs(float(confidence[inside].mean()) - float(right[inside].mean())) * float(inside.mean())
    return total
