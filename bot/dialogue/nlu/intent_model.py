"""Logistic regression over lexical features and sentence vectors."""

import json
from collections import Counter
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
from scipy.sparse import csr_matrix, hstack

from bot.dialogue.nlu.features import lexical_features
from bot.dialogue.nlu.lists import WordLists
from bot.dialogue.nlu.static_vectors import StaticVectors
from bot.dialogue.nlu.text import normalise, request_part

GROUP_WEIGHTS: Mapping[str, float] = {"char": 1.0, "word": 1.0, "sound": 1.0, "kind": 0.7, "shape": 0.3}
VECTOR_WEIGHT = 1.0


class IntentModel:
    """Text → probability of every intent.

    Each group of lexical features is weighted by inverse document frequency, scaled to unit length and multiplied by
    its weight; the sentence vector follows with its own weight.

    Attributes:
        intents: names in the order of the columns of :meth:`probabilities`.
    """

    def __init__(
        self,
        vectors: StaticVectors,
        lists: WordLists,
        *,
        strength: float = 4.0,
        group_weights: Mapping[str, float] = GROUP_WEIGHTS,
        vector_weight: float = VECTOR_WEIGHT,
        minimum_count: int = 2,
    ) -> None:
        self._vectors, self._lists = vectors, lists
        self._strength, self._vector_weight = strength, vector_weight
        self._group_weights, self._minimum_count = dict(group_weights), minimum_count
        self.intents: List[str] = []
        self._columns: Dict[str, int] = {}
        self._idf = np.zeros(0, dtype=np.float32)
        self._weights = np.zeros((0, 0), dtype=np.float32)
        self._bias = np.zeros(0, dtype=np.float32)

    def fit(self, texts: Sequence[str], intents: Sequence[str], weights: Optional[Sequence[float]] = None) -> None:
        """Learn from examples; ``weights`` says how much each counts (1 when left out)."""
        from sklearn.linear_model import LogisticRegression

        found = [self._named(text) for text in texts]
        counts = Counter(name for groups in found for names in groups.values() for name in set(names))
        kept = sorted(name for name, count in counts.items() if count >= self._minimum_count)
        self._columns = {name: column for column, name in enumerate(kept)}
        self._idf = np.array([1.0 + np.log((1 + len(texts)) / (1 + counts[name])) for name in kept], dtype=np.float32)
        rows, columns, values = [], [], []
        for row, groups in enumerate(found):
            where, what = self._row(groups)
            rows += [row] * len(where)
            columns.append(where)
            values.append(what)
        lexical = csr_matrix((np.concatenate(values), (rows, np.concatenate(columns))), shape=(len(texts), len(kept)))
        matrix = hstack([lexical, csr_matrix(np.stack([self._dense(text) for text in texts]))], format="csr")
        # Half-way between the frequencies of the training data and none: by cross-validation better than either.
        balance = {intent: count**-0.5 for intent, count in Counter(intents).items()}
        average = sum(balance[intent] for intent in intents) / len(intents)
        balance = {intent: weight / average for intent, weight in balance.items()}
        regression = LogisticRegression(C=self._strength, max_iter=400, class_weight=balance, tol=1e-3)
        regression.fit(matrix, list(intents), sample_weight=weights)
        self.intents = [str(name) for name in regression.classes_]
        # Of two classes scikit-learn keeps the scores of the second only; those of the first are zero.
        missing = len(self.intents) - len(regression.coef_)
        self._weights = np.pad(regression.coef_, ((missing, 0), (0, 0))).T.astype(np.float32).copy()
        self._bias = np.pad(regression.intercept_, (missing, 0)).astype(np.float32)

    def probabilities(self, text: str) -> np.ndarray:
        """Probability of each of :attr:`intents`, float32 [n_intents], sums to 1."""
        where, what = self._row(self._named(text))
        lexical = len(self._columns)
        scores = self._bias + what @ self._weights[where] + self._dense(text) @ self._weights[lexical:]
        scores = np.exp(scores - scores.max())
        return scores / scores.sum()

    def save(self, folder: Path) -> None:
        """Write ``intents.json`` and ``intents.npz``; nothing in them is executable."""
        description = {"intents": self.intents, "features": list(self._columns), "lists": self._lists.lists}
        (folder / "intents.json").write_text(json.dumps(description, ensure_ascii=False), encoding="utf-8")
        np.savez_compressed(folder / "intents.npz", idf=self._idf, weights=self._weights, bias=self._bias)

    def load(self, folder: Path) -> None:
        """Read what :meth:`save` wrote."""
        description = json.loads((folder / "intents.json").read_text(encoding="utf-8"))
        self.intents, self._lists = description["intents"], WordLists(description["lists"])
        self._columns = {name: column for column, name in enumerate(description["features"])}
        with np.load(folder / "intents.npz", allow_pickle=False) as arrays:
            self._idf, self._weights, self._bias = arrays["idf"], arrays["weights"], arrays["bias"]

    def _named(self, text: str) -> Dict[str, List[str]]:
        groups = lexical_features(text, self._lists)
        return {g: [f"{g}:{name}" for name in groups[g]] for g, weight in self._group_weights.items() if weight}

    def _row(self, groups: Dict[str, List[str]]) -> Tuple[np.ndarray, np.ndarray]:
        """Columns and values of the lexical features."""
        where, what = [], []
        for group, names in groups.items():
            columns = [self._columns[name] for name in sorted(set(names)) if name in self._columns]
            values = self._idf[columns]
            norm = float(np.linalg.norm(values))
            where.append(np.array(columns, dtype=np.int64))
            what.append(values / norm * self._group_weights[group] if norm else values)
        return np.concatenate(where), np.concatenate(what)

    def _dense(self, text: str) -> np.ndarray:
        return self._vectors.vector(request_part(normalise(text))) * self._vector_weight
