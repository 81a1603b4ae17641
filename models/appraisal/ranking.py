"""The learned part of the score: a small network that ranks a work above its spoilt copies and does not tell copies apart.

What is ranked is the total, ``t = ATTRIBUTE_SHARE * a + r - d``: ``a`` is the weighted mean of the computed attributes,
standardised, ``r`` is what the network adds, and ``d`` what a wrong proportion costs. So the attributes keep their say, and
the network learns what the pixels' formulas cannot know: that a blurred, noisy or badly cropped copy is not the better
picture. Both look at the picture as a square, where a squashed copy is the same picture; that it is squashed shows where
the proportion that its strokes and shapes suggest is far from the one that it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.appraisal.attributes import attribute_values, weighted
from models.appraisal.canvas import Floats
from models.appraisal.measures import MEASURES

ATTRIBUTE_SHARE = 0.5
LOW_KNEE, HIGH_KNEE = 40.0, 88.0
PROPORTION = MEASURES.index("proportion") - len(MEASURES)
"""Where an observation vector has it, from its end."""
UNSEEN = 1e6
"""Scale of what the networks are not to see."""
SQUASH_COST = 4.0
"""In t, for each unit of the logarithm of the proportion beyond what is tolerated."""


def attribute_mean(vectors: npt.NDArray[Any]) -> Floats:
    """The attributes' weighted mean of observation vectors [..., 2447], float32 [...]."""
    flat = np.asarray(vectors, np.float32).reshape(-1, vectors.shape[-1])[:, -len(MEASURES) :]
    found = [weighted(attribute_values(dict(zip(MEASURES, row.tolist(), strict=True)))) for row in flat]
    return np.array(found, np.float32).reshape(vectors.shape[:-1])


@dataclass(frozen=True)
class Ranker:
    """Several networks of one hidden layer; numpy only.

    Attributes:
        mean, scale: float32 [inputs], standardise an observation vector.
        first: float32 [members, inputs, hidden]; bias: [members, hidden]; second: [members, hidden].
        attributes: mean and standard deviation of the attributes' weighted mean over the reference works.
        total: mean and standard deviation of t over the reference works.
        target: what they become as points.
        shape: float32 [inputs + 1], from a standardised vector to the proportion that it suggests; the last is the constant.
        tolerance: how far, as a logarithm, a proportion may be from the suggested one at no cost.
    """

    mean: Floats
    scale: Floats
    first: Floats
    bias: Floats
    second: Floats
    attributes: tuple[float, float]
    shape: Floats
    tolerance: float
    total: tuple[float, float] = (0.0, 1.0)
    target: tuple[float, float] = (66.6, 10.0)

    def standardised(self, vectors: npt.NDArray[Any]) -> Floats:
        """Observation vectors [..., inputs] as the networks read them."""
        return np.asarray(np.clip((np.asarray(vectors, np.float32) - self.mean) / self.scale, -6, 6), np.float32)

    def squashed(self, vectors: npt.NDArray[Any]) -> Floats:
        """How far proportions are from those suggested, beyond what is tolerated; 0 or more, of vectors [n, inputs]."""
        suggested = self.standardised(vectors) @ self.shape[:-1] + self.shape[-1]
        apart = np.abs(np.asarray(vectors, np.float32)[..., PROPORTION] - suggested)
        return np.asarray(np.maximum(apart - self.tolerance, 0), np.float32)

    def members(self, vectors: npt.NDArray[Any]) -> Floats:
        """Every member's t of observation vectors [n, inputs], float32 [members, n]."""
        x = self.standardised(vectors)
        hidden = np.maximum(np.einsum("ni,mih->mnh", x, self.first, optimize=True) + self.bias[:, None], 0)
        r = np.einsum("mnh,mh->mn", hidden, self.second)
        a = (attribute_mean(vectors) - self.attributes[0]) / self.attributes[1]
        return np.asarray(ATTRIBUTE_SHARE * a + r - SQUASH_COST * self.squashed(vectors), np.float32)

    def points(self, vectors: npt.NDArray[Any]) -> tuple[Floats, Floats]:
        """Points, 0 to 100, of vectors [n, inputs], and how far the members disagree; float32 [n] twice."""
        t = self.members(vectors)
        mean, deviation = self.total
        unit = self.target[1] / deviation
        return bounded(self.target[0] + (t.mean(0) - mean) * unit), (
            t.std(0, ddof=1) if len(t) > 1 else np.zeros(t.shape[1], np.float32)
        ) * unit

    @property
    def attribute_points(self) -> float:
        """Points for each point of the attributes' weighted mean."""
        return ATTRIBUTE_SHARE / self.attributes[1] * self.target[1] / self.total[1]

    def standing(self, vector: Floats) -> tuple[float, float]:
        """The two shares of one picture's points above or below the reference mean: attributes, network."""
        unit = self.target[1] / self.total[1]
        a = ATTRIBUTE_SHARE * float((attribute_mean(vector[None])[0] - self.attributes[0]) / self.attributes[1])
        t = float(self.members(vector[None]).mean()) - self.total[0]
        return a * unit, (t - a) * unit

    def pull(self, vector: Floats) -> Floats:
        """Gradient of r with respect to the observation vector, float32 [inputs]; the mean over the members."""
        x = self.standardised(vector)
        active = (np.einsum("i,mih->mh", x, self.first) + self.bias) > 0
        gradient = np.einsum("mih,mh->i", self.first, self.second * active) / len(self.first)
        return np.asarray(gradient / self.scale, np.float32)

    def arrays(self) -> dict[str, Floats]:
        """What is stored."""
        return {
            "mean": self.mean,
            "scale": self.scale,
            "first": self.first,
            "bias": self.bias,
            "second": self.second,
            "shape": self.shape,
            "numbers": np.array([*self.attributes, *self.total, *self.target, self.tolerance], np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats]) -> Ranker:
        """The inverse of ``arrays``."""
        n = [float(v) for v in arrays["numbers"]]
        mean, scale, first, bias, second, shape = (
            arrays[name].astype(np.float32) for name in ("mean", "scale", "first", "bias", "second", "shape")
        )
        return cls(mean, scale, first, bias, second, (n[0], n[1]), shape, n[6], total=(n[2], n[3]), target=(n[4], n[5]))


def bounded(points: Floats) -> Floats:
    """Points pressed into 0 to 100 without changing their order: straight in the middle, bent towards both ends."""
    low = LOW_KNEE * np.exp(np.minimum(points - LOW_KNEE, 0) / LOW_KNEE)
    room = 100 - HIGH_KNEE
    high = 100 - room * np.exp(-np.maximum(points - HIGH_KNEE, 0) / room)
    return np.asarray(np.where(points < LOW_KNEE, low, np.where(points > HIGH_KNEE, high, points)), np.float32)
