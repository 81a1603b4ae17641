"""A classifier ready to use: texts to labels with calibrated probabilities, an honest 看不准, and the evidence.

It loads in a fraction of a second, needs numpy and jieba only, and is safe to share between threads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from models.artefact import ArtefactError, verify
from models.classifier import inference
from models.classifier.calibration import Calibration, sigmoid, softmax
from models.classifier.config import ClassifierConfig
from models.classifier.errors import ClassifierError
from models.classifier.text import content_length, fold, pieces
from models.classifier.vocabulary import Vocabulary, cut

Floats = npt.NDArray[np.float32]
WEIGHTS = Path(__file__).resolve().parent / "weights"
TASKS = ("channel", "polarity", "genre")
FEWEST_CHARACTERS = 2
"""A text with fewer letters, characters and digits has nothing to classify."""


@dataclass(frozen=True)
class LabelScore:
    """A label and its calibrated probability in [0, 1]."""

    label: str
    probability: float


@dataclass(frozen=True)
class Evidence:
    """A word of the text that spoke for a label: ``text`` is text[start:end], ``weight`` in (0, 1], the strongest is 1."""

    text: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True)
class Classification:
    """What is said about one text.

    Attributes:
        labels: labels by falling probability: for a single-label task the most probable ones, for a multi-label task
            those above their thresholds (or the most probable one when none is).
        sure: whether the model stands by the first label; otherwise the answer is 看不准.
        read: characters that were read; a very long text is read in samples.
    """

    labels: tuple[LabelScore, ...]
    sure: bool
    read: int

    @property
    def best(self) -> LabelScore:
        """The most probable label."""
        return self.labels[0]


@dataclass(frozen=True)
class TextClassifier:
    """One task. ``labels``: names in the order of the outputs; ``english``: their English names."""

    task: str
    labels: tuple[str, ...]
    multi_label: bool
    config: ClassifierConfig
    vocabulary: Vocabulary
    network: inference.Network
    calibration: Calibration
    english: Mapping[str, str] = field(default_factory=dict)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Calibrated probabilities float32 [n, labels]; the logits of a long text's pieces are averaged."""
        return self._probabilities([pieces(fold(text), self.config.piece) for text in texts])

    def _probabilities(self, divided: Sequence[Sequence[str]]) -> Floats:
        encoded = [self.vocabulary.encode(piece) for several in divided for piece in several]
        raw = self.network.logits(encoded)
        if len(encoded) > len(divided):
            counts = np.array([len(several) for several in divided])
            raw = np.add.reduceat(raw, np.cumsum(counts) - counts, axis=0) / counts[:, None]
        squash = sigmoid if self.multi_label else softmax
        return squash(raw, self.calibration.temperature)

    def classify(self, texts: Sequence[str], top: int = 3) -> list[Classification]:
        """One result a text, ``top`` labels at most. A text without content is unsure; see ``classifiable``."""
        if not texts:
            return []
        divided = [pieces(fold(text), self.config.piece) for text in texts]
        p = self._probabilities(divided)
        order = np.argsort(-p, axis=1, kind="stable")[:, :top]
        named = p >= np.array(self.calibration.thresholds) if self.multi_label else p > 0
        sure = p.max(axis=1) >= self.calibration.threshold
        results = []
        for row, text in enumerate(texts):
            ranked = [LabelScore(self.labels[i], float(p[row, i])) for i in order[row]]
            ranked = [score for score, i in zip(ranked, order[row], strict=True) if named[row, i]] or ranked[:1]
            read = sum(map(len, divided[row]))
            results.append(Classification(tuple(ranked), bool(sure[row]) and classifiable(text), read))
        return results

    def ranked(self, text: str) -> list[LabelScore]:
        """Every label with its probability, the most probable first."""
        row = self.probabilities([text])[0]
        return [LabelScore(self.labels[i], float(row[i])) for i in np.argsort(-row, kind="stable")]

    def evidence(self, text: str, label: str, top: int = 5) -> list[Evidence]:
        """The words of ``text`` that spoke most for ``label``, strongest first; positions count characters of ``text``.

        Raises:
            ClassifierError: when the model has no such label.
        """
        if label not in self.labels:
            raise ClassifierError(f"没有“{label}”这个标签。", hint=f"有：{'、'.join(self.labels)}")
        found: list[tuple[float, int, int]] = []
        offset = 0
        folded = fold(text)
        for piece in pieces(folded, self.config.piece):
            offset = folded.index(piece, offset)
            encoded = self.vocabulary.encode(piece)
            support = self.network.support(encoded, self.labels.index(label))
            for word, first, last in zip(cut(piece), encoded.starts[:-1], encoded.starts[1:], strict=True):
                if any(c.isalnum() for c in word):
                    found.append((float(support[first:last].sum()), offset + int(first), offset + int(last)))
            offset += len(piece)
        strongest = sorted((f for f in found if f[0] > 0), reverse=True)[:top]
        return [Evidence(text[a:b], a, b, round(weight / strongest[0][0], 3)) for weight, a, b in strongest]

    def save(self, folder: Path) -> None:
        """Write weights, vocabulary and config; the manifest and the card are the trainer's."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: np.ascontiguousarray(a) for name, a in inference.to_arrays(self.network).items()}
        save_file(arrays, folder / "classifier.safetensors")
        tables = {"characters": "".join(self.vocabulary.characters), "words": " ".join(self.vocabulary.words)}
        (folder / "vocabulary.json").write_text(json.dumps(tables, ensure_ascii=False), encoding="utf-8")
        described: dict[str, Any] = {
            "task": self.task,
            "labels": self.labels,
            "english": dict(self.english),
            "multi_label": self.multi_label,
            "calibration": self.calibration.as_dict(),
            "config": self.config.as_dict(),
        }
        (folder / "config.json").write_text(
            json.dumps(described, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path, *, commercial_use: bool = False) -> TextClassifier:
        """The model in ``folder``, after its manifest was found to be in order.

        Raises:
            ArtefactError: the folder is incomplete or was changed.
            ClassifierError: ``commercial_use`` is on and its data forbids that.
        """
        manifest = verify(folder)
        if commercial_use and not manifest["commercial_use"]:
            raise ClassifierError(
                "这个分类模型的训练数据不允许商业使用，已经关闭。",
                hint="用 wenyu model train classifier --data 训练自己的模型，或取消 WENYU_COMMERCIAL_USE",
            )
        try:
            described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            tables = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
            config = ClassifierConfig.from_dict(described["config"])
            return cls(
                task=described["task"],
                labels=tuple(described["labels"]),
                multi_label=described["multi_label"],
                config=config,
                vocabulary=Vocabulary(tuple(tables["characters"]), tuple(tables["words"].split(" "))),
                network=inference.from_arrays(load_file(folder / "classifier.safetensors"), config.network),
                calibration=Calibration.from_dict(described["calibration"]),
                english=described["english"],
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ArtefactError("分类模型的文件读不出来。", hint=f"从版本库恢复 {folder.name}，或者重新训练") from error


def classifiable(text: str) -> bool:
    """Whether there is anything to classify: at least two letters, Chinese characters or digits, not digits alone."""
    return content_length(text) >= FEWEST_CHARACTERS
