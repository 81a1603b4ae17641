"""The rating model: the objective, the closed forms, the posterior, folding in."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from models.recommender.config import FactorConfig
from models.recommender.data import Ratings
from models.recommender.factorisation import RatingModel, Sides, fit_mode, objective
from models.recommender.posterior import compress, fit_mean
from tests.unit.recommender.conftest import N_ITEMS, N_USERS, checkerboard

CONFIG = FactorConfig(embedding_size=4, burn_in=10, samples=30, estimator="mode", reg=0.05)


def held_out(board: Ratings) -> tuple[Ratings, Ratings]:
    test = np.random.default_rng(1).random(len(board)) < 0.1
    return board.subset(~test), board.subset(test)


def error(model: RatingModel, test: Ratings) -> float:
    return float(np.sqrt(((model.predict(test.users, test.items) - test.values) ** 2).mean()))


@pytest.mark.parametrize("fit", [fit_mode, fit_mean])
def test_the_checkerboard_is_learnt(board: Ratings, fit) -> None:
    train, test = held_out(board)
    assert error(fit(train, CONFIG), test) < 0.5


@pytest.mark.parametrize("fit", [fit_mode, fit_mean])
def test_the_same_seed_gives_the_same_model_and_another_one_does_not(board: Ratings, fit) -> None:
    first, again = fit(board, CONFIG), fit(board, CONFIG)
    other = fit(board, replace(CONFIG, seed=1))
    assert np.array_equal(first.item_factors, again.item_factors)
    assert not np.allclose(first.item_factors, other.item_factors)


def test_no_epoch_raises_the_objective(board: Ratings) -> None:
    trace: list[float] = []
    fit_mode(board, CONFIG, trace)
    assert len(trace) == CONFIG.epochs
    assert all(after <= before * (1 + 1e-9) for before, after in itertools.pairwise(trace))


def test_the_objective_is_the_formula(board: Ratings) -> None:
    """Written out rating by rating: squared error plus λ (b_u² + b_i² + ‖p_u‖² + ‖q_i‖²)."""
    rng = np.random.default_rng(0)
    users, items = rng.normal(size=(N_USERS, 5)), rng.normal(size=(N_ITEMS, 5))
    mean, expected = float(board.values.mean(dtype=np.float64)), 0.0
    for u, i, r in zip(board.users, board.items, board.values, strict=True):
        predicted = mean + users[u, 0] + items[i, 0] + users[u, 1:] @ items[i, 1:]
        expected += (r - predicted) ** 2 + 0.3 * (users[u] @ users[u] + items[i] @ items[i])
    assert objective(Sides(board), users, items, 0.3) == pytest.approx(expected)


def test_the_mode_is_a_stationary_point(board: Ratings) -> None:
    model = fit_mode(board, replace(CONFIG, epochs=200))
    users = np.hstack([model.user_bias[:, None], model.user_factors])
    items = np.hstack([model.item_bias[:, None], model.item_factors])
    sides = Sides(board)
    best = objective(sides, users, items, CONFIG.reg)
    rng = np.random.default_rng(0)
    for _ in range(10):
        moved = objective(sides, users + 1e-3 * rng.normal(size=users.shape), items, CONFIG.reg)
        assert moved > best


def test_folding_in_a_known_user_gives_what_training_gave(board: Ratings) -> None:
    """At the mode, a user's row is the ridge solution given the items: folding him in changes nothing."""
    model = fit_mode(board, replace(CONFIG, epochs=200))
    own = board.users == 3
    bias, factors = model.fold_in(board.items[own], board.values[own].astype(float), CONFIG.ridge(int(own.sum())))
    assert bias == pytest.approx(model.user_bias[3], abs=1e-3)
    assert np.allclose(factors, model.user_factors[3], atol=1e-3)


def test_somebody_without_ratings_is_average(board: Ratings) -> None:
    model = fit_mode(board, CONFIG)
    bias, factors = model.fold_in(np.zeros(0, np.int32), np.zeros(0), 1.0)
    assert bias == 0
    assert not factors.any()


def test_predictions_stay_in_the_scale(board: Ratings) -> None:
    model = fit_mean(board, CONFIG)
    predicted = model.predict_new(9.0, np.zeros(model.item_factors.shape[1]))
    assert predicted.max() <= 5
    assert predicted.min() >= 1


def test_an_item_nobody_rated_is_predicted_finitely() -> None:
    board = checkerboard()
    model = fit_mean(board.subset(board.items != 7), CONFIG)
    assert np.isfinite(model.predict_new(0.0, np.zeros(model.item_factors.shape[1]))).all()


def test_compression_keeps_a_product_of_low_rank() -> None:
    rng = np.random.default_rng(0)
    users, items = rng.normal(size=(30, 3)), rng.normal(size=(20, 3))
    left, right = compress([users, users], [items, items], 5, rng)
    assert np.allclose(left @ right.T, users @ items.T, atol=1e-6)
