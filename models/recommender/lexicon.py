"""Words for genres, moods, countries and audiences, found in running text with what was said for or against them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from models.recommender.title_keys import spoken

PATH = Path(__file__).resolve().parent / "lexicon.yml"
TYPED = 2
_KIND = re.compile(r"([\u3400-\u9fff]{2})片|(?<![^,，。 ])([\u3400-\u9fff]{2})(?=的?(?:$|[,，。 ]))")
_LETTERS = re.compile(r"[a-z]{4,}")
_CLAUSE = re.compile(r"[,，。.!！?？;；\n]|但是?|不过|而是|可是|只是")
_AGAINST = re.compile(
    r"(?:别|不要|不用|不想|甭|别想)(?:再|老|总|一直|给|我|推荐|推|放|看|来|整|上|安排|出现|有|是)+|不要|不想要?看?|不看|不爱看?|不喜欢|不是很?想|不需要|不能有|不带|不含|不考虑|讨厌|厌恶|反感|烦|除了|除开|除去|(?<!有)没有|排除|杜绝|千万别|no |not |without |"
    r"去掉|去除|避开|拒绝|远离|受不了|(?<!不)怕|(?<!是)不是|看腻了?|腻了|(?<![级特类性区告分个])别(?!的|人)|少来|勿|免|不太想|接受不了|看不了|不敢看|剔除|过滤"
)
_AGAINST_BEFORE = re.compile(r"(?:不|(?<!有)没|(?<!有)没有|非|无|不太|不那么|没那么|不怎么|不是很|少点|少一点)$")
_FOR = re.compile(r"(?<!不)(?<!想)要|来[点些部个]|换|想看|给我|推荐|求|找|(?<!不)喜欢|最好|改")
_AGAINST_AFTER = re.compile(
    r"^(?:的|片子?|电影|类型?|之类|那种|这种|题材|元素|我|戏|东西)*(?:就|都|也|更|已经|真的|实在|全|可|一概|一律|坚决|绝对|从来|向来|从|根本|压根|一般|平时|基本)*"
    r"(?:算了|免了|除外|以外|之外|看?腻|吃不消|不喜欢|不爱|讨厌|不感兴趣|没兴趣|不感冒|无感|没感觉|不来电|害怕|看多了|不用了?|pass|不考虑|够了|受不了|不敢看|太多|"
    r"不行|不看|别推|别给|免谈|退散|退退|剔掉|去掉|拿掉|筛掉|过滤掉|排除掉?|踩雷|劝退|绕道|免疫|看吐了?|看烦了?|审美疲劳|提不起兴趣|不想看|(?:不要了?|别来?了?)(?=[,，。.!！?？ ]|$|啊|吧|哦|哈))"
)
_DEGREE = re.compile(r"(?:不要|别|不能|不想|不用|不)(?:看)?(?:太|那么|过于|特别|这么)")
_COMPLAINT = re.compile(r"(?:片|的)?(?:了|[,，。 ]*(?:换|来[点部个]|要|想看|求))")
_TOO = re.compile(r"(?:太|过于|有点|有些|偏|这么|那么)$")


@dataclass(frozen=True)
class Term:
    """A word for a slot's value, [start, end); ``wanted`` False when it is turned down."""

    start: int
    end: int
    field: str
    values: tuple[str, ...]
    wanted: bool


class Lexicon:
    """What words stand for; immutable, shared."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.nicknames: dict[str, str] = dict(content["nicknames"])
        self.series: dict[str, str] = dict(content["series"])
        self._meaning: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for field in ("genres", "moods", "states", "countries", "audience"):
            for value, words in content[field].items():
                for word in words:
                    self._meaning.setdefault(str(word).lower(), []).append((field, (value,)))
        for word, countries in content["country_groups"].items():
            self._meaning.setdefault(word, []).append(("countries", tuple(countries)))
        longest = sorted(self._meaning, key=len, reverse=True)
        parts = [rf"(?<![a-z]){re.escape(w)}(?![a-z])" if w.isascii() else re.escape(w) for w in longest]
        typed = [w for w, meant in self._meaning.items() if len(w) == TYPED and meant[0][0] in ("genres", "moods")]
        self._heard: dict[str, list[str]] = {}
        for word in typed:
            self._heard.setdefault("".join(spoken(word)), []).append(word)
        self._pattern = re.compile("|".join(parts))

    def __contains__(self, word: object) -> bool:
        return word in self._meaning

    def find(self, text: str, taken: Iterable[tuple[int, int]] = ()) -> list[Term]:
        """Terms in ``text`` (normalised) outside the ranges ``taken``."""
        masked = list(text)
        for start, end in taken:
            masked[start:end] = "\ue000" * (end - start)
        for match in _KIND.finditer("".join(masked)):
            # 科换片, 浪慢: a kind of film or a mood that was typed by its sound.
            typed = match[1] or match[2]
            for word in self._heard.get("".join(spoken(typed)), ()) if typed not in self._meaning else ():
                if any(a == b for a, b in zip(word, typed, strict=True)):
                    masked[match.start() : match.start() + len(word)] = word
        found = [(m.start(), m.end(), m[0]) for m in self._pattern.finditer("".join(masked))]
        for match in _LETTERS.finditer("".join(masked)):
            # xiju, kehuan: typed in letters.
            found += [(match.start(), match.end(), word) for word in self._heard.get(match[0], ())[:1]]
        terms = [
            Term(start, end, field, values, wanted(text, start, end))
            for start, end, word in sorted(found)
            for field, values in self._meaning[word]
        ]
        return _compounds(_without_limits(text, terms))


def _without_limits(text: str, terms: list[Term]) -> list[Term]:
    """Without what only limits a wish: 恐怖片，不要太血腥 is no contradiction."""
    wishes = {term.values for term in terms if term.wanted}
    return [
        term for term in terms
        if term.wanted or term.values not in wishes or not _DEGREE.search(clause_before(text, term.start))
    ]  # fmt: skip


def _compounds(terms: list[Term]) -> list[Term]:
    """Terms of which one that stands right before one that is turned down is turned down in its place: 爱情喜剧不要."""
    result = list(terms)
    for n, (first, second) in enumerate(pairwise(terms)):
        if first.end == second.start and first.field == second.field and not second.wanted:
            result[n] = replace(first, wanted=False)
            if any(term.wanted and term.values == second.values for term in terms):
                result[n + 1] = replace(second, wanted=True)
    return result


def clause_before(text: str, start: int) -> str:
    """What stands before ``start`` in the same clause."""
    return _CLAUSE.split(text[:start])[-1]


def wanted(text: str, start: int, end: int) -> bool:
    """Whether the word at [start, end) is asked for, or turned down by what stands around it."""
    before, after = clause_before(text, start), text[end:]
    if _AGAINST_BEFORE.search(before) or _AGAINST_AFTER.match(after):
        return False
    if _TOO.search(before) and _COMPLAINT.match(after):
        return False
    if (degree := _DEGREE.search(before)) and "的" in before[degree.end() :]:
        # 不要太吓人的悬疑片 turns down what frightens, not the mystery.
        before = before[degree.end() :]
    against = [match.end() for match in _AGAINST.finditer(before)]
    return not against or any(match.start() >= against[-1] for match in _FOR.finditer(before))


@cache
def load_lexicon(path: Path = PATH) -> Lexicon:
    """The embedded word list."""
    return Lexicon(yaml.safe_load(path.read_text(encoding="utf-8")))
