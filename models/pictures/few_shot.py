"""The operator's own labels from a few example pictures each: nearest class mean on the backbone's vectors.

Snell et al., "Prototypical Networks for Few-shot Learning" (2017): with a handful of examples a mean is hard to better.
The scale of the cosines and the threshold come from leaving each example out of its own mean.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import load_file, save_file

from models.artefact import ArtefactError, verify
from models.pictures.errors import PictureError
from models.pictures.heads import Floats, Scored

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
FEWEST, MOST_LABELS, MOST_EXAMPLES = 3, 200, 500
SCALES = (2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0)
TOLERANCE, HIGHEST_THRESHOLD = 0.05, 0.9
PRECISION = 0.85
"""Of the answers given on left-out examples, the share that shall be right."""


@dataclass(frozen=True)
class Prototypes:
    """``means`` float32 [labels, 1280] of unit length around ``centre`` float32 [1280]; probabilities are softmax(scale * cosine)."""

    labels: tuple[str, ...]
    means: Floats
    centre: Floats
    scale: float
    threshold: float
    accuracy: float

    def scored(self, vector: Floats, top: int) -> tuple[Scored, ...]:
        """The most probable labels of a picture's vector."""
        p = softmax(self.scale * (self.means @ unit(vector / np.linalg.norm(vector) - self.centre)))
        return tuple(Scored(self.labels[i], float(p[i])) for i in np.argsort(-p)[:top])

    @classmethod
    def fit(cls, labels: Sequence[str], vectors: Floats, codes: np.ndarray) -> Prototypes:
        """From unit vectors float32 [n, 1280] and their labels int64 [n]; every label has at least FEWEST."""
        centre = vectors.mean(axis=0)
        around = unit(vectors - centre)
        n = len(labels)
        sums = np.stack([around[codes == c].sum(axis=0) for c in range(n)])
        cosines = around @ unit(sums).T
        own = unit(sums[codes] - around)
        cosines[np.arange(len(codes)), codes] = (own * around).sum(axis=1)
        right = cosines.argmax(axis=1) == codes

        def loss(scale: float) -> float:
            return -float(np.log(softmax(scale * cosines)[np.arange(len(codes)), codes] + 1e-9).mean())

        # A few examples that are easily told apart would ask for ever greater certainty: the most modest scale will do.
        losses = [loss(scale) for scale in SCALES]
        scale = next(s for s, value in zip(SCALES, losses, strict=True) if value <= min(losses) + TOLERANCE)
        confidence = softmax(scale * cosines).max(axis=1)
        order = np.argsort(-confidence)
        running = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
        good = np.flatnonzero(running >= PRECISION)
        threshold = min(HIGHEST_THRESHOLD, float(confidence[order[good[-1]]])) if len(good) else 1.0
        return cls(tuple(labels), unit(sums), centre, scale, round(threshold, 4), float(right.mean()))

    def save(self, folder: Path) -> None:
        """Write the files; the manifest is the caller's."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"means": self.means, "centre": self.centre}, folder / "prototypes.safetensors")
        described = {n: getattr(self, n) for n in ("labels", "scale", "threshold", "accuracy")}
        (folder / "config.json").write_text(json.dumps(described, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Prototypes:
        """The labels in ``folder``; raises ArtefactError when they are incomplete or were changed."""
        verify(folder)
        try:
            described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            arrays = load_file(folder / "prototypes.safetensors")
            return cls(
                tuple(described["labels"]),
                arrays["means"],
                arrays["centre"],
                described["scale"],
                described["threshold"],
                described["accuracy"],
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ArtefactError("图片标签的文件读不出来。", hint="用 wenyu model train pictures 重新训练") from error


def unit(rows: Floats) -> Floats:
    """Rows of unit length."""
    out: Floats = (rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)).astype(np.float32)
    return out


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    out: Floats = (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
    return out


@dataclass(frozen=True)
class Examples:
    """Pictures of each label, and what was left out and why."""

    paths: tuple[Path, ...]
    codes: tuple[int, ...]
    labels: tuple[str, ...]
    problems: tuple[str, ...]


def examples(folder: Path) -> Examples:
    """The pictures in a folder of folders, one a label.

    Raises:
        PictureError: there are not two labels with FEWEST pictures, or too many.
    """
    if not folder.is_dir():
        raise PictureError(f"没有找到文件夹 {folder}。", hint="一个标签一个子文件夹，里面放几张例图")
    paths: list[Path] = []
    codes: list[int] = []
    labels: list[str] = []
    problems: list[str] = []
    for sub in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        found = sorted(p for p in sub.iterdir() if p.suffix.lower() in SUFFIXES)
        readable = []
        for path in found[:MOST_EXAMPLES]:
            try:
                with Image.open(path) as picture:
                    picture.verify()
                readable.append(path)
            except (OSError, ValueError, SyntaxError):
                problems.append(f"{sub.name}/{path.name}：打不开")
        if len(readable) < FEWEST:
            problems.append(f"标签“{sub.name}”只有 {len(readable)} 张能用，至少要 {FEWEST} 张，没有使用")
            continue
        codes += [len(labels)] * len(readable)
        labels.append(sub.name)
        paths += readable
    if not 2 <= len(labels) <= MOST_LABELS:
        raise PictureError(
            f"{folder.name} 里能用的标签有 {len(labels)} 个，要 2 到 {MOST_LABELS} 个。" + "；".join(problems[:5]),
            hint=f"一个标签一个子文件夹，每个至少 {FEWEST} 张图",
        )
    return Examples(tuple(paths), tuple(codes), tuple(labels), tuple(problems))
