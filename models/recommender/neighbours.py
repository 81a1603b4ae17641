"""Two item-item models: nearest neighbours for short profiles, a regression on all items for long ones.

*Item-kNN*: similarity of two items is the product of their preferences over all users, each user counting n**-0.5,
divided by the shrunken norms (Sarwar et al. 2001; the exponents after Aiolli 2013). From three or five likes it ranks
best of everything measured.

*EASE*: each item is regressed on all others with a ridge, in closed form (Steck 2019). With long histories it ranks
best. Only the most rated items take part, because a matrix of their number squared is inverted.

Both keep the strongest ``top`` neighbours of every item in one sparse structure, so they are scored alike and cost
memory in proportion to the number of items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.config import NeighbourConfig
from models.recommender.data import Ratings

Floats = NDArray[np.float32]
BLOCK = 2048


@dataclass(frozen=True)
class Neighbours:
    """What each item says for others.

    Attributes:
        matrix: sparse, shape (n_items, n_items), float32; row i holds how much item i speaks for its neighbours.
    """

    matrix: sparse.csr_matrix

    @classmethod
    def of(cls, starts: NDArray[np.integer], others: NDArray[np.integer], weights: NDArray[np.floating]) -> Neighbours:
        """From compressed rows: row i is ``starts[i]:starts[i + 1]`` of the codes and their weights."""
        n_items = len(starts) - 1
        entries = (weights.astype(np.float32), others.astype(np.int32), starts.astype(np.int32))
        return cls(sparse.csr_matrix(entries, shape=(n_items, n_items)))

    def scores(self, items: NDArray[np.integer], weights: NDArray[np.floating]) -> Floats:
        """Sum of the rows of ``items``, each times its weight, as a dense vector of shape (n_items,)."""
        return np.asarray(self.matrix[items].T @ np.asarray(weights, np.float32), np.float32)

    def block(self, items: NDArray[np.integer], others: NDArray[np.integer]) -> Floats:
        """What each of ``items`` says for each of ``others``, shape (len(items), len(others))."""
        return np.asarray(self.matrix[items][:, others].toarray(), np.float32)


def item_knn(ratings: Ratings, config: NeighbourConfig) -> Neighbours:
    """Nearest neighbours of every item; computed in blocks of items, so memory stays bounded."""
    preferences = ratings.matrix(ratings.preference())
    lengths = np.diff(preferences.indptr)
    weighted = sparse.diags_array(np.maximum(lengths, 1) ** -config.user_exponent) @ preferences
    norms = np.asarray(preferences.multiply(weighted).sum(0)).ravel()
    mean = norms[norms > 0].mean() if norms.any() else 1.0
    shrunken = norms + config.shrinkage * mean
    source = sparse.diags_array(shrunken**-0.5)
    target = sparse.diags_array(shrunken**-config.item_exponent)
    by_item = (source @ preferences.T).tocsr()
    weighted = (weighted @ target).tocsr()
    blocks = []
    for first in range(0, ratings.n_items, BLOCK):
        block = (by_item[first : first + BLOCK] @ weighted).tocsr()
        blocks.append(strongest(block, config.top, first))
    return Neighbours(sparse.vstack(blocks, format="csr"))


def regress_items(ratings: Ratings, config: NeighbourConfig) -> Neighbours:
    """EASE: regression of each frequently rated item on the others; rows of the other items are empty."""
    rated = ratings.matrix()
    counts = np.bincount(ratings.items, minlength=ratings.n_items)
    chosen = np.flatnonzero(counts >= config.ease_min_ratings)
    chosen = np.sort(chosen[np.argsort(-counts[chosen], kind="stable")][: config.ease_max_items])
    if not len(chosen):
        return Neighbours(sparse.csr_matrix((ratings.n_items, ratings.n_items), dtype=np.float32))
    part = rated[:, chosen]
    gram = (part.T @ part).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += config.ease_reg
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    # Row j says how much having j speaks for each column: negative weights are kept where they are strong.
    kept = strongest(sparse.csr_matrix(weights.astype(np.float32)), config.top, None)
    full = sparse.csr_matrix(
        (kept.data, chosen[kept.indices], kept.indptr), shape=(len(chosen), ratings.n_items)
    )  # fmt: skip
    spread = sparse.csr_matrix(
        (np.ones(len(chosen), np.float32), (chosen, np.arange(len(chosen)))), shape=(ratings.n_items, len(chosen))
    )
    return Neighbours((spread @ full).tocsr())


def strongest(block: sparse.csr_matrix, top: int, first: int | None) -> sparse.csr_matrix:
    """The ``top`` entries of largest magnitude in every row, without the diagonal that begins at column ``first``."""
    indptr, indices, data = [0], [], []
    for row in range(block.shape[0]):
        part = slice(block.indptr[row], block.indptr[row + 1])
        columns, values = block.indices[part], block.data[part]
        if first is not None:
            other = columns != first + row
            columns, values = columns[other], values[other]
        if len(columns) > top:
            best = np.argpartition(-np.abs(values), top)[:top]
            columns, values = columns[best], values[best]
        order = np.argsort(columns)
        indices.append(columns[order])
        data.append(values[order])
        indptr.append(indptr[-1] + len(columns))
    return sparse.csr_matrix((np.concatenate(data), np.concatenate(indices), indptr), shape=block.shape)


def also_liked(ratings: Ratings, threshold: float, neighbours: Neighbours) -> sparse.csr_matrix:
    """How many users gave both items of every stored pair at least ``threshold``; same structure, int32."""
    liked = ratings.values >= threshold
    by_user = ratings.subset(liked).matrix()
    by_item = by_user.T.tocsr()
    matrix = neighbours.matrix
    counts = np.zeros(matrix.nnz, np.int32)
    for first in range(0, ratings.n_items, BLOCK):
        last = min(first + BLOCK, ratings.n_items)
        part = slice(matrix.indptr[first], matrix.indptr[last])
        if part.stop > part.start:
            both = (by_item[first:last] @ by_user).tocsr()
            rows = np.repeat(np.arange(last - first), np.diff(matrix.indptr[first : last + 1]))
            counts[part] = np.asarray(both[rows, matrix.indices[part]]).ravel()
    return sparse.csr_matrix((counts, matrix.indices, matrix.indptr), shape=matrix.shape)
