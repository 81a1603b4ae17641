"""What the network is taught besides the labels: probabilities of stronger, slower models, each made without the text.

Two teachers look at the same text from different sides: logistic regression on the sentence encoder's vectors
knows meaning, a linear SVM on character n-grams knows wording. The training texts are divided into folds; a text's
probabilities come from teachers that were trained on the other folds (cross-fitting), so they are no copy of its label.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from models.classifier.calibration import softmax

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]
FOLDS = 5
MARGIN_WEIGHT = 2.0
"""How much a unit of the SVM's margin counts against a unit of the regression's log-probability; chosen on dev parts."""


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


class CharacterSVM:
    """A linear SVM on TF-IDF of character 1- to 3-grams."""

    def __init__(self, inverse_reg: float = 0.5) -> None:
        self._features = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, dtype=np.float32)
        self._model = OneVsRestClassifier(LinearSVC(C=inverse_reg))

    def fit(self, texts: Sequence[str], codes: Codes) -> CharacterSVM:
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


def cross_fitted(texts: Sequence[str], vectors: Floats, codes: Codes, n_labels: int, seed: int = 0) -> Floats:
    """Probabilities of the two teachers together for every training text, float32 [n, n_labels]."""
    out = np.zeros((len(texts), n_labels), np.float32)
    fold = np.random.default_rng(seed).permutation(len(texts)) % FOLDS
    for number in range(FOLDS):
        others, these = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        out[these] = taught(texts, vectors, codes, n_labels, others, [texts[int(i)] for i in these], vectors[these])
    return out


def taught(
    texts: Sequence[str],
    vectors: Floats,
    codes: Codes,
    n_labels: int,
    rows: Codes,
    asked: Sequence[str],
    asked_vectors: Floats,
) -> Floats:
    """Probabilities float32 [n asked, n_labels] of teachers that learned from ``rows`` of the training texts."""
    regression = EncoderRegression().fit(vectors[rows], codes[rows])
    machine = CharacterSVM().fit([texts[i] for i in rows], codes[rows])
    logits = regression.log_probabilities(asked_vectors, n_labels) + MARGIN_WEIGHT * machine.margins(asked, n_labels)
    return softmax(logits)


def cross_fitted_multi(vectors: Floats, truth: Floats, seed: int = 0) -> Floats:
    """Probability of each label of a multi-label task for every training text, float32 [n, labels]."""
    out = np.zeros_like(truth)
    fold = np.random.default_rng(seed).permutation(len(truth)) % FOLDS
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
