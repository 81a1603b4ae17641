"""The wide path: a linear SVM on hashed character n-grams, as a table that the network adds to its logits.

Cheng et al., "Wide & Deep Learning for Recommender Systems" (2016): a linear part remembers single features, the deep
part generalises. A table that has seen a text says its label by heart, and the convolutions beside it would learn
nothing from that text; so while they learn, each text gets what tables say that were fitted without it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.svm import LinearSVC

from models.classifier.vocabulary import PADDING, Encoded, grams, padded

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]
INVERSE_REG = 0.5
BLOCK = 2048


def features(encoded: Sequence[Encoded], buckets: int) -> sparse.csr_matrix:
    """Counts of the n-grams over the root of their number, float32 [n, buckets + 1]: times a table, what the network adds."""
    parts = []
    for start in range(0, len(encoded), BLOCK):
        ids = grams(padded([e.characters for e in encoded[start : start + BLOCK]]), buckets)
        rows, columns = np.nonzero(ids != PADDING)
        root = np.sqrt((ids != PADDING).sum(axis=1)).astype(np.float32)
        parts.append(
            sparse.csr_matrix(
                (1 / root[rows], (rows, ids[rows, columns])), shape=(len(ids), buckets + 1), dtype=np.float32
            )
        )
    return sparse.vstack(parts, format="csr")


def table(counts: sparse.csr_matrix, truth: Floats) -> Floats:
    """The table, float32 [buckets + 1, labels]: one SVM a label, rare n-grams weighted up (inverse document frequency)."""
    seen = np.asarray((counts > 0).sum(axis=0)).ravel()
    weight = np.where(seen > 0, np.log((1 + counts.shape[0]) / (1 + seen)) + 1, 0).astype(np.float32)
    weight /= np.sqrt(np.square(weight[seen > 0]).mean())
    weighted = counts @ sparse.diags(weight)
    out = np.zeros((counts.shape[1], truth.shape[1]), np.float32)
    for label in range(truth.shape[1]):
        wanted = truth[:, label] > 0
        if 0 < wanted.sum() < len(wanted):
            machine = LinearSVC(C=INVERSE_REG, fit_intercept=True).fit(weighted, wanted)
            out[:, label] = machine.coef_[0] * weight
    return out


def cross_fitted(counts: sparse.csr_matrix, truth: Floats, fold: Codes, asked: sparse.csr_matrix, of: Codes) -> Floats:
    """What tables fitted without fold ``of[i]`` say of the i-th of ``asked``, float32 [n asked, labels]."""
    out = np.zeros((asked.shape[0], truth.shape[1]), np.float32)
    for number in np.unique(fold):
        these = np.flatnonzero(of == number)
        others = np.flatnonzero(fold != number)
        out[these] = asked[these] @ table(counts[others], truth[others])
    return out
