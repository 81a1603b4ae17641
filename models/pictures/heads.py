"""Linear heads on the visual backbone's features, with calibrated probabilities; numpy alone.

A head is a folder with ``head.safetensors`` (weight float16 [classes, features], bias, and the mean and scale that the
features are standardised with), ``config.json`` and a manifest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from models.artefact import ArtefactError, verify

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scored:
    """A label and its calibrated probability in [0, 1]."""

    label: str
    probability: float


@dataclass(frozen=True)
class Head:
    """``weight`` float32 [classes, features], ``bias`` [classes], ``mean`` and ``scale`` [features].

    Attributes:
        labels: names in the order of the classes.
        temperature: logits are divided by it. threshold: probability of the best label below which nothing is claimed.
    """

    labels: tuple[str, ...]
    weight: Floats
    bias: Floats
    mean: Floats
    scale: Floats
    temperature: float
    threshold: float

    def probabilities(self, features: Floats) -> Floats:
        """float32 [classes] of features float32 [features]."""
        logits = (self.weight @ ((features - self.mean) / self.scale) + self.bias) / self.temperature
        shifted = np.exp(logits - logits.max())
        out: Floats = (shifted / shifted.sum()).astype(np.float32)
        return out

    def save(self, folder: Path) -> None:
        """Write the two files; manifest and card are the trainer's."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: getattr(self, name).astype(np.float16) for name in ("weight", "bias", "mean")}
        save_file(arrays | {"scale": self.scale.astype(np.float32)}, folder / "head.safetensors")
        described = {"labels": self.labels, "temperature": self.temperature, "threshold": self.threshold}
        (folder / "config.json").write_text(
            json.dumps(described, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> Head:
        """The head in ``folder``; raises ArtefactError when it is incomplete or was changed."""
        verify(folder)
        try:
            described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            arrays = {name: a.astype(np.float32) for name, a in load_file(folder / "head.safetensors").items()}
            return cls(
                tuple(described["labels"]),
                *(arrays[name] for name in ("weight", "bias", "mean", "scale")),
                described["temperature"],
                described["threshold"],
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ArtefactError("看图模型的文件读不出来。", hint=f"从版本库恢复 {folder.name}，或者重新训练") from error
