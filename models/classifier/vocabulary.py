"""Texts as numbers: characters, and words as jieba cuts them, each with its own table.

jieba runs without its hidden Markov model, so a text is always cut into words of the dictionary: the same on every
machine, and quicker. Row 0 is padding, row 1 is whatever is not in the table.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.static_vectors import dictionary_frequencies

Ids = npt.NDArray[np.int32]
PADDING, UNKNOWN = 0, 1
FIRST = 2
MAX_CHARACTERS = 300
"""Longer texts are classified in pieces of this length; see model.py."""


@cache
def segmenter() -> Any:
    """The process's one jieba with its own dictionary, which the FAQ's index has loaded too; nothing adds words to it."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    return jieba.dt


def cut(text: str) -> list[str]:
    """The words of a normalised text; joined they are the text again."""
    return list(segmenter().cut(text, HMM=False))


def padded(rows: Sequence[Ids], after: int = 0) -> Ids:
    """int32 [n, longest + after], filled up with PADDING."""
    out = np.full((len(rows), max(map(len, rows)) + after), PADDING, np.int32)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out


def grams(characters: npt.NDArray[np.integer[Any]], buckets: int) -> npt.NDArray[np.int64]:
    """Numbers in [1, buckets] of all characters, pairs and triples of neighbours; a text's ends count as a character.

    Args:
        characters: [n, longest], padded.

    Returns:
        int64 [n, 3 * longest + 1]: the pair that ends at each position and at the end, the triple around each position,
        the character at it; 0 where there is none.
    """
    n, longest = characters.shape
    framed = np.zeros((n, longest + 2), np.uint64)
    framed[:, 1:-1] = characters
    first, second = framed[:, :-1], framed[:, 1:]
    # Multiplication by large odd numbers, modulo 2 to the 64th; the upper bits are the well mixed ones.
    pairs = first * np.uint64(0x9E3779B97F4A7C15) + second * np.uint64(0xC2B2AE3D27D4EB4F)
    triples = pairs[:, :-1] * np.uint64(0x165667B19E3779F9) + framed[:, 2:] * np.uint64(0x27D4EB2F165667C5)
    single = framed[:, 1:-1] * np.uint64(0xD6E8FEB86659FD93)
    out = np.concatenate([pairs, triples, single], axis=1) >> np.uint64(40)
    numbers = (out % np.uint64(buckets)).astype(np.int64) + 1
    real = characters != PADDING
    ended = np.zeros((n, longest + 1), bool)
    ended[:, 1:] = real
    ended[:, 0] = True
    numbers[~np.concatenate([ended, real, real], axis=1)] = PADDING
    return numbers


@dataclass(frozen=True)
class Encoded:
    """One text: ``characters`` int32 [n] with n > 0, ``words`` int32 [m], ``starts`` int32 [m + 1]: word offsets in it."""

    characters: Ids
    words: Ids
    starts: Ids


class Vocabulary:
    """The two tables. ``characters`` and ``words`` are the entries from row 2 on."""

    def __init__(self, characters: Sequence[str], words: Sequence[str]) -> None:
        self.characters, self.words = tuple(characters), tuple(words)
        self._character = {c: row for row, c in enumerate(self.characters, FIRST)}
        self._word = {w: row for row, w in enumerate(self.words, FIRST)}

    @classmethod
    def build(cls, texts: Iterable[str], *, n_dictionary: int, min_count: int = 2) -> Vocabulary:
        """Of normalised texts: what occurs ``min_count`` times, and the ``n_dictionary`` most frequent words there are."""
        characters: Counter[str] = Counter()
        words: Counter[str] = Counter()
        for text in texts:
            characters.update(text)
            words.update(word for word in cut(text) if len(word) > 1)
        frequency = dictionary_frequencies()
        ranked = sorted((w for w in frequency if 2 <= len(w) <= 6), key=lambda w: (-frequency[w], w))[:n_dictionary]
        single = sorted((w for w in frequency if len(w) == 1), key=lambda w: (-frequency[w], w))[:4000]
        kept = [c for c, n in characters.most_common() if n >= min_count and c != " "]
        singles = tuple(dict.fromkeys((*kept, *single)))
        several = dict.fromkeys((*(w for w, n in words.most_common() if n >= min_count), *ranked))
        return cls(singles, (*several, *singles))

    def encode(self, text: str) -> Encoded:
        """Ids of a normalised text without surrounding spaces, at most MAX_CHARACTERS of it."""
        text = text[:MAX_CHARACTERS] or " "
        pieces = cut(text)
        character, word = self._character, self._word
        return Encoded(
            np.array([character.get(c, UNKNOWN) for c in text], np.int32),
            np.array([word.get(piece, UNKNOWN) for piece in pieces], np.int32),
            np.array(list(accumulate(map(len, pieces), initial=0)), np.int32),
        )
