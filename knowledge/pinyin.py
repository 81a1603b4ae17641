"""The sound channel: questions as toneless Mandarin syllables, so that homophones and mishearings still match.

Pairs that southern speakers and speech recognisers mix up fall together: zh/z, ch/c, sh/s, n/l, r/l, f/h, ang/an, eng/en,
ing/in. 会员 and 慧园 both become "hui yuan".
"""

from __future__ import annotations

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from knowledge.lexical import ngrams

_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+")
_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("r", "l"))


@lru_cache(maxsize=4096)
def fuzzy(syllable: str) -> str:
    """One toneless syllable with confusable initials and finals folded together."""
    for initial, folded in _INITIALS:
        if syllable.startswith(initial) and len(syllable) > len(initial):
            syllable = folded + syllable[len(initial) :]
            break
    # "hu" before a vowel is what f- is heard as: 花 and 发, 湖 and 福.
    if syllable.startswith("hu"):
        syllable = "f" + syllable[1:] if syllable == "hu" else "f" + syllable[2:]
    return syllable[:-1] if syllable.endswith(("ang", "eng", "ing")) else syllable


def syllables(text: str) -> list[str]:
    """Folded syllables of a normalised text; a run of Latin letters or digits is one unit."""
    units: list[str] = []
    for run in _RUN.findall(text):
        if run[0].isascii():
            units.append(run)
        else:
            units += [fuzzy(s) for s in lazy_pinyin(run, style=Style.NORMAL, v_to_u=False)]
    return units


def pinyin_terms(text: str) -> list[str]:
    """Single syllables, pairs and triples. Singles are many-to-one, so the longer runs carry the weight."""
    return ngrams(syllables(text), (1, 2, 3))
