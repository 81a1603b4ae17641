"""What can be computed from the pixels and explained in words, by attribute.

Every function takes a Canvas and returns named numbers; ``MEASURES`` is their order. None of them was learned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
from scipy import ndimage

from models.appraisal.canvas import Canvas, Floats

THIRDS = ((1 / 3, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 1 / 3), (2 / 3, 2 / 3))
QUIET = 0.012
"""Gradient below which a place is empty."""
BINS = 36


def composition(canvas: Canvas) -> dict[str, float]:
    """Rule of thirds, balance, leading lines, negative space, and how much the frame cuts through."""
    weight = canvas.weight
    h, w = weight.shape
    ys, xs = (np.arange(h) + 0.5) / h, (np.arange(w) + 0.5) / w
    rows, columns = weight.sum(1), weight.sum(0)
    y, x = float(rows @ ys), float(columns @ xs)
    smooth = ndimage.gaussian_filter(weight, min(h, w) / 12, truncate=2)
    peak_y, peak_x = np.unravel_index(int(smooth.argmax()), smooth.shape)
    peak = (float(ys[peak_y]), float(xs[peak_x]))
    quiet = ndimage.uniform_filter(canvas.edges, 9) < QUIET
    labels, count = ndimage.label(quiet)
    largest = float(np.bincount(labels.ravel())[1:].max() / quiet.size) if count else 0.0
    gx, gy = (ndimage.gaussian_filter(g, 4) for g in canvas.gradients)
    doubled = np.arctan2(2 * gx * gy, gx * gx - gy * gy)
    strength = gx * gx + gy * gy
    total = float(strength.sum()) + 1e-9
    direction = complex(float((strength * np.cos(doubled)).sum()), float((strength * np.sin(doubled)).sum())) / total
    border = np.zeros((h, w), bool)
    depth = max(2, round(min(h, w) * 0.04))
    border[:depth], border[-depth:], border[:, :depth], border[:, -depth:] = True, True, True, True
    cut = float(canvas.edges[border].mean() / (canvas.edges.mean() + 1e-6))
    return {
        "thirds_distance": min(float(np.hypot(peak[0] - a, peak[1] - b)) for a, b in THIRDS),
        "focus_y": peak[0],
        "focus_x": peak[1],
        "balance_x": x - 0.5,
        "balance_y": y - 0.5,
        "concentration": float((smooth / smooth.mean()).max()),
        "negative_space": float(quiet.mean()),
        "largest_quiet": largest,
        "lines": abs(direction),
        "lines_angle": float(np.angle(direction) / 2),
        "cut_by_frame": cut,
    }


def colour(canvas: Canvas) -> dict[str, float]:
    """Saturation, harmony of the hues, temperature, variety, and a cast over everything."""
    chroma, hue = canvas.chroma, canvas.hue
    a, b = canvas.lab[..., 1], canvas.lab[..., 2]
    heavy = np.clip(chroma - 4, 0, None)
    histogram, _ = np.histogram(hue, BINS, (0, 2 * np.pi), weights=heavy)
    total = float(histogram.sum())
    share = np.asarray(histogram / (total + 1e-6), np.float32)
    entropy = float(-(share * np.log(share + 1e-9)).sum() / np.log(BINS))
    warm = float(heavy[(hue < np.pi * 0.62) | (hue > np.pi * 1.75)].sum() / (total + 1e-6))
    light = canvas.lightness >= np.quantile(canvas.lightness, 0.9)
    return {
        "chroma": float(chroma.mean()),
        "chroma_spread": float(chroma.std()),
        "colourful": float((chroma > 18).mean()),
        "harmony": harmony(share),
        "hue_variety": entropy,
        "warmth": warm,
        "cast": float(np.hypot(a.mean(), b.mean())),
        "highlight_cast": float(np.hypot(a[light].mean(), b[light].mean())),
        "accent": float(np.quantile(chroma, 0.98) - np.quantile(chroma, 0.5)),
    }


_TEMPLATES = {  # (centre, width) of the sectors, as parts of the circle: Matsuda 1995 as in Cohen-Or et al. 2006
    "i": ((0.0, 0.05),),
    "V": ((0.0, 0.26),),
    "L": ((0.0, 0.05), (0.25, 0.22)),
    "I": ((0.0, 0.05), (0.5, 0.05)),
    "Y": ((0.0, 0.26), (0.5, 0.05)),
    "X": ((0.0, 0.26), (0.5, 0.26)),
}


def _template_distances() -> Floats:
    """float32 [templates, BINS]: distance of a hue to the nearest sector, as a part of the circle."""
    centres = (np.arange(BINS) + 0.5) / BINS
    rows = []
    for sectors in _TEMPLATES.values():
        gaps = [np.clip(np.abs((centres - c + 0.5) % 1 - 0.5) - width / 2, 0, None) for c, width in sectors]
        rows.append(np.min(gaps, axis=0))
    return np.array(rows, np.float32)


_DISTANCES = _template_distances()


def harmony(share: Floats) -> float:
    """How well the hues fit the nearest of Matsuda's templates in its best turn: 1 perfectly, 0 not at all."""
    turned = np.stack([np.roll(share, -turn) for turn in range(BINS)])
    return float(1 - 8 * (turned @ _DISTANCES.T).min())


