"""From the parts of the model to one ordered list for one person."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from models.recommender.config import RankConfig

Floats = NDArray[np.float32]


def recency_weights(n: int, config: RankConfig) -> Floats:
    """Weights of ``n`` items in the order in which they were said, the last one strongest, shape (n,)."""
    age = np.arange(n, dtype=np.float32)[::-1]
    return np.asarray(config.recency_floor + np.exp(-age / config.recency), np.float32)


def long_profile_share(n: int, config: RankConfig) -> float:
    """How far the regression replaces the item-kNN for somebody with ``n`` liked items, in [0, 1)."""
    return n**2 / (n**2 + config.half_profile**2)


def level(scores: Floats, best: int = 20) -> float:
    """Mean of the ``best`` highest positive scores, by which they are divided to be added to another model's.

    1 where there is no positive score, so that division changes nothing.
    """
    positive = scores[scores > 0]
    if len(positive) > best:
        positive = np.partition(positive, -best)[-best:]
    return float(positive.sum() / best) if len(positive) else 1.0


def discount(popularity: NDArray[np.integer], diversity: float, config: RankConfig) -> Floats:
    """Factor in (0, 1] by which popular items are held back; 1 for all of them at diversity 0.

    Args:
        popularity: number of likes, any shape.
        diversity: in [0, 1].
    """
    shrunken = (np.asarray(popularity, np.float32) + 10) / 10
    return np.asarray(shrunken ** (-config.popularity_discount * diversity), np.float32)


def pick(order: NDArray[np.integer], series: NDArray[np.integer], n: int, config: RankConfig) -> list[int]:
    """The first ``n`` of ``order`` with at most ``per_series`` items of one series.

    Args:
        order: item codes, best first.
        series: number of the series of each item.
    """
    counts: Counter[int] = Counter()
    picked: list[int] = []
    for item in order:
        if len(picked) == n:
            break
        number = int(series[item])
        if counts[number] < config.per_series:
            counts[number] += 1
            picked.append(int(item))
    return picked
