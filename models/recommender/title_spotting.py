"""Names that stand in running text, and the names of works that the catalogue lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from models.recommender.title_keys import HAN, han_key, latin_key, normalised_key, spoken
from models.recommender.title_names import SHORT_NAME, Names
from models.recommender.title_resolution import Found
from models.recommender.title_series import SeriesNames

_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_WORD_WITH_ONE = re.compile(r"一[样些点类种般起直下共]|[一二两三四五六七八九十]个")
"""What begins with a number that is no part's: 跟星球大战一样."""
LONGEST_NAME = 30
HEARD = 4
"""Syllables of a name that are no accident when running text sounds so."""


class Spotting:
    """Immutable after it was built."""

    def __init__(self, names: Names, series: SeriesNames, elsewhere: Iterable[str]) -> None:
        """elsewhere: names of works that are not in the catalogue."""
        self._names, self._series = names, series
        self._elsewhere = frozenset(han_key(name) for name in elsewhere)

    def is_elsewhere(self, text: str) -> bool:
        """Whether the text is the name of a work that the catalogue lacks, and no title that it has."""
        key = han_key(text)
        return key in self._elsewhere and not self._titled(key)

    def find(self, text: str) -> list[Found]:
        """Exact names in running text (normalised), longest first, not overlapping, in order of appearance."""
        kept = [(n, c) for n, c in enumerate(text) if c.isalnum()]
        found: list[Found] = []
        heard = _syllables(text, [place for place, _ in kept])
        start = 0
        while start < len(kept):
            for length in range(min(LONGEST_NAME, len(kept) - start), 1, -1):
                first, last = kept[start][0], kept[start + length - 1][0] + 1
                piece = text[first:last]
                han = bool(HAN.search(piece))
                if _WORD_WITH_ONE.match(text, last - 1) or (not han and not _whole_words(text, first, last)):
                    continue
                key = normalised_key(piece) if han else latin_key(piece)
                if length >= SHORT_NAME and key in self._elsewhere and not self._titled(key):
                    start += length - 1
                    break
                codes = self._names.exact.get(key) or (han and self._names.exact.get(self._series.expanded(key)))
                if not codes and han and (parts := self._series.named(key)):
                    codes = dict.fromkeys(parts, 0)
                if not codes and length >= HEARD and all(heard[start : start + length]):
                    codes = dict.fromkeys(self._names.by_sound(piece, heard[start : start + length]), 0)
                if codes and (han or len(piece) > 3):
                    best = min(codes.values())
                    found.append(Found(first, last, tuple(c for c, rank in codes.items() if rank == best)))
                    start += length - 1
                    break
            start += 1
        return found

    def _titled(self, key: str) -> bool:
        return 0 in self._names.exact.get(key, {}).values()


def _syllables(text: str, places: list[int]) -> list[str]:
    """The syllable of each of ``places`` that holds a Chinese character, else ""."""
    said: dict[int, str] = {}
    for run in _HAN_RUN.finditer(text):
        said.update(zip(range(*run.span()), spoken(run[0]), strict=True))
    return [said.get(place, "") for place in places]


def _whole_words(text: str, first: int, last: int) -> bool:
    before, after = text[first - 1 : first], text[last : last + 1]
    return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())
