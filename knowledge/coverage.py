"""How much of a question an entry speaks of: every word looks for its nearest among the entry's words.

“影院的爆米花多少钱” is near to ticket prices as a whole, but nothing in that entry is like 爆米花. Rare words count for more
(inverse frequency in jieba's dictionary), as in soft cosine measures over word vectors (Kusner et al. 2015, relaxed).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jieba
import numpy as np
import numpy.typing as npt

from knowledge.static_vectors import WordVectors

Floats = npt.NDArray[np.float32]

RARE = 50
"""Added to a word's count: unknown words are rare, not infinitely so."""


def rarity(word: str) -> float:
    """Inverse log frequency of a word in general Chinese."""
    jieba.initialize()
    return float(np.log(jieba.dt.total / (jieba.dt.FREQ.get(word, 0) + RARE)))


class Coverage:
    """Compares questions with the words of entries."""

    def __init__(self, documents: Sequence[Sequence[str]], words: WordVectors | None) -> None:
        """documents: each entry's words. words: their vectors; without, only the same word is alike."""
        self._documents = [frozenset(document) for document in documents]
        self._words = words
        self._matrices: dict[int, Floats] = {}
        self._vectors: dict[str, Floats | None] = {}

    def of(self, terms: Sequence[str]) -> Callable[[int], float]:
        """A function from an entry's number to the share of the terms' weight that it covers, 0 to 1."""
        distinct = list(dict.fromkeys(terms))
        weights = np.array([rarity(term) for term in distinct])

        def covered(entry: int) -> float:
            if not distinct:
                return 0.0
            alike = np.array([self._alike(term, entry) for term in distinct])
            return float(weights @ alike / weights.sum())

        return covered

    def _alike(self, term: str, entry: int) -> float:
        if term in self._documents[entry]:
            return 1.0
        vector = self._words.of(term) if self._words is not None else None
        if vector is None:
            return 0.0
        matrix = self._matrix(entry)
        return float((matrix @ vector).max()) if len(matrix) else 0.0

    def _matrix(self, entry: int) -> Floats:
        """Unit vectors of an entry's words [n, dim], made when first needed."""
        found = self._matrices.get(entry)
        if found is None:
            vectors = [v for word in sorted(self._documents[entry]) if (v := self._vector(word)) is not None]
            found = np.stack(vectors) if vectors else np.zeros((0, 0), dtype=np.float32)
            self._matrices[entry] = found
        return found

    def _vector(self, word: str) -> Floats | None:
        """Vector of a word of some entry, looked up once."""
        if word not in self._vectors:
            self._vectors[word] = self._words.of(word) if self._words is not None else None
        return self._vectors[word]
