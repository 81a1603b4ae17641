"""Films that somebody describes instead of naming: 小李子沉船那部, 小孩一个人在家打小偷的那个."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection

from models.recommender.catalogue import Catalogue, Item

CLEAR = 1.35
"""The best film has to fit so many times better than the next one."""
ENOUGH = 11.0
"""Least weight of what fits (natural logarithm of rarity) when no director or actor was named."""
ENOUGH_WITH_PERSON = 2.2
_STOP = re.compile(
    r"那部|那个|这部|这个|电影|影片|片子|来着|讲的是|讲|关于|主演|演的?|拍的?|导演的?|有个|一个|一部|什么|就是|叫|的|了|是|在|和|里|吧|啊|呢"
)
_RUN = re.compile(r"[\u3400-\u9fff]+")


class Descriptions:
    """Plots, names and tags of the described items by characters and pairs of characters."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._holders: dict[str, set[int]] = defaultdict(set)
        self._described = 0
        for code in range(len(catalogue)):
            item = catalogue.at(code)
            if item.plot:
                self._described += 1
                for term in _terms(_text(item)):
                    self._holders[term].add(code)

    def best(self, text: str, among: Collection[int] | None = None) -> int | None:
        """The one item that ``text`` describes, out of ``among`` when given; None when none is clearly the best."""
        scores: Counter[int] = Counter()
        for term in _terms(_STOP.sub(" ", text)):
            holders = self._holders.get(term, set())
            weight = math.log(self._described / len(holders)) * (1.5 if len(term) == 2 else 0.7) if holders else 0.0
            for code in holders if among is None else holders & set(among):
                scores[code] += weight  # type: ignore[assignment]
        first, second = [*scores.most_common(2), (0, 0.0), (0, 0.0)][:2]
        enough = ENOUGH if among is None else ENOUGH_WITH_PERSON
        return first[0] if scores and first[1] >= enough and first[1] >= CLEAR * second[1] else None


def _text(item: Item) -> str:
    return " ".join((item.title, *item.aliases, item.plot, *item.genres, *item.moods, *item.countries))


def _terms(text: str) -> set[str]:
    runs = _RUN.findall(text)
    return {run[n : n + size] for run in runs for size in (1, 2) for n in range(len(run) - size + 1)}
