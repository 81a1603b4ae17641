"""One picture that carries the card for channels without cards: bars of the attributes, the score and the palette."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from models.appraisal.attributes import ATTRIBUTES
from models.appraisal.palette import Swatch

WIDTH, MARGIN, ROW, BAR = 640, 28, 46, 18
PAPER, INK, FAINT, RULE = (250, 248, 243), (48, 44, 40), (140, 132, 122), (228, 222, 212)
GOOD, FAIR, WEAK = (74, 124, 89), (178, 140, 60), (172, 76, 60)
FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
)
"""Where Chinese fonts usually are; without one the bars carry the rubric's English names."""


@lru_cache(maxsize=8)
def font(size: int) -> tuple[ImageFont.FreeTypeFont | ImageFont.ImageFont, bool]:
    """A font of this size, and whether it has Chinese characters."""
    for path in FONTS:
        if Path(path).is_file():
            return ImageFont.truetype(path, size), True
    return ImageFont.load_default(size), False


def chart(values: Mapping[str, float], score: float | None, spread: float, swatches: Sequence[Swatch]) -> bytes:
    """A PNG file. ``values``: the attributes by key, 0 to 100; ``score`` None leaves the total out."""
    text, chinese = font(20)
    small, _ = font(15)
    rows = len(ATTRIBUTES) + (score is not None)
    height = 2 * MARGIN + rows * ROW + (70 if swatches else 0)
    image = Image.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(image)
    left, right, y = MARGIN + (110 if chinese else 200), WIDTH - MARGIN - 64, MARGIN

    def row(name: str, value: float, low: float, high: float) -> None:
        draw.text((MARGIN, y + ROW / 2), name, INK, text, anchor="lm")
        top = y + (ROW - BAR) // 2
        draw.rounded_rectangle((left, top, right, top + BAR), BAR // 2, fill=RULE)
        end = left + (right - left) * value / 100
        colour = GOOD if value >= 70 else FAIR if value >= 50 else WEAK
        draw.rounded_rectangle((left, top, max(left + BAR, end), top + BAR), BAR // 2, fill=colour)
        if high > low:
            a, b = (left + (right - left) * min(100, max(0, v)) / 100 for v in (low, high))
            draw.line((a, top + BAR // 2, b, top + BAR // 2), INK, 2)
            for x in (a, b):
                draw.line((x, top + 4, x, top + BAR - 4), INK, 2)
        draw.text((right + 14, y + ROW / 2), f"{value:.0f}", INK, text, anchor="lm")

    if score is not None:
        row("总分" if chinese else "Total", score, score - spread, score + spread)
        y += ROW
        draw.line((MARGIN, y, WIDTH - MARGIN, y), RULE)
    for attribute in ATTRIBUTES:
        row(attribute.name if chinese else attribute.rubric, values[attribute.key], 0, 0)
        y += ROW
    if swatches:
        total, x = sum(s.share for s in swatches), float(MARGIN)
        for swatch in swatches:
            wide = (WIDTH - 2 * MARGIN) * swatch.share / total
            draw.rectangle((x, y + 12, x + wide, y + 44), fill=swatch.colour)
            if chinese and wide > 54:
                draw.text((x + wide / 2, y + 60), swatch.name, FAINT, small, anchor="mm")
            x += wide
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
