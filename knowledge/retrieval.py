"""Every channel over one FAQ: candidate entries for a question and what each channel says of them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge.corpus import Corpus
from knowledge.coverage import Coverage
from knowledge.index import VectorIndex, build_vector_index
from knowledge.lexical import Analyser, Bm25, word_terms
from knowledge.normalise import Synonyms
from knowledge.pinyin import pinyin_terms
from knowledge.static_vectors import WordVectors

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

ANALYSERS: dict[str, Analyser] = {"bm25": word_terms, "pinyin": pinyin_terms}
FEATURES = ("dense_best", "dense_mean", "answer", "answer_part", *ANALYSERS)
"""Columns of Candidates.features. dense_best, dense_mean: cosine to the entry's nearest question, and the mean of the
nearest three. answer, answer_part: cosine to the whole answer, and to its nearest sentence. bm25, pinyin: BM25 over words
and over syllables of questions and answer. Character n-grams and a discriminant space were tried and earned nothing."""
PARTS = (*FEATURES, "coverage", "outside")
"""All that can be left out to see what it is worth."""
NEAREST = 64
TOP_ENTRIES = 10
SUPPORT = 3
SAME = 0.96
"""A question from outside that is this near to one of the FAQ's is inside by now, and no longer held against anything."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """entries: numbers of the candidate entries [c]; features: float32 [c, len(FEATURES)].

    outside: cosine to the nearest question from outside the FAQ, and the mean of the nearest three, float32 [2].
    coverage: share of the question's words that an entry speaks of, 0 to 1, by the entry's number.
    """

    entries: Ints
    features: Floats
    outside: Floats
    coverage: Callable[[int], float]


class TermCounts:
    """Terms of all questions and answers under every analyser, counted once and summed per entry when needed."""

    def __init__(self, corpus: Corpus, synonyms: Synonyms, before: TermCounts | None = None) -> None:
        """Count the terms of `corpus`; a text that `before` has counted is taken over, so an edit costs what it changed."""
        known = before._counted if before is not None else {}
        self._counted: dict[str, dict[str, Counter[str]]] = {}
        self._questions = [self._count(synonyms.apply(text), known) for text in corpus.questions]
        self._answers = [self._count(synonyms.apply(corpus.parts[row]), known) for row in corpus.whole]

    def _count(self, text: str, known: dict[str, dict[str, Counter[str]]]) -> dict[str, Counter[str]]:
        if text not in self._counted:
            self._counted[text] = known.get(text) or {name: Counter(a(text)) for name, a in ANALYSERS.items()}
        return self._counted[text]

    def documents(self, channel: str, owner: Ints, rows: Ints) -> list[Counter[str]]:
        """One bag of terms an entry: its answer and the questions in `rows`, which belong to the entries `owner`."""
        bags = [Counter(answer[channel]) for answer in self._answers]
        for entry, row in zip(owner.tolist(), rows.tolist(), strict=True):
            bags[entry].update(self._questions[row][channel])
        return bags


class Retriever:
    """Searches one FAQ by every channel."""

    def __init__(
        self,
        corpus: Corpus,
        vectors: Floats,
        counts: TermCounts,
        synonyms: Synonyms,
        words: WordVectors | None,
        *,
        rows: Ints | None = None,
        question_index: VectorIndex | None = None,
    ) -> None:
        """Prepare the channels.

        Args:
            corpus: the FAQ.
            vectors: [len(corpus.texts), dim], unit rows, in that order.
            counts: the corpus's terms.
            synonyms: what queries are rewritten with, as the corpus's terms were.
            words: vectors of single words, where there are any.
            rows: the questions that exist; all when None (a part of them when a model is judged on the rest).
            question_index: a built index of exactly these questions, to save building it.
        """
        self.corpus = corpus
        self._synonyms = synonyms
        rows = np.arange(len(corpus.questions)) if rows is None else rows
        n = len(corpus.entries)
        self._owner = corpus.question_owner[rows]
        self._starts = np.searchsorted(self._owner, np.arange(n + 1))
        n_questions, n_parts = len(corpus.questions), len(corpus.parts)
        self._questions = vectors[:n_questions] if len(rows) == n_questions else vectors[rows]
        self._parts = part_vectors = vectors[n_questions : n_questions + n_parts]
        self._question_index = question_index or build_vector_index(self._questions)
        self._part_index = build_vector_index(part_vectors)
        documents = {name: counts.documents(name, self._owner, rows) for name in ANALYSERS}
        self._lexical = {name: Bm25(bags) for name, bags in documents.items()}
        self._coverage = Coverage([list(bag) for bag in documents["bm25"]], words)
        self._outside = np.asarray(vectors[n_questions + n_parts :], dtype=np.float32)
        self._is_outside = np.ones(len(self._outside), dtype=np.bool_)
        if len(self._outside):
            self._is_outside = self._question_index.search(self._outside, 1)[0][:, 0] < SAME

    def candidates(self, text: str, vector: Floats, known: npt.NDArray[np.bool_] | None = None) -> Candidates:
        """Candidates for a normalised question and its unit vector [dim]; empty only when the FAQ is.

        `known` says which of the corpus's questions from outside may be looked at (to judge one of them by the rest).
        """
        found = [
            self._nearest_owners(self._question_index, vector, self._owner),
            self._nearest_owners(self._part_index, vector, self.corpus.part_owner),
        ]
        lexical = self._synonyms.apply(text)
        terms = {name: analyse(lexical) for name, analyse in ANALYSERS.items()}
        scores = {name: index.scores(terms[name]) for name, index in self._lexical.items()}
        for values in scores.values():
            top = _top(values, TOP_ENTRIES)
            found.append(top[values[top] > 0])
        entries = np.unique(np.concatenate(found))
        features = np.zeros((len(entries), len(FEATURES)), dtype=np.float32)
        features[:, 0:2] = [self._question_support(int(entry), vector) for entry in entries]
        features[:, 2:4] = [self._answer_support(int(entry), vector) for entry in entries]
        for column, name in enumerate(ANALYSERS, start=4):
            features[:, column] = scores[name][entries]
        return Candidates(entries, features, self._outside_support(vector, known), self._coverage.of(terms["bm25"]))

    def _outside_support(self, vector: Floats, known: npt.NDArray[np.bool_] | None) -> Floats:
        seen = self._is_outside if known is None else self._is_outside & known
        cosines = np.sort(self._outside[seen] @ vector)[::-1][:SUPPORT]
        if not len(cosines):
            return np.zeros(2, dtype=np.float32)
        return np.array([cosines[0], cosines.mean()], dtype=np.float32)

    def _nearest_owners(self, index: VectorIndex, vector: Floats, owner: Ints) -> Ints:
        """The first TOP_ENTRIES different entries among the nearest rows."""
        _, rows = index.search(vector[None, :], min(NEAREST, index.size))
        owners = owner[rows[0][rows[0] >= 0]]
        return np.array(list(dict.fromkeys(owners.tolist()))[:TOP_ENTRIES], dtype=np.int64)

    def _question_support(self, entry: int, vector: Floats) -> tuple[float, float]:
        cosines = self._questions[self._starts[entry] : self._starts[entry + 1]] @ vector
        nearest = np.sort(cosines)[::-1][:SUPPORT]
        return float(nearest[0]), float(nearest.mean())

    def _answer_support(self, entry: int, vector: Floats) -> tuple[float, float]:
        starts = self.corpus.part_starts
        cosines = self._parts[starts[entry] : starts[entry + 1]] @ vector
        return float(cosines[0]), float(cosines.max())


def _top(values: Floats, k: int) -> Ints:
    if len(values) <= k:
        return np.arange(len(values))
    return np.argpartition(-values, k)[:k]


def fold_of_questions(corpus: Corpus, folds: int, rng: np.random.Generator) -> Ints:
    """A fold for every question, spread within each entry; -1 for the only question of an entry, which always stays."""
    fold = np.empty(len(corpus.questions), dtype=np.int64)
    starts: Sequence[int] = corpus.question_starts.tolist()
    for start, stop in itertools.pairwise(starts):
        count = stop - start
        fold[start:stop] = -1 if count == 1 else (rng.permutation(count) + rng.integers(folds)) % folds
    return fold
