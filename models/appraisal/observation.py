"""One picture as the appraisal sees it: what the network sees, and what can be measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from models.appraisal.canvas import SIDE, Canvas, Floats
from models.appraisal.measures import MEASURES, measured
from models.vision.backbone import Backbone, Features


@dataclass(frozen=True)
class Observation:
    """Attributes:
    features: of the backbone; measures: by name (see measures.py); canvas: the scaled picture.
    """

    features: Features
    measures: dict[str, float]
    canvas: Canvas

    @classmethod
    def of(cls, picture: Image.Image, backbone: Backbone) -> Observation:
        """Look at a picture of any size and mode."""
        canvas = Canvas.of(picture)
        return cls(backbone.look(canvas.picture, SIDE), measured(canvas), canvas)

    @cached_property
    def vector(self) -> Floats:
        """float32 [2447]: the backbone's vector (1280) and texture (1120), then the measures in their order (47)."""
        values = np.array([self.measures[name] for name in MEASURES], np.float32)
        return np.concatenate([self.features.vector, self.features.texture, values])
