"""The colours that a picture is made of, with their Chinese names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.appraisal.canvas import Canvas

SWATCHES = 5
_HUES = ((20, "朱红"), (45, "橙"), (75, "赭黄"), (105, "黄"), (135, "黄绿"), (170, "绿"), (205, "青"), (245, "湖蓝"),
         (285, "蓝"), (315, "紫"), (345, "品红"), (361, "朱红"))  # fmt: skip


@dataclass(frozen=True)
class Swatch:
    """``colour``: as #rrggbb; ``share``: of the picture's area, 0 to 1; ``name``: Chinese."""

    colour: str
    share: float
    name: str


def palette(canvas: Canvas, count: int = SWATCHES) -> tuple[Swatch, ...]:
    """At most ``count`` colours, the largest first: k-means in CIELAB from seeds far apart; always the same."""
    lab = canvas.lab.reshape(-1, 3)[::7]
    centres = [lab.mean(0)]
    distance = np.linalg.norm(lab - centres[0], axis=1)
    for _ in range(count - 1):
        # The farthest few are dust; the 98th percentile is a colour.
        centres.append(lab[int(np.argsort(distance)[int(len(distance) * 0.98)])])
        distance = np.minimum(distance, np.linalg.norm(lab - centres[-1], axis=1))
    found = np.array(centres)
    for _ in range(8):
        owner = np.linalg.norm(lab[:, None] - found[None], axis=2).argmin(1)
        found = np.array([lab[owner == k].mean(0) if (owner == k).any() else found[k] for k in range(count)])
    rgb = canvas.rgb.reshape(-1, 3)[::7]
    swatches = []
    for k in range(count):
        mine = owner == k
        if mine.mean() >= 0.01:
            red, green, blue = (round(float(v) * 255) for v in rgb[mine].mean(0))
            swatches.append(Swatch(f"#{red:02x}{green:02x}{blue:02x}", float(mine.mean()), name_of(found[k])))
    return tuple(sorted(swatches, key=lambda s: -s.share))


def name_of(lab: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> str:
    """The Chinese name of a colour in CIELAB."""
    lightness, chroma = float(lab[0]), float(np.hypot(lab[1], lab[2]))
    if chroma < 9:
        return next(
            n
            for limit, n in ((18, "墨黑"), (40, "深灰"), (65, "中灰"), (86, "浅灰"), (101, "纸白"))
            if lightness < limit
        )
    hue = float(np.degrees(np.arctan2(lab[2], lab[1])) % 360)
    name = next(n for limit, n in _HUES if hue < limit)
    tone = "浅" if lightness > 78 else "深" if lightness < 35 else "灰" if chroma < 22 else ""
    return tone + name
