"""The same rating model, averaged over its posterior instead of taken at its mode.

Squared error with L2 is the negative logarithm of a posterior density: Gaussian ratings, Gaussian factors. Its mode
fits rows with few ratings too closely; its mean does not, and the strengths of the L2 terms are part of what is
averaged, so nothing has to be tuned (Salakhutdinov and Mnih 2008). The half steps are those of alternating least
squares, except that a whole row [b, p] is drawn around the ridge solution instead of set to it.

Two things differ from that paper. Rows are tied to a mean that is linear in the logarithm of their number of ratings
(well-known films are rated higher, heavy raters are stricter), and rows with n ratings are tied by n**0.35 as strongly,
between the penalty per row (exponent 0) and the penalty per rating of the formula (exponent 1).

The mean of many products P Qᵀ has high rank; it is reduced to a few dozen factors by a truncated SVD, which moves
predictions by about a thousandth of a star.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recommender.config import FactorConfig
from models.recommender.data import Ratings
from models.recommender.factorisation import Array, RatingModel, Sides, start


@dataclass
class _Prior:
    """Gaussian prior of one side's rows: mean features @ weights, precision scale · weight of the row."""

    features: Array
    row_weights: Array
    rated: NDArray[np.bool_]
    weights: Array
    precision: Array

    @classmethod
    def of(cls, counts: Array, size: int, exponent: float) -> _Prior:
        rated = counts > 0
        logs = np.log1p(counts)
        features = np.stack([np.ones_like(logs), logs - logs[rated].mean()], axis=1)
        precision = np.array([5.0] + [8.0] * (size - 1))
        return cls(features, np.maximum(counts, 1) ** exponent, rated, np.zeros((2, size)), precision)

    @property
    def tie(self) -> Array:
        """Precision of every row's prior, shape (n, k + 1)."""
        return self.row_weights[:, None] * self.precision

    @property
    def mean(self) -> Array:
        """Mean of every row's prior, shape (n, k + 1)."""
        return np.asarray(self.features @ self.weights)

    def draw(self, rows: Array, rng: np.random.Generator) -> None:
        """Draw weights and precision given the rows (conjugate, flat prior on the weights)."""
        z, w, f = rows[self.rated], self.row_weights[self.rated], self.features[self.rated]
        gram = (f.T * w) @ f + 1e-6 * np.eye(f.shape[1])
        fitted = np.linalg.solve(gram, (f.T * w) @ z)
        spread = np.linalg.cholesky(np.linalg.inv(gram))
        self.weights = fitted + spread @ rng.standard_normal(fitted.shape) / np.sqrt(self.precision)
        error = (w[:, None] * (z - f @ self.weights) ** 2).sum(0)
        self.precision = rng.gamma(1 + len(z) / 2, 1 / (1 + error / 2))


def fit_mean(ratings: Ratings, config: FactorConfig) -> RatingModel:
    """Draw samples of all parameters in turn (block Gibbs) and average their predictions."""
    rng = np.random.default_rng(config.seed)
    sides = Sides(ratings)
    both = list(start(ratings, config.embedding_size, rng))
    size = config.embedding_size + 1
    priors = [_Prior.of(counts, size, config.precision_exponent) for counts in sides.counts]
    noise_precision = 1.3
    diagonal = np.arange(size)
    sums = [np.zeros(len(rows)) for rows in both]
    kept: list[list[Array]] = [[], []]
    for sample in range(config.burn_in + config.samples):
        for side in (0, 1):
            left, right = sides.normal_equations(side, both[1 - side])
            left *= noise_precision
            left[:, diagonal, diagonal] += priors[side].tie
            right = noise_precision * right + priors[side].tie * priors[side].mean
            # With left = L Lᵀ, solving for right + L z gives the ridge solution plus L⁻ᵀ z: a draw in one solve.
            noise = np.linalg.cholesky(left) @ rng.standard_normal((*right.shape, 1))
            drawn = np.linalg.solve(left, right[:, :, None] + noise)
            both[side] = np.asarray(drawn[:, :, 0], np.float64)
        for side in (0, 1):
            priors[side].draw(both[side], rng)
        error = (sides.residuals(both[0], both[1]) ** 2).sum()
        noise_precision = rng.gamma(1 + len(ratings) / 2, 1 / (1 + error / 2))
        if sample >= config.burn_in:
            for side in (0, 1):
                sums[side] += both[side][:, 0]
                kept[side].append(both[side][:, 1:].astype(np.float32))
    users, items = compress(kept[0], kept[1], config.compressed_size, rng)
    n = config.samples
    return RatingModel(sides.mean, sums[0] / n, sums[1] / n, users, items, ratings.scale)


def compress(users: list[Array], items: list[Array], size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Factors of at most ``size`` columns whose product is nearest to the mean of the products.

    By a randomised SVD (Halko, Martinsson and Tropp 2011) that never forms the (n_users, n_items) matrix. The singular
    values are shared out so that the users' factors have unit variance, which is what fold-in's ridge expects.
    """
    left = np.hstack(users).astype(np.float64) / len(users)
    right = np.hstack(items).astype(np.float64)
    size = min(size, left.shape[1], *left.shape[:1], *right.shape[:1])
    probe = right @ (left.T @ rng.standard_normal((len(left), min(size + 10, len(left)))))
    for _ in range(2):
        basis, _ = np.linalg.qr(probe)
        probe = right @ (left.T @ (left @ (right.T @ basis)))
    basis, _ = np.linalg.qr(probe)
    u, values, v = np.linalg.svd(left @ (right.T @ basis), full_matrices=False)
    spread = np.sqrt(len(left))
    return u[:, :size] * spread, (basis @ v.T)[:, :size] * values[:size] / spread
