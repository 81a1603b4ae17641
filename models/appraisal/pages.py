"""Draws what is not a painting: documents, screens, charts, noise and plain surfaces, some of them photographed.

They teach the recognition of "not a painting". The test of it uses real screenshots and charts, not these.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Rng = np.random.Generator
Colour = tuple[int, int, int]
_SIDES = ((420, 300), (300, 420), (384, 384), (480, 270), (270, 480))


def not_paintings(count: int, seed: int = 0) -> Iterator[tuple[str, Image.Image]]:
    """``count`` pictures, "page" or "noise" with each; the same for the same seed."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        size = _SIDES[int(rng.integers(len(_SIDES)))]
        if number % 4 == 3:
            yield "noise", _noise(size, rng)
            continue
        page = (_document, _screen, _chart)[number % 3](size, rng)
        yield "page", _photographed(page, rng) if rng.random() < 0.4 else page


def _ink(rng: Rng, dark: bool) -> Colour:
    low, high = (0, 90) if dark else (170, 256)
    r, g, b = (int(v) for v in rng.integers(low, high, 3))
    return r, g, b


def _paper(rng: Rng) -> tuple[Colour, bool]:
    """Colour of the ground, and whether it is light."""
    if rng.random() < 0.25:
        grey = int(rng.integers(10, 60))
        return (grey, grey, min(255, grey + int(rng.integers(0, 25)))), False
    grey = int(rng.integers(225, 256))
    return (grey, grey, max(0, grey - int(rng.integers(0, 14)))), True