def light(canvas: Canvas) -> dict[str, float]:
    """Key, contrast, use of the tonal range, and what is lost in black or white."""
    value = canvas.lightness
    low, middle, high = (float(q) for q in np.quantile(value, (0.02, 0.5, 0.98)))
    darkest = np.minimum(np.minimum(canvas.rgb[..., 0], canvas.rgb[..., 1]), canvas.rgb[..., 2])
    brightest = np.maximum(np.maximum(canvas.rgb[..., 0], canvas.rgb[..., 1]), canvas.rgb[..., 2])
    zones, _ = np.histogram(value, 8, (0, 1))
    share = zones / zones.sum()
    large = ndimage.gaussian_filter(value, min(value.shape) / 10, truncate=2)
    return {
        "key": float(value.mean()),
        "median": middle,
        "contrast": float(value.std()),
        "range": high - low,
        "blackest": low,
        "whitest": high,
        "clipped_white": float((darkest > 0.985).mean()),
        "clipped_channel": float((brightest > 0.995).mean()),
        "clipped_black": float((brightest < 0.02).mean()),
        "tonal_variety": float(-(share * np.log(share + 1e-9)).sum() / np.log(8)),
        "large_contrast": float(large.std()),
    }


def texture(canvas: Canvas) -> dict[str, float]:
    """Sharpness, grain, blocks of a compressed file, and how varied and directed the strokes are."""
    value = canvas.lightness
    bands = [value]
    for sigma in (0.8, 1.6, 3.2, 6.4):
        bands.append(ndimage.gaussian_filter(value, sigma, truncate=3))
    energy = [float((a - b).std()) + 1e-5 for a, b in pairwise(bands)]
    noise = ndimage.convolve(value, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32))
    edges = canvas.edges
    calm = edges <= np.quantile(edges, 0.4)
    gx, gy = canvas.gradients
    strong = edges >= np.quantile(edges, 0.8)
    angle = np.arctan2(gy[strong], gx[strong]) % np.pi
    histogram, _ = np.histogram(angle, 12, (0, np.pi), weights=edges[strong])
    share = histogram / (histogram.sum() + 1e-9)
    busy = ndimage.uniform_filter(edges, 15)
    return {
        "fine": float(np.log(energy[0])),
        "sharpness": float(np.log(energy[0] / energy[1])),
        "middle": float(np.log(energy[1] / energy[2])),
        "coarse": float(np.log(energy[2] / energy[3])),
        "grain": float(np.log(np.abs(noise[calm]).mean() + 1e-4)),
        "grain_all": float(np.log(np.median(np.abs(noise)) + 1e-4)),
        "stroke_variety": float(-(share * np.log(share + 1e-9)).sum() / np.log(12)),
        "detail": float((edges > 0.03).mean()),
        "detail_spread": float(busy.std() / (busy.mean() + 1e-6)),
    }


def depth(canvas: Canvas) -> dict[str, float]:
    """Aerial perspective: what lies further up is paler, softer and greyer; and how many planes the tones make."""
    h = canvas.lightness.shape[0]
    parts = [slice(0, h // 3), slice(h // 3, 2 * h // 3), slice(2 * h // 3, h)]
    contrast = [float(canvas.lightness[p].std()) for p in parts]
    detail = [float(canvas.edges[p].mean()) for p in parts]
    chroma = [float(canvas.chroma[p].mean()) for p in parts]
    key = [float(canvas.lightness[p].mean()) for p in parts]
    smooth = ndimage.gaussian_filter(canvas.lightness, 5)
    zones = np.histogram(smooth, 5, (float(smooth.min()), float(smooth.max()) + 1e-6))[0] / smooth.size
    return {
        "haze": key[0] - key[2],
        "contrast_falls": float(np.log((contrast[2] + 0.01) / (contrast[0] + 0.01))),
        "detail_falls": float(np.log((detail[2] + 0.002) / (detail[0] + 0.002))),
        "chroma_falls": float(np.log((chroma[2] + 2) / (chroma[0] + 2))),
        "planes": float((zones > 0.08).sum()),
        "overlap": float(np.abs(np.diff(smooth[:: max(1, h // 24)], axis=0)).mean()),
    }


def frame(canvas: Canvas) -> dict[str, float]:
    """The shape of the picture; no attribute is judged by it."""
    return {"proportion": canvas.proportion}


MEASURED: Mapping[str, Callable[[Canvas], dict[str, float]]] = {
    "composition": composition,
    "colour": colour,
    "light": light,
    "texture": texture,
    "depth": depth,
    "frame": frame,
}


def measured(canvas: Canvas) -> dict[str, float]:
    """Every measure by name."""
    return {name: value for function in MEASURED.values() for name, value in function(canvas).items()}


MEASURES = tuple(measured(Canvas(np.random.default_rng(0).random((64, 64, 3), np.float32))))
"""The names, in the order in which the learned part reads them."""
