"""Mentions that say a name out of order or in pieces: 蝴蝶与潜水钟, 移动的哈尔城堡, 普拉达那个女王, 肖申克越狱那部."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.recommender.title_keys import END_NUMBER, HAN, han_key

Floats = NDArray[np.float32]

LEAST = 4
"""Fewer characters are too few to be recognised out of order."""
OUT_OF_ORDER = 0.8
"""Needed of what a mention and a name have in common, by the weight of the characters."""
SAID = 0.9
"""The share of the mention that has to be in the name when much of the name is left out."""
NAME_SAID = 0.5
WHOLE_PIECE = 2
"""Characters that a piece needs that is a name's own from end to end: 季风 in 季风那个婚礼."""
PART_OF_PIECE = 3
POINTING = re.compile(r"那(?:个|部|片|条|只|位|本|集|种)(?:电影|片子|动画片?)?|这(?:个|部|片)")
_CUT = re.compile(rf"{POINTING.pattern}|[,，。、 ]|的(?!士|确)")
_HAN_RUN = re.compile(r"[\u3400-\u9fffa-z0-9]+")


class Pieces:
    """Immutable after it was built."""

    def __init__(self, names: Sequence[tuple[str, int, int]], n_items: int) -> None:
        """Names: (key, item code, rank) of the Chinese ones, as `Names.han`; those of rank 2 are left out."""
        kept = [(key, code) for key, code, rank in names if rank < 2 and HAN.search(key)]
        self._keys = [key for key, _ in kept]
        self._codes = np.array([code for _, code in kept], np.int64)
        self._n_items = n_items
        bags = [Counter(key) for key in self._keys]
        frequency = Counter(c for bag in bags for c in bag)
        total = len(bags)
        self._weight = {c: float(np.log((total + 1) / (n + 0.5))) for c, n in frequency.items()}
        self._unseen = float(np.log((total + 1) / 0.5))
        self._sizes = np.array([self._size(bag) for bag in bags], np.float32)
        postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for n, bag in enumerate(bags):
            for character, count in bag.items():
                postings[character].append((n, count))
        self._postings = {c: np.array(rows, np.int64).T for c, rows in postings.items()}

    def out_of_order(self, text: str) -> Floats:
        """Likeness of the bag of characters to each item's nearest name, in [0, 1], shape (items,).

        Weighted by how rare the characters are in names, so that 的 and 与 matter little.
        """
        scores = np.zeros(self._n_items, np.float32)
        bag = Counter(han_key(text))
        if bag.total() < LEAST or not self._keys:
            return scores
        shared = np.zeros(len(self._keys), np.float32)
        for character, count in bag.items():
            if (rows := self._postings.get(character)) is not None:
                shared[rows[0]] += np.minimum(rows[1], count) * np.float32(self._weight[character])
        mention, name = shared / self._size(bag), shared / self._sizes
        if number := END_NUMBER.search(han_key(text)):
            # The ninth part of a series of which there are six is none of them.
            mention = np.where([number[1] in key for key in self._keys], mention, 0)
        both = np.minimum(mention, name)
        short = np.where((mention >= SAID) & (name >= NAME_SAID), np.float32(OUT_OF_ORDER), 0)
        np.maximum.at(scores, self._codes, np.maximum(both, short))
        return scores

    def holding(self, text: str) -> set[int]:
        """Items of which a name holds a piece of the mention that hardly any other name holds; the longest pieces count."""
        pieces = [piece for part in _CUT.split(text) for piece in _HAN_RUN.findall(part) if HAN.search(piece)]
        for piece in sorted(pieces, key=len, reverse=True):
            key = han_key(piece)
            lengths = [len(key)] if len(key) >= WHOLE_PIECE else []
            lengths += [n for n in range(len(key) - 1, PART_OF_PIECE - 1, -1)]
            for length in lengths:
                for start in range(len(key) - length + 1):
                    part = key[start : start + length]
                    if codes := {int(self._codes[n]) for n, name in enumerate(self._keys) if part in name}:
                        return codes
        return set()

    def _size(self, bag: Counter[str]) -> float:
        return sum(count * self._weight.get(c, self._unseen) for c, count in bag.items()) or 1.0
