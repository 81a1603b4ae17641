"""Lexical channels: BM25 over an entry's bag of terms (Robertson and Zaragoza 2009, with the idf of Lucene).

An inverted index whose postings hold ready-made weights: a query is a handful of array additions.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import jieba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Analyser = Callable[[str], list[str]]

K1 = 1.2
B = 0.5
"""Entries differ in length mostly by how many wordings they have, which says little: half the usual correction."""

jieba.setLogLevel(logging.WARNING)


def word_terms(text: str) -> list[str]:
    """jieba's words of a normalised text, without punctuation."""
    return [word for word in jieba.lcut(text) if any(c.isalnum() for c in word)]


def ngrams(units: Sequence[str], sizes: Iterable[int]) -> list[str]:
    """Runs of neighbouring units, joined by a space that keeps sizes apart."""
    return [" ".join(units[i : i + size]) for size in sizes for i in range(len(units) - size + 1)]


class Bm25:
    """Scores bags of terms against a query."""

    def __init__(self, documents: Sequence[Counter[str]]) -> None:
        """Index the bags; row i of the scores is documents[i]."""
        self.size = len(documents)
        self._terms: dict[str, int] = {}
        postings: list[tuple[list[int], list[int]]] = []
        for row, counts in enumerate(documents):
            for term, count in counts.items():
                number = self._terms.setdefault(term, len(postings))
                if number == len(postings):
                    postings.append(([], []))
                postings[number][0].append(row)
                postings[number][1].append(count)
        frequency = np.array([len(rows) for rows, _ in postings], dtype=np.int64)
        self._idf = np.log1p((self.size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        self._unseen_idf = float(np.log1p((self.size + 0.5) / 0.5))
        self._starts = np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64)
        self._rows = np.fromiter((r for rows, _ in postings for r in rows), dtype=np.int32)
        counts_flat = np.fromiter((c for _, some in postings for c in some), dtype=np.float32)
        lengths = np.bincount(self._rows, weights=counts_flat, minlength=self.size)
        scale = K1 * (1 - B + B * lengths / max(float(lengths.mean()), 1e-9))
        idf = np.repeat(self._idf, frequency)
        self._weights: Floats = (idf * counts_flat * (K1 + 1) / (counts_flat + scale[self._rows])).astype(np.float32)

    def scores(self, terms: Sequence[str]) -> Floats:
        """float32 [size], 0 to K1 + 1: BM25 divided by the sum of the query's idf, so that queries compare.

        A term that no document has counts in the divisor: a question about something else scores low.
        """
        out = np.zeros(self.size, dtype=np.float32)
        total = 0.0
        for term in set(terms):
            number = self._terms.get(term)
            if number is None:
                total += self._unseen_idf
                continue
            total += float(self._idf[number])
            part = slice(self._starts[number], self._starts[number + 1])
            out[self._rows[part]] += self._weights[part]
        return out / np.float32(total) if total > 0 else out
