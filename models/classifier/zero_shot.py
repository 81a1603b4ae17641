"""Labels that nobody has trained: the operator lists them in a file, and the sentence encoder compares.

The file (YAML) maps a label to a short description and examples; the more examples, the better::

    亲子:
      - 适合家长和孩子一起看的内容
      - 带娃逛科学馆
    怀旧: [老歌老电影, 童年回忆]

A text has a label when it is closer to it than texts in general are; a label alone is a poor description, two or three
sentences are a fair one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from knowledge.encoder import Encoder
from models.classifier.errors import LabelledDataError
from models.classifier.model import LabelScore

MOST_LABELS = 200
MARGIN = 2.5
"""Standard deviations above the similarity of unrelated texts from which a label counts; see the background below."""
BACKGROUND = (
    "今天天气不错，我们去公园走走", "这家店的面条很好吃", "公司发布了三季度财报", "比赛最后一分钟进球", "新手机的电池很耐用",
    "导演说拍摄花了三年", "医生建议多喝水", "高铁票什么时候开售", "孩子不爱写作业怎么办", "总统抵达北京访问", "房价又涨了",
    "专辑里有十首歌", "展览持续到月底", "小说的结尾出人意料", "警方通报了案情", "玉米今年丰收", "发动机有异响", "游戏更新了新地图",
    "考试成绩下周公布", "航母编队完成训练",
)  # fmt: skip
"""Sentences about anything: how alike the encoder finds a label and a text that has nothing to do with it."""


class ZeroShot:
    """The operator's labels, encoded once."""

    def __init__(self, labels: dict[str, list[str]], encoder: Encoder) -> None:
        """``labels``: descriptions by label, at least one each."""
        self.labels = tuple(labels)
        self._encoder = encoder
        texts = [text for label in labels for text in (label, *labels[label])]
        owner = np.repeat(np.arange(len(labels)), [1 + len(labels[label]) for label in labels])
        vectors = encoder.encode(texts)
        self._centre = encoder.encode(BACKGROUND).mean(axis=0)
        sums = np.zeros((len(labels), vectors.shape[1]), np.float32)
        np.add.at(sums, owner, self._unit(vectors))
        self._prototypes = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        unrelated = self._unit(encoder.encode(BACKGROUND)) @ self._prototypes.T
        self._mean, self._spread = unrelated.mean(axis=0), unrelated.std(axis=0) + 0.02

    @classmethod
    def read(cls, path: Path, encoder: Encoder) -> ZeroShot:
        """The labels of a file.

        Raises:
            LabelledDataError: it is not such a file.
        """
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise LabelledDataError(f"{path.name} 读不出来。", hint="应为 UTF-8 的 YAML：标签: [说明, 例句]") from error
        if not isinstance(data, dict) or not data or len(data) > MOST_LABELS:
            raise LabelledDataError(f"{path.name} 里应有 1 到 {MOST_LABELS} 个标签。", hint="每行：标签: [说明, 例句]")
        labels: dict[str, list[str]] = {}
        for label, texts in data.items():
            several = [texts] if isinstance(texts, str) else texts
            if not isinstance(several, list) or not several or not all(isinstance(t, str) and t for t in several):
                raise LabelledDataError(f"{path.name} 里的标签“{label}”没有说明。", hint="每个标签至少写一句说明或例句")
            labels[str(label)] = several
        return cls(labels, encoder)

    def label(self, texts: Sequence[str], top: int = 3) -> list[list[LabelScore]]:
        """For each text the labels it is close to, closest first; the score is squashed distance, not calibrated."""
        scores = (self._unit(self._encoder.encode(texts)) @ self._prototypes.T - self._mean) / self._spread
        out = []
        for row in scores:
            order = np.argsort(-row)[:top]
            out.append(
                [
                    LabelScore(self.labels[i], float(1 / (1 + np.exp(MARGIN - row[i]))))
                    for i in order
                    if row[i] >= MARGIN
                ]
            )
        return out

    def _unit(self, vectors: np.ndarray) -> np.ndarray:
        centred = vectors - self._centre
        return np.asarray(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6), np.float32)
