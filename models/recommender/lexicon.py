"""Words for genres, moods, countries and audiences, found in running text with what was said for or against them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from models.recommender.title_keys import spoken

PATH = Path(__file__).resolve().parent / "lexicon.yml"
TYPED = 2
_KIND = re.compile(r"([\u3400-\u9fff]{2})片")
_CLAUSE = re.compile(r"[,，。.!！?？;；\n]|但是?|不过|而是|可是|只是")
_AGAINST = re.compile(
    r"(?:别|不要|不用|不想|甭|别想)(?:再|老|总|一直|给|我|推荐|推|放|看|来|整|上|安排|出现|有|是)+|不要|不想要?看?|不看|不爱看?|不喜欢|不是很?想|不需要|不能有|不带|不含|不考虑|讨厌|厌恶|反感|烦|除了|除开|除去|(?<!有)没有|排除|杜绝|千万别|no |not |without |"
    r"去掉|去除|避开|拒绝|远离|受不了|(?<!不)怕|(?<!是)不是|看腻了?|腻了|(?<![级特类性区告分个])别(?!的|人)|少来|勿|免|不太想|接受不了|看不了|不敢看|剔除|过滤"
)
_AGAINST_BEFORE = re.compile(r"(?:不|(?<!有)没|(?<!有)没有|非|无|不太|不那么|没那么|不怎么|不是很|少点|少一点)$")
_FOR = re.compile(r"(?<!不)(?<!想)要|来[点些部个]|换|想看|给我|推荐|求|找|(?<!不)喜欢|最好|改")
_AGAINST_AFTER = re.compile(
    r"^(?:的|片子?|电影|类型?|之类|那种|这种|题材|元素|我|戏|东西)*(?:就|都|也|更|已经|真的|实在|全|可|一概|一律|坚决|绝对)*"
    r"(?:算了|免了|除外|以外|之外|看?腻|吃不消|不喜欢|不爱|讨厌|不感兴趣|没兴趣|害怕|看多了|不用了?|pass|不考虑|够了|受不了|不敢看|太多|"
    r"不行|不看|别推|别给|免谈|退散|退退|剔掉|去掉|拿掉|筛掉|过滤掉|排除掉?|踩雷|劝退|绕道|免疫|看吐了?|看烦了?|审美疲劳|提不起兴趣|不想看|(?:不要了?|别来?了?)(?=[,，。.!！?？ ]|$|啊|吧|哦|哈))"
)
_DEGREE = re.compile(r"(?:不要|别|不能|不想|不用|不)(?:看)?(?:太|那么|过于|特别|这么)")
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
        genres = [word for word, meant in self._meaning.items() if len(word) == TYPED and meant[0][0] == "genres"]
        self._heard: dict[str, list[str]] = {}
        for word in genres:
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
            # 科换片: a kind of film that was typed by its sound.
            for word in self._heard.get("".join(spoken(match[1])), ()) if match[1] not in self._meaning else ():
                if not any(a == b for a, b in zip(word, match[1], strict=True)):
                    continue
                masked[match.start(1) : match.end(1)] = word
        return [
            Term(match.start(), match.end(), field, values, wanted(text, match.start(), match.end()))
            for match in self._pattern.finditer("".join(masked))
            for field, values in self._meaning[match[0]]
        ]


def clause_before(text: str, start: int) -> str:
    """What stands before ``start`` in the same clause."""
    return _CLAUSE.split(text[:start])[-1]


def wanted(text: str, start: int, end: int) -> bool:
    """Whether the word at [start, end) is asked for, or turned down by what stands around it."""
    before, after = clause_before(text, start), text[end:]
    if _AGAINST_BEFORE.search(before) or _AGAINST_AFTER.match(after):
        return False
    if _TOO.search(before) and re.match(r"(?:片|的)?了", after):
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
