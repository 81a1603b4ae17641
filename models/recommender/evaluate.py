"""How good a recommender is: rating error, ranking from a few likes, ranking from a whole history, and for whom.

The protocols are fixed here once, for the tests, for train.py and for the comparison with other libraries:

* `rating_splits`: five random 90/10 splits of the ratings, RMSE on the tenth (seeds 0 to 4).
* `cold_start`: a fifth of the users is set aside (seed 0); each of them with at least k + 5 liked items names k of them,
  and is to be shown the others. NDCG@10.
* `last_out`: each user's last rating by time is to be found from all earlier ones. NDCG@10.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recommender.data import Ratings, like_threshold
from models.recommender.model import Recommender

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """One person: what is known (codes and ratings, oldest first), and what is to be found among everything else."""

    known: Codes
    values: NDArray[np.float32]
    wanted: Codes


def rating_splits(ratings: Ratings, seeds: Sequence[int] = range(5)) -> Iterator[tuple[Ratings, Ratings]]:
    """(training, test) of random 90/10 splits."""
    for seed in seeds:
        order = np.random.RandomState(seed).permutation(len(ratings))
        test = np.zeros(len(ratings), bool)
        test[order[: len(ratings) // 10]] = True
        yield ratings.subset(~test), ratings.subset(test)


def cold_start(ratings: Ratings, k: int, seed: int = 0) -> tuple[Ratings, list[Case]]:
    """Training ratings of four fifths of the users, and a case for each other user with enough liked items."""
    rng = np.random.RandomState(seed)
    aside = np.zeros(ratings.n_users, bool)
    aside[rng.permutation(ratings.n_users)[: ratings.n_users // 5]] = True
    held = aside[ratings.users]
    liked = held & (ratings.values >= like_threshold(ratings.scale))
    cases = []
    order = np.argsort(ratings.users, kind="stable")
    order = order[liked[order]]
    for items in np.split(ratings.items[order], np.flatnonzero(np.diff(ratings.users[order])) + 1):
        if len(items) >= k + 5:
            shuffled = rng.permutation(items).astype(np.int64)
            cases.append(Case(shuffled[:k], np.full(k, ratings.scale[1], np.float32), shuffled[k:]))
    return ratings.subset(~held), cases


def last_out(ratings: Ratings, skip: int = 0) -> tuple[Ratings, list[Case]]:
    """Training ratings without each user's last one by time, and a case for each user.

    Args:
        skip: drop that many last ratings first; 1 gives the validation split of the same protocol.
    """
    # Ratings of the same second are in no order; a fixed shuffle keeps the order of the table from deciding.
    shuffle = np.random.default_rng(0).random(len(ratings))
    order = np.lexsort((shuffle, ratings.times, ratings.users))
    starts = np.flatnonzero(np.diff(ratings.users[order], prepend=-1))
    train = np.zeros(len(ratings), bool)
    cases = []
    for rows in np.split(order, starts[1:]):
        history = rows[: len(rows) - skip]
        if len(history) > 1:
            train[history[:-1]] = True
            known = history[:-1]
            wanted = ratings.items[history[-1:]].astype(np.int64)
            cases.append(Case(ratings.items[known].astype(np.int64), ratings.values[known], wanted))
    return ratings.subset(train), cases


def lists(recommender: Recommender, cases: Sequence[Case], diversity: float) -> list[list[int]]:
    """Ten recommended codes for each case."""
    ids, catalogue = recommender.catalogue.ids, recommender.catalogue
    result = []
    for case in cases:
        liked = {ids[code]: float(value) for code, value in zip(case.known, case.values, strict=True)}
        shown = recommender.recommend(liked, n=10, diversity=diversity)
        result.append(catalogue.codes(item.item_id for item in shown).tolist())
    return result
