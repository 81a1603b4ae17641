"""A picture as every measure sees it: scaled to one area, in the colour spaces that the measures need."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

Floats = npt.NDArray[np.float32]
SIDE = 160
"""Pixels to a side. Every picture is judged as a square: strokes and composition show, what a larger scan adds does not, and
a copy that is only squashed gains nothing."""
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float32)
_WHITE = np.array([0.9505, 1.0, 1.089], np.float32)
_LEVELS = np.arange(256, dtype=np.float64) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)
"""What each of the 256 values of a channel is in linear light."""


@dataclass(frozen=True)
class Canvas:
    """Attributes:
    rgb: float32 [h, w, 3] in [0, 1], sRGB, SIDE to a side.
    proportion: logarithm of width over height of the picture before it became a square.
    """

    rgb: Floats
    proportion: float = 0.0

    @classmethod
    def of(cls, picture: Image.Image) -> Canvas:
        """A picture of any size and mode."""
        square = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0)
        rgb = np.asarray(np.asarray(square, np.float32) / 255, np.float32)
        return cls(rgb, math.log(picture.width / picture.height))

    @property
    def picture(self) -> Image.Image:
        """As a picture of SIDE by SIDE pixels."""
        return Image.fromarray((self.rgb * 255 + 0.5).astype(np.uint8))

    @cached_property
    def lab(self) -> Floats:
        """CIELAB under D65, float32 [h, w, 3]: lightness 0 to 100, a and b about ±100."""
        linear = _LINEAR[(self.rgb * 255 + 0.5).astype(np.uint8)]
        xyz = linear @ _XYZ.T / _WHITE
        f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
        out = np.empty_like(self.rgb)
        out[..., 0] = 116 * f[..., 1] - 16
        out[..., 1] = 500 * (f[..., 0] - f[..., 1])
        out[..., 2] = 200 * (f[..., 1] - f[..., 2])
        return out

    @cached_property
    def lightness(self) -> Floats:
        """float32 [h, w] in [0, 1]."""
        return np.ascontiguousarray(self.lab[..., 0] / 100)

    @cached_property
    def chroma(self) -> Floats:
        """Distance from grey, float32 [h, w], 0 to about 130."""
        return np.hypot(self.lab[..., 1], self.lab[..., 2])

    @cached_property
    def hue(self) -> Floats:
        """Angle in the a-b plane, float32 [h, w], in [0, 2 pi)."""
        return np.asarray(np.arctan2(self.lab[..., 2], self.lab[..., 1]) % (2 * np.pi), np.float32)

    @cached_property
    def gradients(self) -> tuple[Floats, Floats]:
        """Horizontal and vertical derivative of the lightness, float32 [h, w]."""
        smooth = ndimage.gaussian_filter(self.lightness, 0.7)
        return ndimage.sobel(smooth, axis=1) / 8, ndimage.sobel(smooth, axis=0) / 8

    @cached_property
    def edges(self) -> Floats:
        """Magnitude of the gradient, float32 [h, w]."""
        return np.hypot(*self.gradients)

    @cached_property
    def weight(self) -> Floats:
        """Visual weight, float32 [h, w], sums to 1: edges, and how far a colour is from the picture's usual one."""
        channels = [self.lab[..., k] for k in range(3)]
        distance = np.sqrt(sum((channel - np.median(channel)) ** 2 for channel in channels))
        value = ndimage.gaussian_filter(self.edges, 3) / (self.edges.mean() + 1e-6)
        value = value + ndimage.gaussian_filter(distance, 3) / (distance.mean() + 1e-6)
        value = np.maximum(value - np.quantile(value, 0.5), 0) + 1e-6
        return np.asarray(value / value.sum(), np.float32)
