"""What items have in common by their facts, for items that too few people rated for their neighbours to be reliable."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.catalogue import TAGS, Catalogue
from models.recommender.neighbours import Floats

FIELD_WEIGHTS = {"directors": 1.0, "actors": 0.7, "countries": 1.0, "genres": 1.0, "moods": 0.5}


class ContentModel:
    """Cosine similarity of items by tags, rare tags counting more (logarithm of the inverse share of items)."""

    def __init__(self, catalogue: Catalogue) -> None:
        rows: list[NDArray[np.int32]] = []
        columns: list[NDArray[np.int32]] = []
        values: list[NDArray[np.float32]] = []
        tag = 0
        for field in TAGS:
            for codes in catalogue.postings(field).values():
                weight = FIELD_WEIGHTS[field] * np.log(len(catalogue) / len(codes))
                rows.append(codes)
                columns.append(np.full(len(codes), tag, np.int32))
                values.append(np.full(len(codes), weight, np.float32))
                tag += 1
        shape = (len(catalogue), max(tag, 1))
        if rows:
            entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
            matrix = sparse.csr_matrix(entries, shape=shape, dtype=np.float32)
        else:
            matrix = sparse.csr_matrix(shape, dtype=np.float32)
        norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
        self._tags = sparse.diags_array(1 / np.maximum(norms, 1e-6).astype(np.float32)) @ matrix
        self._tags = self._tags.tocsr()

    def scores(self, items: NDArray[np.integer], weights: NDArray[np.floating]) -> Floats:
        """Weighted sum of the similarities of every item to ``items``, shape (n_items,)."""
        query = self._tags[items].T @ np.asarray(weights, np.float32)
        return np.asarray(self._tags @ query, np.float32)

    def similarities(self, items: NDArray[np.integer], others: NDArray[np.integer]) -> Floats:
        """Of each of ``items`` to each of ``others``, in [0, 1], shape (len(items), len(others))."""
        return np.asarray((self._tags[items] @ self._tags[others].T).toarray(), np.float32)
