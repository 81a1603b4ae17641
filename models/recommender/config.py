"""Every number of the recommender, typed and frozen.

The defaults were tuned on users and ratings outside the test parts of the protocols in evaluate.py (validation users
of other random splits, the last but one rating of each user). The smaller the data, the more the shrinkage matters.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Estimator = Literal["mean", "mode"]


@dataclass(frozen=True)
class FactorConfig:
    """The rating model R ≈ μ + b_u + b_i + P Qᵀ.

    Attributes:
        embedding_size: number of factors k while training (the mode is best with 16).
        estimator: "mode" minimises the squared error with L2 by alternating least squares; "mean" averages the
            posterior of which that minimum is the mode, which predicts better and needs no tuned penalty.
        reg: L2 strength λ, per rating, of factors and biases ("mode" only).
        epochs: alternations ("mode" only).
        burn_in: samples thrown away; samples: samples averaged ("mean" only).
        precision_exponent: rows with n ratings are tied to their prior mean by n**exponent ("mean" only).
        compressed_size: factors that the averaged model is reduced to ("mean" only).
        fold_in_reg: ridge strength for a new user's factors ("mean" only; with "mode" it is λ per rating).
        seed: of the generator.
    """

    embedding_size: int = 8
    estimator: Estimator = "mean"
    reg: float = 0.12
    epochs: int = 16
    burn_in: int = 20
    samples: int = 120
    precision_exponent: float = 0.35
    compressed_size: int = 16
    fold_in_reg: float = 4.0
    seed: int = 0

    def ridge(self, n: int) -> float:
        """Penalty for a new user with ``n`` ratings."""
        return self.fold_in_reg if self.estimator == "mean" else self.reg * max(n, 1)


@dataclass(frozen=True)
class NeighbourConfig:
    """The two item-item models that rank.

    Attributes:
        top: neighbours kept for an item.
        user_exponent: a user with n ratings counts n**-exponent in the item-kNN, so heavy raters do not drown it.
        item_exponent: how strongly a popular neighbour is held back (0.5 is the cosine; less follows the crowd).
        shrinkage: added to every item's norm, in units of the mean norm; tames items with few ratings.
        ease_reg: ridge of the regression of each item on all others.
        ease_min_ratings: items with fewer ratings are left to the item-kNN.
        ease_max_items: size of the largest matrix that is inverted (memory 8 · n² bytes).
    """

    top: int = 100
    user_exponent: float = 0.5
    item_exponent: float = 0.3
    shrinkage: float = 3.0
    ease_reg: float = 400.0
    ease_min_ratings: int = 6
    ease_max_items: int = 4000


@dataclass(frozen=True)
class RankConfig:
    """How the parts are put together for one person.

    Attributes:
        half_profile: number of liked items at which item-kNN and regression weigh the same.
        recency: what was said last counts most: an item said m items ago weighs floor + exp(-m / recency).
        recency_floor: see recency.
        dislike_weight: how strongly neighbours of a disliked item are held back, against those of a liked one.
        filler_weight: weight of predicted rating and popularity where neighbours say little.
        content_weight: weight of what items have in common by their facts, for an item nobody has rated.
        content_half: number of likes at which that weight is halved.
        bare_factor: factor for items of which only title and genre are known, where others are described.
        popularity_discount: exponent of the discount for popular items at diversity 1.
        per_series: most items of one series in a list.
        candidates: how many items are taken from the factor index, and from the neighbours, before the discount.
    """

    half_profile: float = 15.0
    recency: float = 7.0
    recency_floor: float = 0.1
    dislike_weight: float = 0.2
    filler_weight: float = 0.05
    content_weight: float = 2.0
    content_half: float = 10.0
    bare_factor: float = 0.6
    popularity_discount: float = 0.6
    per_series: int = 2
    candidates: int = 1000


@dataclass(frozen=True)
class RecommenderConfig:
    """All of it; written to config.json beside the weights."""

    factors: FactorConfig = field(default_factory=FactorConfig)
    neighbours: NeighbourConfig = field(default_factory=NeighbourConfig)
    rank: RankConfig = field(default_factory=RankConfig)

    def as_dict(self) -> dict[str, Any]:
        """For config.json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RecommenderConfig:
        """The inverse of as_dict. Raises TypeError for an unknown or missing part."""
        return cls(
            factors=FactorConfig(**data["factors"]),
            neighbours=NeighbourConfig(**data["neighbours"]),
            rank=RankConfig(**data["rank"]),
        )
