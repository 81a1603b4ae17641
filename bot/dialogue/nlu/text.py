"""How a message is written before features are read off it."""

import re
import unicodedata
from functools import lru_cache
from typing import Any, List, Tuple

HEAD_CHARS, TAIL_CHARS = 28, 16
"""A longer text keeps its beginning and its end: a request stands before or after what was pasted into it."""
COLON = re.compile(r"[:\n“\"「]")
ELLIPSIS = "…"


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


@lru_cache(maxsize=1)
def _traditional() -> frozenset:
    """Characters that the converter changes; a text without any need not be converted."""
    return frozenset(c for c in map(chr, range(0x4E00, 0x9FA6)) if _converter().convert(c) != c)


def simplify(text: str) -> str:
    """Traditional characters become simplified ones; the length stays the same or the text stays as it is."""
    if _traditional().isdisjoint(text):
        return text
    converted = _converter().convert(text)
    return converted if len(converted) == len(text) else text


def normalise(text: str) -> str:
    """NFKC, lower case, simplified characters, runs of white space as one space."""
    return simplify(re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().lower())


def request_part(text: str) -> str:
    """The part of a normalised text that says what is wanted.

    “帮我分类：…500 characters…” is about the first words. A text of up to ``HEAD_CHARS + TAIL_CHARS`` characters is
    returned whole; of a longer one the words before the first colon or quotation mark (when it comes early), else the
    beginning, and the end are kept.
    """
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    colon = COLON.search(text, 1, HEAD_CHARS + 1)
    head = text[: colon.end()] if colon else text[:HEAD_CHARS]
    return head + ELLIPSIS + text[-TAIL_CHARS:]


TOKEN = re.compile(r"[A-Za-z]+|\d+(?:\.\d+)?|[^\sA-Za-z\d]")


def tokens(text: str) -> List[Tuple[str, int]]:
    """(token, start): one a Chinese character or sign, one a Latin word or number."""
    return [(match.group(), match.start()) for match in TOKEN.finditer(text)]
