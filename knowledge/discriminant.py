"""A space in which wordings of one entry lie together: linear discriminant analysis of the FAQ's own question vectors.

General encoders spend much of a cosine on what every customer question shares. Dividing by the spread that questions of
one entry have among each other (the within-class covariance, shrunk towards a multiple of the identity) leaves what tells
entries apart; an entry is then the direction of its mean (Fisher 1936; shrinkage as in Ledoit and Wolf 2004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

SHRINKAGE = 0.6


@dataclass(frozen=True, slots=True)
class Discriminant:
    """mean [dim] and rotation [dim, dim] into the space; centroids [n_entries, dim], unit rows."""

    mean: Floats
    rotation: Floats
    centroids: Floats

    def move(self, vector: Floats) -> Floats:
        """A unit vector [dim] of the encoder as a unit vector [dim] of this space; compare it with the centroids."""
        moved = (vector - self.mean) @ self.rotation
        result: Floats = moved / max(float(np.linalg.norm(moved)), 1e-9)
        return result


def fit_discriminant(vectors: Floats, owner: Ints, n_entries: int, shrinkage: float = SHRINKAGE) -> Discriminant:
    """Fit on unit vectors [n, dim] of the questions, owner [n] being their entries; every entry has a question."""
    dim = vectors.shape[1]
    sums = np.zeros((n_entries, dim), dtype=np.float64)
    np.add.at(sums, owner, vectors)
    means = sums / np.bincount(owner, minlength=n_entries)[:, None]
    mean = vectors.mean(axis=0, dtype=np.float64)
    spread = vectors - means[owner]
    # Entries with one wording have no spread: the degrees of freedom are what is left.
    free = max(1, len(vectors) - n_entries)
    within = spread.T @ spread / free
    level = max(float(np.trace(within)) / dim, 1e-6)
    within = (1 - shrinkage) * within + shrinkage * level * np.eye(dim)
    values, axes = np.linalg.eigh(within)
    rotation = axes / np.sqrt(values)
    centroids = (means - mean) @ rotation
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-9)
    return Discriminant(mean.astype(np.float32), rotation.astype(np.float32), centroids.astype(np.float32))
