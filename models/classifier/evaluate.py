"""How good a classifier is: accuracy, macro-F1, calibration, what 看不准 buys, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, f1_score

from models.classifier.calibration import expected_calibration_error
from models.classifier.corpora import Sample
from models.classifier.model import TextClassifier

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SingleLabelReport:
    """Figures of a single-label task on held-out texts, all in [0, 1].

    Attributes:
        accuracy, macro_f1: of the most probable label. ece: expected calibration error of its probability.
        answered: share of texts that are not 看不准; answered_accuracy: how many of those are right.
        confusion: int64 [labels, labels], rows are the true labels.
    """

    accuracy: float
    macro_f1: float
    ece: float
    answered: float
    answered_accuracy: float
    confusion: npt.NDArray[np.int64]

    @property
    def figures(self) -> dict[str, float]:
        """For a manifest, rounded."""
        names = ("accuracy", "macro_f1", "ece", "answered", "answered_accuracy")
        return {name: round(float(getattr(self, name)), 4) for name in names}


@dataclass(frozen=True)
class MultiLabelReport:
    """Figures of a multi-label task: F1 of all labels together and the mean of each label's; exact or partly right."""

    micro_f1: float
    macro_f1: float
    first_right: float

    @property
    def figures(self) -> dict[str, float]:
        """For a manifest, rounded."""
        return {name: round(float(getattr(self, name)), 4) for name in ("micro_f1", "macro_f1", "first_right")}


def single_label(classifier: TextClassifier, samples: Sequence[Sample]) -> SingleLabelReport:
    """Figures of ``classifier`` on ``samples``."""
    p = classifier.probabilities([s.text for s in samples])
    place = {label: i for i, label in enumerate(classifier.labels)}
    codes = np.array([place[s.labels[0]] for s in samples])
    return score_single(p, codes, classifier.calibration.threshold)


def score_single(p: Floats, codes: npt.NDArray[np.int64], threshold: float) -> SingleLabelReport:
    """Figures of probabilities float32 [n, labels] against true labels int64 [n]."""
    said, confidence = p.argmax(axis=1), p.max(axis=1)
    right = said == codes
    answered = confidence >= threshold
    return SingleLabelReport(
        accuracy=float(right.mean()),
        macro_f1=float(f1_score(codes, said, average="macro", labels=np.unique(codes))),
        ece=expected_calibration_error(confidence, right),
        answered=float(answered.mean()),
        answered_accuracy=float(right[answered].mean()) if answered.any() else 0.0,
        confusion=confusion_matrix(codes, said, labels=np.arange(p.shape[1])),
    )


def multi_label(classifier: TextClassifier, samples: Sequence[Sample]) -> MultiLabelReport:
    """Figures of ``classifier`` on ``samples``; labels without a test text are left out of the mean."""
    p = classifier.probabilities([s.text for s in samples])
    truth = np.zeros(p.shape, bool)
    place = {label: i for i, label in enumerate(classifier.labels)}
    for row, sample in enumerate(samples):
        truth[row, [place[label] for label in sample.labels]] = True
    return score_multi(p, truth, classifier.calibration.thresholds)


def score_multi(p: Floats, truth: npt.NDArray[np.bool_], thresholds: Sequence[float]) -> MultiLabelReport:
    """Figures of probabilities float32 [n, labels] against true labels bool [n, labels]; ``thresholds``: one a label."""
    said = p >= np.array(thresholds)
    said[np.arange(len(p)), p.argmax(axis=1)] |= ~said.any(axis=1)
    seen = np.flatnonzero(truth.any(axis=0))
    return MultiLabelReport(
        micro_f1=float(f1_score(truth, said, average="micro")),
        macro_f1=float(f1_score(truth[:, seen], said[:, seen], average="macro", zero_division=0)),
        first_right=float(truth[np.arange(len(p)), p.argmax(axis=1)].mean()),
    )
