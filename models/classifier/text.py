"""Texts before they are classified: one form for every character without moving any, and long texts in pieces."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from opencc import OpenCC

MOST_PIECES = 24
"""Of a longer text this many pieces are read, evenly spread."""
_SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]+|[^。！？!?；;\n]+")


@cache
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


@cache
def _folded(character: str) -> str:
    wide = unicodedata.normalize("NFKC", character)
    lower = (wide if len(wide) == 1 else character).lower()
    out = lower if len(lower) == 1 else character
    simplified = str(_to_simplified().convert(out))
    out = simplified if len(simplified) == 1 else out
    return " " if unicodedata.category(out)[0] == "C" else out


def fold(text: str) -> str:
    """Half-width, lower case, simplified characters; as long as ``text``, so that positions stay what they are."""
    return "".join(map(_folded, text))


def content_length(text: str) -> int:
    """Letters and Chinese characters of ``text``; one as soon as all that can be read are digits."""
    letters = sum(c.isalpha() for c in text)
    return letters if letters else min(1, sum(c.isdigit() for c in text))


def pieces(text: str, longest: int) -> list[str]:
    """The text in pieces of whole sentences, each at most ``longest`` characters; always at least one piece.

    Sentences are put together as long as they fit, and cut where one alone is too long. Of a text with more than
    MOST_PIECES pieces, as many are taken, evenly spread.
    """
    if len(text) <= longest:
        return [text]
    out: list[str] = []
    current = ""
    for sentence in _SENTENCE.findall(text):
        if current and len(current) + len(sentence) > longest:
            out.append(current)
            current = ""
        current += sentence
        while len(current) > longest:
            out.append(current[:longest])
            current = current[longest:]
    if current:
        out.append(current)
    out = [piece for piece in out if any(c.isalnum() for c in piece)] or out[:1]
    if len(out) > MOST_PIECES:
        step = len(out) / MOST_PIECES
        out = [out[int(i * step)] for i in range(MOST_PIECES)]
    return out
