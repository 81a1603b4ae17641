"""Measures of ranked lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Id = TypeVar("Id", int, str)
DISCOUNTS = 1 / np.log2(np.arange(10) + 2)


def ndcg(shown: Sequence[Id], wanted: Collection[Id]) -> float:
    """Normalised discounted cumulative gain of the first ten of ``shown``, in [0, 1]; ``wanted`` is not empty."""
    hits = np.array([item in wanted for item in shown[:10]], float)
    return float(hits @ DISCOUNTS[: len(hits)] / DISCOUNTS[: len(wanted)].sum())


def beyond_accuracy(shown: Sequence[Sequence[int]], popularity: NDArray[np.integer]) -> dict[str, float]:
    """Who gets recommended.

    Args:
        shown: lists of codes, one for each person.
        popularity: number of ratings of each item, shape (n_items,).

    Returns:
        ``coverage``: share of the rated items that were shown to anybody; ``novelty``: mean of −log2 of the share of all
        ratings that an item has (bits, higher is less known); ``popularity``: mean rank of the shown items among all
        rated ones by popularity, 1 the most popular; ``gini``: inequality of how often items are shown, 0 to 1.
    """
    flat = np.array([code for codes in shown for code in codes], np.int64)
    if not len(flat):
        return {"coverage": 0.0, "novelty": 0.0, "popularity": 0.0, "gini": 0.0}
    rated = popularity > 0
    share = np.maximum(popularity, 1) / popularity.sum()
    ranks = np.empty(len(popularity))
    ranks[np.argsort(popularity, kind="stable")] = np.arange(1, len(popularity) + 1) / len(popularity)
    times = np.sort(np.bincount(flat, minlength=len(popularity))[rated])
    n = len(times)
    return {
        "coverage": len(np.unique(flat)) / int(rated.sum()),
        "novelty": float(-np.log2(share[flat]).mean()),
        "popularity": float(ranks[flat].mean()),
        "gini": float((2 * np.arange(1, n + 1) - n - 1) @ times / (n * times.sum())),
    }
