"""Ways to spoil a picture, in three strengths, and ways to copy it that leave it what it is.

The score is learned by ranking a work above its spoilt copies, and tested on both kinds. Sizes are relative to the
picture, so that the same strength looks the same at any resolution.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageFilter

Spoil = Callable[[Image.Image, int, np.random.Generator], Image.Image]
STRENGTHS = (0, 1, 2)


def _side(picture: Image.Image) -> float:
    return float((picture.width * picture.height) ** 0.5)


def _values(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(picture, np.float32)


def _picture(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Image.Image:
    return Image.fromarray(np.clip(values + 0.5, 0, 255).astype(np.uint8))


def blur(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """Gaussian, standard deviation 0.5, 1 and 2 % of the side."""
    return picture.filter(ImageFilter.GaussianBlur((0.005, 0.01, 0.02)[strength] * _side(picture)))


def noise(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """Gaussian noise in each channel, standard deviation 12, 24 and 48 of 255."""
    values = _values(picture)
    return _picture(values + rng.normal(0, (12, 24, 48)[strength], values.shape).astype(np.float32))


def jpeg(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """JPEG of quality 25, 12 and 5."""
    return encoded(picture, "JPEG", quality=(25, 12, 5)[strength])


def colour_cast(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """One channel stronger and one weaker by 12, 24 and 40 %."""
    gains, amount = np.ones(3, np.float32), (0.12, 0.24, 0.4)[strength]
    first, second = rng.choice(3, 2, replace=False)
    gains[first], gains[second] = 1 + amount, 1 - amount
    return _picture(_values(picture) * gains)


def bad_crop(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """A corner that keeps 75, 60 and 45 % of each side."""
    kept = (0.75, 0.6, 0.45)[strength]
    w, h = max(16, round(picture.width * kept)), max(16, round(picture.height * kept))
    left, top = int(rng.integers(2)) * (picture.width - w), int(rng.integers(2)) * (picture.height - h)
    return picture.crop((left, top, left + w, top + h))


def squash(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """One side, either, pressed to 80, 65 and 50 %."""
    kept, size = (0.8, 0.65, 0.5)[strength], [picture.width, picture.height]
    axis = int(rng.integers(2))
    size[axis] = max(16, round(size[axis] * kept))
    return picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)


def overexposure(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """Brighter by a factor of 1.3, 1.6 and 2.1; what is too bright is lost."""
    return _picture(_values(picture) * (1.3, 1.6, 2.1)[strength])


def fading(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """Contrast about the middle grey down to 70, 50 and 30 %."""
    return _picture(127.5 + (_values(picture) - 127.5) * (0.7, 0.5, 0.3)[strength])


DEGRADATIONS: Mapping[str, Spoil] = {
    "blur": blur,
    "noise": noise,
    "jpeg": jpeg,
    "colour_cast": colour_cast,
    "bad_crop": bad_crop,
    "squash": squash,
    "overexposure": overexposure,
    "fading": fading,
}


def encoded(picture: Image.Image, form: str, **options: int) -> Image.Image:
    """The picture written to a file of this format and read back."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    file.seek(0)
    return Image.open(file).convert("RGB")


def resized(picture: Image.Image, factor: float) -> Image.Image:
    """The picture at another size."""
    size = tuple(max(16, round(s * factor)) for s in picture.size)
    return picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)


def trimmed(picture: Image.Image, part: float) -> Image.Image:
    """The picture without ``part`` of its width and height at each edge."""
    x, y = round(picture.width * part), round(picture.height * part)
    return picture.crop((x, y, picture.width - x, picture.height - y))


COPIES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "70 %": lambda p: resized(p, 0.7),
    "150 %": lambda p: resized(p, 1.5),
    "250 %": lambda p: resized(p, 2.5),
    "trim 1 %": lambda p: trimmed(p, 0.01),
    "trim 2 %": lambda p: trimmed(p, 0.02),
    "JPEG 90": lambda p: encoded(p, "JPEG", quality=90),
    "JPEG 80": lambda p: encoded(p, "JPEG", quality=80),
    "WebP 90": lambda p: encoded(p, "WEBP", quality=90),
}
