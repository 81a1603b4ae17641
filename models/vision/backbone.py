"""From a picture to features: EfficientNet-Lite2 pretrained on ImageNet, run by ONNX Runtime.

A picture keeps its proportions: it is scaled to a constant area and padded to the network's stride, and the padding does
not count in the pooled vectors. So a squashed copy looks different from its original, and a smaller copy does not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.vision.errors import BackboneError

Floats = npt.NDArray[np.float32]
STRIDE = 32
SIDE = 224
"""Square root of the area, in pixels, that a picture is scaled to."""
LONGEST = 640
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
GRAPH, BUILD = "model.onnx", "build.json"


@dataclass(frozen=True)
class Features:
    """What the network sees in one picture.

    Attributes:
        vector: float32 [1280], mean over the picture; what it is of.
        texture: float32 [1120], means and standard deviations of earlier layers; how it is made.
        map: float32 [1280, h, w], the last feature map; a cell covers 32 by 32 pixels of the scaled picture.
        covered: (h, w) in cells, fractional, of the map that is picture and not padding.
    """

    vector: Floats
    texture: Floats
    map: Floats
    covered: tuple[float, float]


def scaled(picture: Image.Image, side: int = SIDE) -> Image.Image:
    """RGB, with the same proportions, ``side`` squared pixels, no side longer than LONGEST or shorter than STRIDE."""
    picture = picture.convert("RGB")
    factor = side / (picture.width * picture.height) ** 0.5
    factor = min(factor, LONGEST / max(picture.size))
    size = tuple(min(LONGEST, max(STRIDE, round(s * factor))) for s in picture.size)
    return picture.resize((size[0], size[1]), Image.Resampling.BICUBIC, reducing_gap=3.0)


def prepared(picture: Image.Image, side: int = SIDE) -> tuple[Floats, Floats, tuple[float, float]]:
    """A picture as the network takes it.

    Returns:
        float32 [1, 3, h, w] normalised, its edges repeated up to multiples of 32; float32 [1, 1, h, w], 1 where the
        picture is; its height and width in cells.
    """
    pixels = np.asarray(scaled(picture, side), np.float32) / 255
    height, width = pixels.shape[:2]
    missing = [(-height) % STRIDE, (-width) % STRIDE]
    values = np.pad((pixels - MEAN) / STD, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
    mask = np.zeros((1, 1, *values.shape[:2]), np.float32)
    mask[..., :height, :width] = 1
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None]), mask, (height / STRIDE, width / STRIDE)


class Backbone:
    """The network, loaded once; thread-safe."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """Load from ``folder``.

        Raises:
            BackboneError: it has not been built there.
        """
        import onnxruntime

        settings = read_build(folder)
        if settings is None or not (folder / GRAPH).is_file():
            raise BackboneError(
                "看图用的网络还没有装好，暂时不能看图片。",
                hint=f"{folder} 不完整；运行 make run 会重新构建，或用 WENYU_VISION_DIR 指定已有的目录",
            )
        self.fingerprint: str = settings["fingerprint"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # The arena would keep the memory of the largest picture for good.
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(str(folder / GRAPH), options, providers=["CPUExecutionProvider"])

    def look(self, picture: Image.Image, side: int = SIDE) -> Features:
        """The features of a picture of any size and mode, scaled to ``side`` squared pixels; less is quicker."""
        pixels, mask, covered = prepared(picture, side)
        outputs = self._session.run(["map", "vector", "texture"], {"picture": pixels, "mask": mask})
        return Features(outputs[1][0], outputs[2][0], outputs[0][0], covered)

    def vectors(self, pictures: Sequence[Image.Image]) -> Floats:
        """float32 [n, 1280] of unit length, so that a dot product is a cosine."""
        found = np.stack([self.look(picture).vector for picture in pictures])
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def read_build(folder: Path) -> dict[str, Any] | None:
    """What was built in ``folder``, or None when nothing complete is there."""
    try:
        found: dict[str, Any] = json.loads((folder / BUILD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if "fingerprint" in found else None
