"""Linear heads on the backbone's vector: is it a painting at all, and of which genre.

Only classes with real examples are named; what a head has not seen it cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.appraisal.canvas import Floats

PAINTING, PHOTO, PAGE, NOISE = "绘画", "照片", "文档或截图", "没有内容的画面"
KINDS = (PAINTING, PHOTO, PAGE, NOISE)


@dataclass(frozen=True)
class Head:
    """Multinomial logistic regression.

    Attributes:
        labels: names of the classes; mean, scale: float32 [inputs]; weight: [classes, inputs]; bias: [classes].
    """

    labels: tuple[str, ...]
    mean: Floats
    scale: Floats
    weight: Floats
    bias: Floats

    def probabilities(self, vectors: Floats) -> Floats:
        """float32 [n, classes] of vectors [n, inputs]."""
        logits = ((vectors - self.mean) / self.scale) @ self.weight.T + self.bias
        powers = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)

    def ranked(self, vector: Floats) -> list[tuple[str, float]]:
        """Labels with probabilities, the likeliest first."""
        p = self.probabilities(vector[None])[0]
        return [(self.labels[i], float(p[i])) for i in np.argsort(-p)]

    def arrays(self, name: str) -> dict[str, Floats]:
        """What is stored, under this name."""
        return {f"{name}.{part}": getattr(self, part) for part in ("mean", "scale", "weight", "bias")}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats], name: str, labels: Sequence[str]) -> Head:
        """The inverse of ``arrays``."""
        parts = [arrays[f"{name}.{part}"].astype(np.float32) for part in ("mean", "scale", "weight", "bias")]
        return cls(tuple(labels), *parts)


def fit_head(vectors: Floats, labels: Sequence[str], order: Sequence[str], *, c: float = 0.003) -> Head:
    """Fit on vectors [n, inputs]; classes weigh the same however many examples they have.

    Args:
        order: the labels, as they are to be stored; c: inverse strength of the L2 penalty.
    """
    from sklearn.linear_model import LogisticRegression

    x = np.asarray(vectors, np.float32)
    mean, scale = x.mean(0), x.std(0) + 1e-4
    codes = np.array([list(order).index(label) for label in labels])
    model = LogisticRegression(C=c, max_iter=2000, class_weight="balanced").fit((x - mean) / scale, codes)
    weight, bias = model.coef_, model.intercept_
    if len(order) == 2:
        weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return Head(tuple(order), mean, scale, weight.astype(np.float32), bias.astype(np.float32))
