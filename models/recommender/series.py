"""Which items belong to one series, told from their titles, so that a list is not five parts of the same story."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ROMAN = r"(?:II|III|IV|V|VI|VII|VIII|IX|X)"
_CHINESE_NUMBER = re.compile(r"(?:前传|后传|第)?[0-9一二三四五六七八九十]{1,2}[部集]?$")
_SUBTITLE = re.compile(r"[：:—]| - ")
_PART = re.compile(rf",? (?:(?:Part|Episode|Chapter|Vol\.?|Volume) )?(?:\d{{1,2}}|{_ROMAN})$", re.IGNORECASE)
_LINKS = ("与", "之", "和")
_CJK = re.compile(r"[\u4e00-\u9fff]")


def stem(title: str) -> str:
    """A title without subtitle, number and bracket: 侏罗纪公园2：失落的世界 → 侏罗纪公园, "Rocky III" → "rocky"."""
    head = title.split(" (", maxsplit=1)[0]
    base = _SUBTITLE.split(head, maxsplit=1)[0].strip() or head
    if _CJK.search(base):
        shorter = _CHINESE_NUMBER.sub("", base).removesuffix("前传")
        # 七宗罪 and 十二怒汉 keep their numbers: only a number at the end, after at least two characters, counts parts.
        return shorter if len(shorter) >= 2 else base
    return (_PART.sub("", base) or base).strip().lower()


def series_of(titles: Sequence[str], originals: Sequence[str]) -> NDArray[np.int32]:
    """Number of the series of each item, shape (n,); an item on its own has a number of its own.

    Two items share a series when the stems of their titles or of their original titles are equal, or when one title
    goes on from a stem that others share with 与, 之 or 和 (哈利·波特与密室).
    """
    stems = [stem(title) for title in titles]
    heads = [_head(s) for s in stems]
    counts = Counter(h for h in heads if h)
    known = set(stems)
    keys = [h if h and (counts[h] > 1 or h in known) else s for s, h in zip(stems, heads, strict=True)]
    group: dict[str, int] = {}
    result = np.empty(len(titles), np.int32)
    for row, (key, original) in enumerate(zip(keys, originals, strict=True)):
        names = tuple(name for name in (key, stem(original)) if name)
        found = next((group[name] for name in names if name in group), row)
        for name in names:
            group.setdefault(name, found)
        result[row] = found
    return result


def _head(text: str) -> str:
    """What stands before the first 与, 之 or 和, when it is long enough to be a name."""
    for link in _LINKS:
        head, found, rest = text.partition(link)
        if found and len(head) >= 3 and len(rest) >= 2:
            return head
    return ""
