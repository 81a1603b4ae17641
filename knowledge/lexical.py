"""Lexical channels: what two questions have in common on their surface.

All channels share one structure, an inverted index whose postings hold ready-made weights, so that a query is a handful
of array additions. BM25: Robertson and Zaragoza 2009 with the idf of Lucene; n-grams: cosine of TF-IDF vectors.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import Enum

import jieba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Analyser = Callable[[str], list[str]]

BM25_K1 = 1.2
BM25_B = 0.5
"""Questions are short and of like length, so length counts for less than in documents."""

jieba.setLogLevel(logging.WARNING)


class Weighting(Enum):
    """How a term counts."""

    BM25 = "bm25"
    COSINE = "cosine"


def word_terms(text: str) -> list[str]:
    """jieba's words of a normalised text, without punctuation."""
    return [word for word in jieba.lcut(text) if any(c.isalnum() for c in word)]


def ngrams(units: Sequence[str], sizes: Iterable[int]) -> list[str]:
    """Runs of neighbouring units, joined by a space that keeps sizes apart."""
    return [" ".join(units[i : i + size]) for size in sizes for i in range(len(units) - size + 1)]


def character_terms(text: str) -> list[str]:
    """Single characters, pairs and triples of a normalised text; punctuation and spaces are skipped."""
    return ngrams([c for c in text if c.isalnum()], (1, 2, 3))


class SparseIndex:
    """Inverted index of short texts under one analyser and weighting."""

    def __init__(self, texts: Sequence[str], analyser: Analyser, weighting: Weighting) -> None:
        """Index normalised `texts`; row i of the scores is texts[i]."""
        self._analyser = analyser
        self._weighting = weighting
        self.size = len(texts)
        counted = [Counter(analyser(text)) for text in texts]
        self._terms: dict[str, int] = {}
        rows: list[list[int]] = []
        values: list[list[float]] = []
        for row, counts in enumerate(counted):
            for term, count in counts.items():
                number = self._terms.setdefault(term, len(self._terms))
                if number == len(rows):
                    rows.append([])
                    values.append([])
                rows[number].append(row)
                values[number].append(count)
        frequency = np.array([len(r) for r in rows], dtype=np.float64)
        self._idf = np.log1p((self.size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        self._unseen_idf = float(np.log1p((self.size + 0.5) / 0.5))
        self._starts = np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64)
        self._rows: Ints = np.fromiter((r for some in rows for r in some), dtype=np.int32)
        weights: Floats = np.fromiter((v for some in values for v in some), dtype=np.float32)
        owner = np.repeat(np.arange(len(rows)), frequency.astype(np.int64))
        self._weights = self._weigh(weights, owner)

    def _weigh(self, counts: Floats, owner: npt.NDArray[np.int64]) -> Floats:
        """Turn counts into weights; `owner` is the term of each posting."""
        if self._weighting is Weighting.BM25:
            lengths = np.bincount(self._rows, weights=counts, minlength=self.size)
            scale = BM25_K1 * (1 - BM25_B + BM25_B * lengths / max(lengths.mean(), 1e-9))
            weights = self._idf[owner] * counts * (BM25_K1 + 1) / (counts + scale[self._rows])
            return weights.astype(np.float32)
        weights = self._idf[owner] * (1 + np.log(counts))
        norm = np.sqrt(np.bincount(self._rows, weights=weights**2, minlength=self.size))
        return (weights / np.maximum(norm, 1e-9)[self._rows]).astype(np.float32)

    def scores(self, text: str) -> Floats:
        """float32 [size], 0 to about 1: the share of the (normalised) query's weight that each text covers."""
        out = np.zeros(self.size, dtype=np.float32)
        counts = Counter(self._analyser(text))
        total = 0.0
        for term, count in counts.items():
            number = self._terms.get(term)
            idf = self._unseen_idf if number is None else float(self._idf[number])
            if self._weighting is Weighting.BM25:
                factor, share = 1.0, idf
            else:
                factor = idf * (1 + np.log(count))
                share = factor**2
            total += share
            if number is not None:
                part = slice(self._starts[number], self._starts[number + 1])
                out[self._rows[part]] += factor * self._weights[part]
        if total > 0:
            out /= total if self._weighting is Weighting.BM25 else np.sqrt(total)
        return out
