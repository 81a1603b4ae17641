"""Candidate entries for a question, what each channel says of them, and one learned score.

A channel scores single questions; an entry gets, per channel, the best of its questions and the mean of its best three.
The score is linear in these features and trained as a softmax over the candidates (a conditional logit), so its weights
say what a channel is worth; none is set by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from knowledge.index import StoredIndex
from knowledge.lexical import SparseIndex, Weighting, character_terms, word_terms
from knowledge.normalise import Synonyms, normalise
from knowledge.pinyin import pinyin_terms
from knowledge.store import Faq

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

CHANNELS = ("dense", "bm25", "character", "pinyin")
FEATURES_A_CHANNEL = ("best", "mean")
TOP_QUESTIONS = 64
TOP_ENTRIES = 10
SUPPORT = 3
"""How many of an entry's questions the mean is taken over: an entry that agrees in several wordings is likelier right."""


def feature_names(channels: Sequence[str]) -> list[str]:
    """Names of the columns of Candidates.features."""
    return [f"{channel}_{kind}" for channel in channels for kind in FEATURES_A_CHANNEL]


@dataclass(frozen=True, slots=True)
class Candidates:
    """entries: numbers of the candidate entries [c]; features: float32 [c, f] in the order of feature_names."""

    entries: Ints
    features: Floats


class Retriever:
    """All channels over one FAQ; row i of every channel is question i in entry order."""

    def __init__(self, faq: Faq, stored: StoredIndex, synonyms: Synonyms, channels: Sequence[str] = CHANNELS) -> None:
        self.faq = faq
        self.channels = tuple(channels)
        self._stored = stored
        self._synonyms = synonyms
        counts = np.array([len(entry.questions) for entry in faq.entries])
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self.owner: Ints = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
        lexical = [synonyms.apply(text) for text in question_texts(faq)]
        kinds = {
            "bm25": (word_terms, Weighting.BM25),
            "character": (character_terms, Weighting.COSINE),
            "pinyin": (pinyin_terms, Weighting.COSINE),
        }
        self._sparse = {
            channel: SparseIndex(lexical, *kinds[channel]) for channel in self.channels if channel != "dense"
        }

    def candidates(self, text: str, vector: Floats | None, exclude: int | None = None) -> Candidates:
        """Candidates of a normalised question.

        Args:
            text: normalised question.
            vector: its unit vector [dim]; needed when the dense channel is on.
            exclude: a question's row that is treated as absent (leave-one-out).
        """
        scores: dict[str, Floats] = {}
        found: list[Ints] = []
        lexical = self._synonyms.apply(text)
        for channel, sparse in self._sparse.items():
            row_scores = sparse.scores(lexical)
            if exclude is not None:
                row_scores[exclude] = 0.0
            best = np.maximum.reduceat(row_scores, self._starts[:-1])
            top = _top(best, TOP_ENTRIES)
            found.append(top[best[top] > 0])
            scores[channel] = row_scores
        if "dense" in self.channels and vector is not None:
            _, rows = self._stored.index.search(vector[None, :], TOP_QUESTIONS)
            near = rows[0][(rows[0] >= 0) & (rows[0] != (-1 if exclude is None else exclude))]
            found.append(np.array(list(dict.fromkeys(self.owner[near].tolist()))[:TOP_ENTRIES], dtype=np.int64))
        entries = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
        features = np.zeros((len(entries), len(self.channels) * len(FEATURES_A_CHANNEL)), dtype=np.float32)
        for i, entry in enumerate(entries):
            part = slice(int(self._starts[entry]), int(self._starts[entry + 1]))
            for j, channel in enumerate(self.channels):
                if channel == "dense":
                    assert vector is not None
                    values = self._stored.vectors[part] @ vector
                else:
                    values = scores[channel][part]
                if exclude is not None and part.start <= exclude < part.stop:
                    values = np.delete(values, exclude - part.start)
                if len(values):
                    ranked = np.sort(values)[::-1]
                    features[i, 2 * j] = ranked[0]
                    features[i, 2 * j + 1] = ranked[:SUPPORT].mean()
        return Candidates(entries, features)


def question_texts(faq: Faq) -> list[str]:
    """All questions in entry order, normalised: the rows of every channel."""
    return [normalise(question) for entry in faq.entries for question in entry.questions]


def _top(values: Floats, k: int) -> Ints:
    if len(values) <= k:
        return np.arange(len(values))
    return np.argpartition(-values, k)[:k]


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """The learned score: features @ weights. names: the features' order."""

    names: tuple[str, ...]
    weights: Floats

    def scores(self, features: Floats) -> Floats:
        """float32 [c]; differences are log-odds between candidates."""
        result: Floats = features @ self.weights
        return result

    def to_json(self) -> dict[str, Any]:
        """Names and weights as plain numbers."""
        return dict(zip(self.names, (round(float(w), 5) for w in self.weights), strict=True))

    @classmethod
    def from_json(cls, data: dict[str, float]) -> FusionWeights:
        """Inverse of to_json."""
        return cls(tuple(data), np.array(list(data.values()), dtype=np.float32))


def fit_fusion(
    samples: Sequence[Candidates], targets: Sequence[int], names: Sequence[str], l2: float = 1e-3
) -> FusionWeights:
    """Maximise the likelihood of each sample's right entry among its candidates.

    Samples whose right entry (targets[i], an entry number) is no candidate teach nothing and are left out. Weights are
    kept non-negative: more similarity never counts against an entry.
    """
    blocks, position = [], []
    for sample, target in zip(samples, targets, strict=True):
        where = np.flatnonzero(sample.entries == target)
        if len(where):
            blocks.append(sample.features.astype(np.float64))
            position.append(int(where[0]))
    sizes = np.array([len(block) for block in blocks])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    stacked = np.concatenate(blocks)
    right = starts + np.array(position)

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        scores = stacked @ weights
        peak = np.repeat(np.maximum.reduceat(scores, starts), sizes)
        exponent = np.exp(scores - peak)
        probability = exponent / np.repeat(np.add.reduceat(exponent, starts), sizes)
        value = -np.log(np.maximum(probability[right], 1e-12)).mean() + l2 * (weights**2).sum() / 100
        gradient = (stacked * probability[:, None]).sum(0) - stacked[right].sum(0)
        return float(value), gradient / len(blocks) + 2 * l2 * weights / 100

    start = np.full(stacked.shape[1], 5.0)
    bounds = [(0.0, None)] * stacked.shape[1]
    solved = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return FusionWeights(tuple(names), solved.x.astype(np.float32))
