"""The confusion matrix as a picture: SVG, so that Chinese labels need no font on the machine that trains."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

CELL, LEFT, TOP = 44, 150, 150


def confusion_svg(labels: Sequence[str], confusion: npt.NDArray[np.int64]) -> str:
    """An SVG document; int64 [labels, labels], rows are the true labels, a darker cell has more of its row."""
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    width, height = LEFT + CELL * len(labels) + 20, TOP + CELL * len(labels) + 50
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="14">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for row, label in enumerate(labels):
        name, middle = escape(label[:8]), CELL * row + CELL // 2
        out.append(f'<text x="{LEFT - 8}" y="{TOP + middle + 5}" text-anchor="end">{name}</text>')
        out.append(f'<text transform="translate({LEFT + middle + 5},{TOP - 8}) rotate(-90)">{name}</text>')
        for column in range(len(labels)):
            x, y, value = LEFT + CELL * column, TOP + CELL * row, float(share[row, column])
            shade = round(255 * (1 - value))
            out.append(
                f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="rgb({shade},{shade},255)" stroke="#ccc"/>'
            )
            if confusion[row, column]:
                ink = "white" if value > 0.5 else "black"
                out.append(
                    f'<text x="{x + CELL // 2}" y="{y + CELL // 2 + 5}" text-anchor="middle" fill="{ink}">'
                    f"{confusion[row, column]}</text>"
                )
    out.append(f'<text x="{LEFT}" y="{height - 18}">行：标注的类别；列：模型的判断</text></svg>')
    return "\n".join(out) + "\n"
