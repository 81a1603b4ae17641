"""What the network is taught besides the labels: probabilities of stronger, slower models, each made without the text.

Four teachers look at the same text from different sides: logistic regression on the sentence encoder's vectors knows
meaning; linear SVMs on character n-grams and on words, and naive Bayes, know wording. The training texts are divided into folds; a text's
probabilities come from teachers that were trained on the other folds (cross-fitting), so they are no copy of its label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from models.classifier.calibration import softmax
from models.classifier.vocabulary import cut

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]
FOLDS = 5
START = (0.9, 1.0, 1.0, 0.25)
"""Where the search for the teachers' weights begins."""


class EncoderRegression:
    """Logistic regression on centred vectors of the sentence encoder."""

    def __init__(self, inverse_reg: float = 4.0) -> None:
        """``inverse_reg``: C for vectors of unit length."""
        # The vectors lie close together; lbfgs needs them at a scale near one, and doubles.
        self._scale = 20.0
        self._model = LogisticRegression(C=inverse_reg / self._scale**2, max_iter=500)

    def fit(self, vectors: Floats, codes: Codes) -> EncoderRegression:
        """Learn; ``codes`` int64 [n]."""
        self._mean = vectors.mean(axis=0, dtype=np.float64)
        self._model.fit(self._scaled(vectors), codes)
        return self

    def log_probabilities(self, vectors: Floats, n_labels: int) -> Floats:
        """float32 [n, n_labels]; a label that was not among the codes gets a very small one."""
        return _widened(self._model.predict_log_proba(self._scaled(vectors)), self._model.classes_, n_labels, -12.0)

    def _scaled(self, vectors: Floats) -> npt.NDArray[np.float64]:
        scaled: npt.NDArray[np.float64] = (vectors.astype(np.float64) - self._mean) * self._scale
        return scaled


class LinearSVM:
    """A linear SVM on TF-IDF of character 1- to 3-grams, or of words."""

    def __init__(self, inverse_reg: float = 0.5, *, by_word: bool = False) -> None:
        kind: dict[str, Any] = {"analyzer": cut} if by_word else {"analyzer": "char", "ngram_range": (1, 3)}
        self._features = TfidfVectorizer(**kind, sublinear_tf=True, dtype=np.float32)
        self._model = OneVsRestClassifier(LinearSVC(C=inverse_reg))

    def fit(self, texts: Sequence[str], codes: Codes) -> LinearSVM:
        """Learn; ``codes`` int64 [n]."""
        self._model.fit(self._features.fit_transform(texts), codes)
        return self

    def margins(self, texts: Sequence[str], n_labels: int) -> Floats:
        """float32 [n, n_labels], distances to the planes."""
        raw = self._model.decision_function(self._features.transform(texts))
        if raw.ndim == 1:
            raw = np.stack([-raw, raw], axis=1)
        return _widened(raw, self._model.classes_, n_labels, -2.0)


def _widened(values: npt.NDArray[np.floating], classes: Codes, n_labels: int, missing: float) -> Floats:
    out = np.full((len(values), n_labels), missing, np.float32)
    out[:, classes] = values
    return out


def folds(texts: Sequence[str], seed: int) -> Codes:
    """A fold for each text, int64 [n]; a text that is repeated is always in the same one."""
    place = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    numbers = np.random.default_rng(seed).permutation(len(place)) % FOLDS
    return numbers[[place[text] for text in texts]]


def members(
    texts: Sequence[str], vectors: Floats, codes: Codes, n_labels: int, asked: Sequence[str], asked_vectors: Floats
) -> Floats:
    """What each of the four teachers that learned from ``texts`` says of others, float32 [4, n asked, n_labels]."""
    regression = EncoderRegression().fit(vectors, codes)
    counts = CountVectorizer(analyzer="char", ngram_range=(1, 2), binary=True)
    bayes = ComplementNB(alpha=0.5).fit(counts.fit_transform(texts), codes)
    said = [regression.log_probabilities(asked_vectors, n_labels)]
    for machine in (LinearSVM(), LinearSVM(0.3, by_word=True)):
        said.append(machine.fit(texts, codes).margins(asked, n_labels))
    said.append(_widened(bayes.predict_log_proba(counts.transform(asked)), bayes.classes_, n_labels, -12.0))
    return np.stack(said)


@dataclass(frozen=True)
class Opinion:
    """The teachers together: ``weights`` [4] of their outputs, and what they say of the training texts."""

    weights: npt.NDArray[np.float64]
    probabilities: Floats

    def of(self, said: Floats) -> Floats:
        """Probabilities float32 [n, n_labels] of what ``members`` said."""
        return softmax(np.tensordot(self.weights, said, 1).astype(np.float32))


def cross_fitted(texts: Sequence[str], vectors: Floats, codes: Codes, n_labels: int, seed: int = 0) -> Opinion:
    """What the teachers say of each training text without having seen it, weighted by likelihood (stacking)."""
    said = np.zeros((4, len(texts), n_labels), np.float32)
    fold = folds(texts, seed)
    for number in range(FOLDS):
        others, these = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        said[:, these] = members(
            [texts[int(i)] for i in others],
            vectors[others],
            codes[others],
            n_labels,
            [texts[int(i)] for i in these],
            vectors[these],
        )

    def loss(weights: npt.NDArray[np.float64]) -> float:
        logits = np.tensordot(weights, said, 1)
        return -float(log_softmax(logits, axis=1)[np.arange(len(codes)), codes].mean())

    weights = minimize(loss, START, method="L-BFGS-B", bounds=[(0.0, None)] * len(START)).x
    return Opinion(weights, Opinion(weights, said[0]).of(said))


def cross_fitted_multi(texts: Sequence[str], vectors: Floats, truth: Floats, seed: int = 0) -> Floats:
    """Probability of each label of a multi-label task for every training text, float32 [n, labels]."""
    out = np.zeros_like(truth)
    fold = folds(texts, seed)
    for number in range(FOLDS):
        others, these = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        out[these] = taught_multi(vectors[others], truth[others], vectors[these])
    return out


def taught_multi(vectors: Floats, truth: Floats, asked: Floats) -> Floats:
    """The same for other texts, of one regression a label; a label that is never or always there is left at that."""
    out = np.empty((len(asked), truth.shape[1]), np.float32)
    for label in range(truth.shape[1]):
        codes = truth[:, label].astype(np.int64)
        if 0 < codes.sum() < len(codes):
            regression = EncoderRegression(1.0).fit(vectors, codes)
            out[:, label] = np.exp(regression.log_probabilities(asked, 2)[:, 1])
        else:
            out[:, label] = codes.mean()
    return out
