"""The mood of a Chinese painting (意境) from its tones and colours alone.

Learned from the aesthetic database of CUC (2018): viewers marked 497 paintings with any of five moods. Its pictures are not
published but their histograms are, and histograms are all that this reads: so it knows that a pale grey sheet is felt as
bleak more often than a bright one, and nothing of what is painted.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.appraisal.canvas import Canvas, Floats
from models.errors import DataError

MOODS = ("气势", "清幽", "生机", "雅致", "萧瑟")
FEATURES, LABELS = "features120.utf8.csv", "multi_label_painting_20181220.utf8.csv"
_PUBLISHED = np.r_[26:50, 63:109] + 1
"""Columns of FEATURES: hue (16 bins), brightness (8), grey (16), red, green and blue (10 each)."""
FOLDS = 5
Counts = npt.NDArray[Any]


@dataclass(frozen=True)
class MoodHead:
    """One logistic regression a mood.

    Attributes:
        mean, scale: float32 [inputs]; weight: [moods, inputs]; bias: [moods].
        area: of each mood, the area under the ROC curve in cross-validation.
    """

    mean: Floats
    scale: Floats
    weight: Floats
    bias: Floats
    area: Floats

    @property
    def areas(self) -> dict[str, float]:
        """``area`` by mood."""
        return {name: float(value) for name, value in zip(MOODS, self.area, strict=True)}

    def probabilities(self, histograms: Floats) -> Floats:
        """float32 [n, moods], each by itself, of histograms [n, inputs]."""
        logits = ((np.sqrt(histograms) - self.mean) / self.scale) @ self.weight.T + self.bias
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)

    def of(self, canvas: Canvas) -> tuple[tuple[str, float], ...]:
        """Moods with probabilities, the likeliest first."""
        found = self.probabilities(histograms(canvas)[None])[0]
        return tuple((MOODS[i], float(found[i])) for i in np.argsort(-found))

    def arrays(self) -> dict[str, Floats]:
        """What is stored."""
        return {f"mood.{part}": getattr(self, part) for part in ("mean", "scale", "weight", "bias", "area")}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats]) -> MoodHead | None:
        """The inverse of ``arrays``; None when nothing of it is there."""
        if "mood.weight" not in arrays:
            return None
        return cls(*(arrays[f"mood.{part}"].astype(np.float32) for part in ("mean", "scale", "weight", "bias", "area")))


def histograms(canvas: Canvas) -> Floats:
    """float32 [70]: hue (HSV), brightness, grey, red, green and blue, each summing to 1, in the order of _PUBLISHED."""
    rgb = canvas.rgb.reshape(-1, 3)
    high, low = rgb.max(1), rgb.min(1)
    spread = np.where(high > low, high - low, 1)
    r, g, b = rgb.T
    hue = np.where(high == r, (g - b) / spread % 6, np.where(high == g, (b - r) / spread + 2, (r - g) / spread + 4)) / 6
    hue = np.where(high > low, hue, 0)
    grey = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    columns = ((hue, 16), (high, 8), (grey, 16), (r, 10), (g, 10), (b, 10))
    counted: list[Counts] = [np.histogram(values, bins, (0, 1))[0] / len(rgb) for values, bins in columns]
    return np.concatenate(counted).astype(np.float32)


def read_moods(folder: Path) -> tuple[Floats, Floats]:
    """Histograms [works, 70] and moods [works, 5], 1 where enough viewers chose it, of the database's two tables.

    Raises:
        DataError: the tables are not there or do not belong together.
    """
    try:
        with (folder / LABELS).open(encoding="utf-8", newline="") as stream:
            marked = {row[0]: row[-len(MOODS) :] for row in csv.reader(stream)}
        with (folder / FEATURES).open(encoding="utf-8", newline="") as stream:
            rows = [(row[0].removeprefix("preprocessing_"), row) for row in csv.reader(stream)]
        x = np.array([[float(row[i]) for i in _PUBLISHED] for _, row in rows], np.float32)
        y = np.array([[float(value or 0) for value in marked[name]] for name, _ in rows], np.float32)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise DataError(f"{folder} 里的意境数据读不懂。", (type(error).__name__,)) from error
    return np.clip(x, 0, 1), y


def fit_moods(folder: Path, seed: int = 0, c: float = 0.01) -> MoodHead:
    """Fit on the database in ``folder``; ``c``: inverse strength of the L2 penalty."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    x, y = read_moods(folder)
    roots = np.sqrt(x)
    mean, scale = roots.mean(0), roots.std(0) + 1e-2
    z = (roots - mean) / scale
    weight, bias, area = [], [], []
    for k in range(len(MOODS)):
        model = LogisticRegression(C=c, max_iter=3000)
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
        area.append(
            roc_auc_score(y[:, k], cross_val_predict(model, z, y[:, k], cv=folds, method="predict_proba")[:, 1])
        )
        model.fit(z, y[:, k])
        weight.append(model.coef_[0])
        bias.append(model.intercept_[0])
    return MoodHead(mean, scale, *(np.asarray(v, np.float32) for v in (weight, bias, area)))
