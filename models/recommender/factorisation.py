"""The rating model: biased matrix factorisation R ≈ μ + b_u + b_i + P Qᵀ with L2.

It minimises, over the known ratings Ω,

    Σ_(u,i)∈Ω (R_ui − μ − b_u − b_i − p_uᵀ q_i)² + λ (b_u² + b_i² + ‖p_u‖² + ‖q_i‖²)

(Koren, Bell and Volinsky 2009; the sum over Ω makes the penalty of a row grow with its number of ratings, as in Zhou et
al. 2008). With the items fixed, each user's [b_u, p_u] is a ridge regression of its residuals on [1, q_i], solved in
closed form, and the other way round: alternating least squares. No step can raise the objective.

A new user is one more such regression with the items fixed (`fold_in`): milliseconds, and no training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.config import FactorConfig
from models.recommender.data import Ratings

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RatingModel:
    """Trained factors.

    Attributes:
        mean: μ.
        user_bias: b_u, shape (n_users,); user_factors: P, shape (n_users, k).
        item_bias: b_i, shape (n_items,); item_factors: Q, shape (n_items, k).
        scale: predictions are clipped to it.
    """

    mean: float
    user_bias: Array
    item_bias: Array
    user_factors: Array
    item_factors: Array
    scale: tuple[float, float]

    def predict(self, users: NDArray[np.integer], items: NDArray[np.integer]) -> Array:
        """Ratings of pairs of codes, within the scale, shape (n,)."""
        product = np.einsum("nk,nk->n", self.user_factors[users], self.item_factors[items])
        rating = self.mean + self.user_bias[users] + self.item_bias[items] + product
        return np.asarray(np.clip(rating, *self.scale))

    def fold_in(self, items: NDArray[np.integer], values: Array, reg: float) -> tuple[float, Array]:
        """Bias and factors of a new user with these ratings: a ridge regression, k + 1 unknowns.

        Without ratings both are zero, and predictions are those for an average user.
        """
        k = self.item_factors.shape[1]
        if not len(items):
            return 0.0, np.zeros(k)
        design = np.hstack([np.ones((len(items), 1)), self.item_factors[items]])
        residual = values - self.mean - self.item_bias[items]
        # The items' factors carry the scale of the users' factors they were trained with: P has about unit size.
        solution = np.linalg.solve(design.T @ design + reg * np.eye(k + 1), design.T @ residual)
        return float(solution[0]), solution[1:]

    def predict_new(self, bias: float, factors: Array, items: NDArray[np.integer] | slice = slice(None)) -> Array:
        """Ratings of items by a folded-in user, within the scale."""
        rating = self.mean + bias + self.item_bias[items] + self.item_factors[items] @ factors
        return np.asarray(np.clip(rating, *self.scale))


class Sides:
    """The ratings seen from the users and from the items, prepared for alternating between them.

    Attributes:
        mask: per side, a sparse matrix of ones (rows of that side × the other side).
        counts: per side, ratings of each row.
    """

    def __init__(self, ratings: Ratings) -> None:
        shape = (ratings.n_users, ratings.n_items)
        ones = np.ones(len(ratings))
        self.mean = float(ratings.values.mean(dtype=np.float64))
        self.mask: list[sparse.csr_matrix] = []
        self.rows: list[NDArray[np.int32]] = []
        self.columns: list[NDArray[np.int32]] = []
        self.centred: list[Array] = []
        self.counts: list[Array] = []
        for rows, columns, size in (
            (ratings.users, ratings.items, shape),
            (ratings.items, ratings.users, shape[::-1]),
        ):
            order = np.lexsort((columns, rows))
            mask = sparse.csr_matrix((ones, (rows[order], columns[order])), shape=size)
            mask.sort_indices()
            self.mask.append(mask)
            self.rows.append(rows[order])
            self.columns.append(columns[order])
            self.centred.append(ratings.values[order].astype(np.float64) - self.mean)
            self.counts.append(np.diff(mask.indptr).astype(np.float64))

    def normal_equations(self, side: int, other: Array) -> tuple[Array, Array]:
        """Left and right sides of every row's regression on [1, factors of the other side].

        Args:
            side: 0 for users, 1 for items.
            other: [bias, factors] of the other side, shape (m, k + 1).

        Returns:
            Shapes (n, k + 1, k + 1) and (n, k + 1), without any penalty.
        """
        mask = self.mask[side]
        design = np.hstack([np.ones((len(other), 1)), other[:, 1:]])
        size = design.shape[1]
        upper = np.triu_indices(size)
        products = mask @ (design[:, upper[0]] * design[:, upper[1]])
        left = np.empty((mask.shape[0], size, size))
        left[:, upper[0], upper[1]] = products
        left[:, upper[1], upper[0]] = products
        residual = self.centred[side] - other[self.columns[side], 0]
        right = sparse.csr_matrix((residual, mask.indices, mask.indptr), shape=mask.shape) @ design
        return left, right

    def residuals(self, users: Array, items: Array) -> Array:
        """Rating minus prediction for every known rating."""
        u, i = self.rows[0], self.columns[0]
        product = np.einsum("nk,nk->n", users[u, 1:], items[i, 1:])
        return np.asarray(self.centred[0] - users[u, 0] - items[i, 0] - product)


def start(ratings: Ratings, k: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """[bias, factors] of users and items to begin with: biases zero, factors small and random."""
    users = np.hstack([np.zeros((ratings.n_users, 1)), rng.normal(0, 0.1, (ratings.n_users, k))])
    items = np.hstack([np.zeros((ratings.n_items, 1)), rng.normal(0, 0.1, (ratings.n_items, k))])
    return users, items


def objective(sides: Sides, users: Array, items: Array, reg: float) -> float:
    """The value that fit_mode() minimises."""
    penalty = (sides.counts[0] * (users**2).sum(1)).sum() + (sides.counts[1] * (items**2).sum(1)).sum()
    return float((sides.residuals(users, items) ** 2).sum() + reg * penalty)


def fit_mode(ratings: Ratings, config: FactorConfig, trace: list[float] | None = None) -> RatingModel:
    """Minimise the objective by alternating least squares; ``trace`` receives its value after every epoch."""
    sides = Sides(ratings)
    both = list(start(ratings, config.embedding_size, np.random.default_rng(config.seed)))
    diagonal = np.arange(config.embedding_size + 1)
    for _ in range(config.epochs):
        for side in (0, 1):
            left, right = sides.normal_equations(side, both[1 - side])
            # A row without ratings has an empty system; any positive penalty makes its solution zero.
            left[:, diagonal, diagonal] += (config.reg * np.maximum(sides.counts[side], 1))[:, None]
            both[side] = np.asarray(np.linalg.solve(left, right[:, :, None])[:, :, 0], np.float64)
        if trace is not None:
            trace.append(objective(sides, both[0], both[1], config.reg))
    users, items = both
    return RatingModel(sides.mean, users[:, 0], items[:, 0], users[:, 1:], items[:, 1:], ratings.scale)
