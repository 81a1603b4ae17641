"""A piece to look at: the score as SVG, drawn by verovio, and a pianoroll as PNG."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import verovio
from PIL import Image, ImageDraw, PngImagePlugin

from models.music.backing import backing
from models.music.midi import AI_MARK
from models.music.piece import Piece
from models.music.tensor import STEPS

PAGE_WIDTH = 2000
CELL_WIDTH, CELL_HEIGHT = 5, 7
MARGIN = 34
PAPER, LINE, BAR_LINE, BLACK_KEY = (250, 248, 244), (232, 228, 220), (190, 182, 168), (242, 238, 230)
MELODY, BACKING = (178, 58, 46), (96, 122, 140)
BLACK = {1, 3, 6, 8, 10}
FONTS = str(Path(verovio.__file__).parent / "data")
_lock = threading.Lock()
"""verovio keeps state in its toolkit, so one at a time."""


def draw_score(musicxml: str) -> str:
    """The score as one SVG page with the AI mark in its metadata.

    Raises:
        ValueError: verovio cannot read the notation.
    """
    with _lock:
        # The path of its fonts is kept for each thread.
        verovio.setDefaultResourcePath(FONTS)
        toolkit = verovio.toolkit()
        toolkit.setOptions(
            {
                "pageWidth": PAGE_WIDTH,
                "pageHeight": 60000,
                "adjustPageHeight": True,
                "scale": 50,
                "pageMarginLeft": 40,
                "pageMarginRight": 40,
                "footer": "none",
                "svgViewBox": True,
                "xmlIdChecksum": True,
            }
        )
        if not toolkit.loadData(musicxml):
            raise ValueError("verovio could not read the MusicXML")
        svg = str(toolkit.renderToSVG(1))
    at = svg.index(">", svg.index("<svg")) + 1
    paper = '<rect width="100%" height="100%" style="fill:white;stroke:none"/>'
    return f"{svg[:at]}<metadata>{AI_MARK}</metadata>{paper}{svg[at:]}"


def draw_pianoroll(piece: Piece) -> bytes:
    """A PNG with time to the right and pitch upwards: the melody red, the accompaniment blue, a line each bar."""
    under = backing(piece)
    notes = piece.notes
    pitches = [n.pitch for n in notes] + [s.pitch for s in under] or [60]
    low, high = min(pitches) - 2, max(pitches) + 2
    steps = len(piece.tokens)
    width, height = MARGIN + steps * CELL_WIDTH + 10, (high - low + 1) * CELL_HEIGHT + 24
    image = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(image)

    def top(pitch: int) -> int:
        return (high - pitch) * CELL_HEIGHT

    for pitch in range(low, high + 1):
        if pitch % 12 in BLACK:
            draw.rectangle((MARGIN, top(pitch), width, top(pitch) + CELL_HEIGHT - 1), fill=BLACK_KEY)
        if pitch % 12 == 0:
            draw.text((4, top(pitch) - 3), f"C{pitch // 12 - 1}", fill=BAR_LINE)
    for step in range(0, steps + 1, 4):
        x = MARGIN + step * CELL_WIDTH
        draw.line((x, 0, x, height - 24), fill=BAR_LINE if step % STEPS == 0 else LINE)
        if step % (4 * STEPS) == 0 and step < steps:
            draw.text((x + 2, height - 18), str(step // STEPS + 1), fill=BAR_LINE)
    for start, length, pitch, colour in [(s.start, s.length, s.pitch, BACKING) for s in under] + [
        (n.start, n.length, n.pitch, MELODY) for n in notes
    ]:
        x, y = MARGIN + start * CELL_WIDTH, top(pitch)
        draw.rectangle((x, y, x + length * CELL_WIDTH - 2, y + CELL_HEIGHT - 2), fill=colour)
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Comment", AI_MARK)
    info.add_text("Software", "Wenyu")
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=info)
    return out.getvalue()