def _lines(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], rng: Rng, ink: Colour, height: int) -> None:
    """Something like lines of writing: words of strokes, or blocks like Chinese characters."""
    left, top, right, bottom = box
    chinese = rng.random() < 0.5
    y = top
    while y + height < bottom:
        x, end = left, right if rng.random() < 0.8 else left + int((right - left) * rng.random())
        while x < end:
            width = height if chinese else int(rng.integers(1, 9)) * max(2, height // 2)
            if x + width > end:
                break
            for _ in range(max(2, width // 2)):
                x0, y0 = x + int(rng.integers(0, width)), y + int(rng.integers(0, height))
                if rng.random() < 0.5:
                    draw.line((x0, y, x0, y + height - 1), fill=ink)
                else:
                    draw.line((x, y0, x + width - 2, y0), fill=ink)
            x += width + (1 if chinese else max(2, height // 3))
        y += int(height * rng.uniform(1.4, 2.0))


def _document(size: tuple[int, int], rng: Rng) -> Image.Image:
    paper, light = _paper(rng)
    page = Image.new("RGB", size, paper)
    draw, ink = ImageDraw.Draw(page), _ink(rng, light)
    margin, height = int(rng.integers(8, 40)), int(rng.integers(5, 13))
    columns = int(rng.integers(1, 3))
    wide = (size[0] - margin * (columns + 1)) // columns
    for c in range(columns):
        left = margin + c * (wide + margin)
        _lines(draw, (left, margin, left + wide, size[1] - margin), rng, ink, height)
    if rng.random() < 0.3:
        top = int(rng.integers(margin, size[1] // 2))
        draw.rectangle((margin, top, size[0] - margin, top + size[1] // 4), fill=paper, outline=ink)
        for k in range(1, 4):
            draw.line((margin, top + k * size[1] // 16, size[0] - margin, top + k * size[1] // 16), fill=ink)
    return page


def _screen(size: tuple[int, int], rng: Rng) -> Image.Image:
    paper, light = _paper(rng)
    page = Image.new("RGB", size, paper)
    draw, ink, accent = ImageDraw.Draw(page), _ink(rng, light), tuple(int(v) for v in rng.integers(0, 256, 3))
    bar = int(rng.integers(14, 40))
    draw.rectangle((0, 0, size[0], bar), fill=accent)
    side = int(rng.integers(0, size[0] // 3))
    shade = tuple(max(0, v - 14) if light else min(255, v + 14) for v in paper)
    draw.rectangle((0, bar, side, size[1]), fill=shade)
    _lines(draw, (6, bar + 8, max(20, side - 6), size[1]), rng, ink, 6)
    for _ in range(int(rng.integers(2, 9))):
        x, y = int(rng.integers(side, size[0] - 30)), int(rng.integers(bar, size[1] - 20))
        w, h = int(rng.integers(30, 160)), int(rng.integers(14, 90))
        fill = accent if rng.random() < 0.3 else shade
        draw.rounded_rectangle((x, y, x + w, y + h), int(rng.integers(0, 9)), fill=fill, outline=ink)
        _lines(draw, (x + 5, y + 5, min(size[0], x + w - 5), y + h - 3), rng, ink, int(rng.integers(5, 9)))
    return page


def _chart(size: tuple[int, int], rng: Rng) -> Image.Image:
    paper, light = _paper(rng)
    page = Image.new("RGB", size, paper)
    draw, ink = ImageDraw.Draw(page), _ink(rng, light)
    left, top, right, bottom = 34, 22, size[0] - 14, size[1] - 26
    draw.rectangle((left, top, right, bottom), outline=ink)
    kind = int(rng.integers(4))
    for k in range(1, 5):
        height = top + k * (bottom - top) // 5
        draw.line((left, height, right, height), fill=tuple((p + i) // 2 for p, i in zip(paper, ink, strict=True)))
    for _ in range(int(rng.integers(1, 5))):
        colour = tuple(int(v) for v in rng.integers(0, 220, 3))
        n = int(rng.integers(5, 40))
        xs = np.linspace(left + 4, right - 4, n)
        ys = np.clip(bottom - 6 - np.abs(np.cumsum(rng.normal(0, 1, n))) * (bottom - top) / 10, top + 3, bottom)
        if kind == 0:
            draw.line([(float(x), float(y)) for x, y in zip(xs, ys, strict=True)], fill=colour, width=2)
        elif kind == 1:
            for x, y in zip(xs, ys, strict=True):
                draw.rectangle((float(x), float(y), float(x) + (right - left) / n / 2, bottom), fill=colour)
        elif kind == 2:
            for _ in range(60):
                u, v = rng.uniform(left, right), rng.uniform(top, bottom)
                draw.ellipse((u - 2, v - 2, u + 2, v + 2), fill=colour)
        else:
            start = float(rng.uniform(0, 360))
            draw.pieslice((left, top, left + bottom - top, bottom), start, start + rng.uniform(30, 140), fill=colour)
    _lines(draw, (left, 4, right, 18), rng, ink, 8)
    _lines(draw, (left, bottom + 6, right, size[1]), rng, ink, 6)
    return page


def _noise(size: tuple[int, int], rng: Rng) -> Image.Image:
    w, h = size
    kind = int(rng.integers(4))
    if kind == 0:
        values = rng.normal(128, rng.uniform(20, 80), (h, w, 3))
    elif kind == 1:
        values = np.repeat(rng.normal(128, 60, (h, w, 1)), 3, 2)
    elif kind == 2:
        values = np.ones((h, w, 3)) * rng.integers(0, 256, 3) + rng.normal(0, rng.uniform(0, 4), (h, w, 3))
    else:
        ramp = np.linspace(0, 1, w)[None, :, None] * rng.uniform(-1, 1) + np.linspace(0, 1, h)[:, None, None]
        values = rng.integers(0, 200, 3) + ramp * rng.integers(-120, 121, 3)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _photographed(page: Image.Image, rng: Rng) -> Image.Image:
    """As a hand-held camera sees it: on a table, in perspective, unevenly lit, a little soft."""
    w, h = page.size
    table = Image.new("RGB", (w, h), tuple(int(v) for v in rng.integers(40, 200, 3)))
    shift = rng.uniform(-0.12, 0.08, 8) * min(w, h)
    corners = (shift[0], shift[1], shift[2], h + shift[3], w + shift[4], h + shift[5], w + shift[6], shift[7])
    seen = page.transform((w, h), Image.Transform.QUAD, corners, Image.Resampling.BILINEAR)
    mask = Image.new("L", (w, h), 255).transform((w, h), Image.Transform.QUAD, corners)
    table.paste(seen, (0, 0), mask)
    shade = np.linspace(rng.uniform(0.6, 1), rng.uniform(0.6, 1.05), w)[None, :, None]
    shade = shade * np.linspace(rng.uniform(0.7, 1), 1, h)[:, None, None]
    values = np.asarray(table, np.float32) * shade + rng.normal(0, 3, (h, w, 1))
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(float(rng.uniform(0, 1)))
    )
