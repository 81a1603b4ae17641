"""The protocols and measures, on data whose figures can be told by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.recommender.data import Ratings
from models.recommender.evaluate import cold_start, last_out, lists, rating_splits
from models.recommender.metrics import beyond_accuracy, ndcg
from models.recommender.model import Recommender
from tests.unit.recommender.conftest import N_ITEMS, N_USERS


def test_ndcg_of_the_best_and_the_worst_list() -> None:
    assert ndcg([1, 2, 3], {1, 2, 3}) == pytest.approx(1)
    assert ndcg([4, 5, 6], {1, 2, 3}) == 0
    assert ndcg([9, 1], {1}) == pytest.approx(1 / np.log2(3))
    assert ndcg(list(range(10)), set(range(30))) == pytest.approx(1)


def test_splits_are_nine_to_one_and_apart(board: Ratings) -> None:
    for train, test in rating_splits(board, [0, 1]):
        assert len(train) + len(test) == len(board)
        assert len(test) == len(board) // 10
        pairs = [set(zip(r.users.tolist(), r.items.tolist(), strict=True)) for r in (train, test)]
        assert not pairs[0] & pairs[1]


def test_cold_start_people_are_strangers(board: Ratings) -> None:
    train, cases = cold_start(board, 3)
    assert len(np.unique(train.users)) == N_USERS - N_USERS // 5
    assert cases
    for case in cases:
        assert len(case.known) == 3
        assert not set(case.known.tolist()) & set(case.wanted.tolist())
        assert len({int(code) % 2 for code in [*case.known, *case.wanted]}) == 1


def test_the_last_rating_is_left_out(board: Ratings) -> None:
    train, cases = last_out(board)
    assert len(train) == len(board) - N_USERS
    assert len(cases) == N_USERS
    for user, case in enumerate(cases):
        own = np.flatnonzero(board.users == user)
        assert case.wanted.tolist() == [board.items[own[-1]]]
        assert case.known.tolist() == board.items[own[:-1]].tolist()
    validation, _ = last_out(board, skip=1)
    assert len(validation) == len(board) - 2 * N_USERS


def test_strangers_get_what_they_like(recommender: Recommender, board: Ratings) -> None:
    _, cases = cold_start(board, 3)
    shown = lists(recommender, cases, 0.0)
    assert np.mean([ndcg(s, set(c.wanted.tolist())) for s, c in zip(shown, cases, strict=True)]) > 0.5


def test_everybody_the_same_is_little_coverage_and_much_inequality() -> None:
    popularity = np.full(N_ITEMS, 10)
    same = beyond_accuracy([[0, 1]] * 50, popularity)
    spread = beyond_accuracy([[n, (n + 1) % N_ITEMS] for n in range(N_ITEMS)], popularity)
    assert same["coverage"] == pytest.approx(2 / N_ITEMS)
    assert spread["coverage"] == 1
    assert spread["gini"] == pytest.approx(0)
    assert same["gini"] > 0.9
    assert same["novelty"] == pytest.approx(np.log2(N_ITEMS))
    assert beyond_accuracy([], popularity)["coverage"] == 0
