"""Which places of a picture weighed most in the learned part of its score.

The ranker reads means over the last feature map, so the contribution of a place is the gradient of the score with respect
to the mean times the place's activation (Grad-CAM, Selvaraju et al. 2017, with the exact gradient).
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from models.appraisal.canvas import Floats
from models.appraisal.observation import Observation
from models.appraisal.ranking import Ranker

CHANNELS = 1280
COLD, WARM = (38, 84, 150), (214, 70, 40)


def contributions(observation: Observation, ranker: Ranker) -> Floats:
    """float32 [h, w], cells of the last feature map inside the picture; above 0 raised the score, below lowered it."""
    pull = ranker.pull(observation.vector)[:CHANNELS]
    cells = np.tensordot(pull, observation.features.map, axes=1)
    height, width = (max(1, round(c)) for c in observation.features.covered)
    cells = cells[:height, :width]
    return np.asarray(cells - np.median(cells), np.float32)


def overlay(picture: Image.Image, cells: Floats, longest: int = 640) -> Image.Image:
    """The picture in grey with what raised its score in red and what lowered it in blue."""
    base = picture.convert("RGB")
    base.thumbnail((longest, longest))
    heat = np.asarray(Image.fromarray(cells).resize(base.size, Image.Resampling.BICUBIC), np.float32)
    heat = heat / (np.abs(cells).max() + 1e-9)
    grey = np.asarray(base.convert("L"), np.float32)[..., None].repeat(3, 2) * 0.75 + 50
    tint = np.where(heat[..., None] > 0, np.array(WARM, np.float32), np.array(COLD, np.float32))
    alpha = np.clip(np.abs(heat)[..., None], 0, 1) * 0.75
    return Image.fromarray(np.clip(grey * (1 - alpha) + tint * alpha, 0, 255).astype(np.uint8))
