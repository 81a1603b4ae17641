"""What a mention of a title says beside the name: a year, a version, a director or an actor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.recommender.catalogue import Catalogue
from models.recommender.people import People

MOST_VERSIONS = 20
_FILLER_FRONT = re.compile(
    r"^(?:就(?=.{2})|那个|那部|这部|这个|一部|一个|叫做?|名叫|就是|我说的是?|是|看|老?电影|影片|片子|动画片?|经典|老片|港片|什么|的|啥|有个)+"
)
_FILLER_BACK = re.compile(
    r"(?:那电影|那片子|那片|那个|那部|这部|这个|那一部|电影版?|影片|片子|动画片?|老片|大片|来着|吧|呢|啊|呀|嘛|吗|的|片|系列|那种)+$"
)
_YEAR = re.compile(
    r"[(（]?((?:19\d|20[0-2])\d)(?:年|版|年版)*(?:的|那版|那部)*[)）]?|(?<!\d)(\d\d)(?:年版?|版)(?:的|那版|那部)*"
)
_OLD = re.compile(r"(?:老|旧|原)版(?:的)?|最早的?(?:那版|那部)?|第一版的?")
_NEW = re.compile(r"(?:新|重拍|翻拍)版?的")
_NEW_END = re.compile(r"(?:新|重拍|翻拍)版(?:的)?")
_LIVE = re.compile(r"真人版?(?:的)?")
_DRAWN = re.compile(r"(?:动画|卡通)版(?:的)?|(?<!真人还是)(?:动画|卡通)片?$")
_BY = re.compile(r"^(?:版|主演|演|导演?|拍|执导|配音)?的?(?:那部|那个|那版|电影|片子)*")
_BY_END = re.compile(r"^(?:主演|演|导演?|拍|执导|配音|版)?的?(?:那部|那个|那版|电影|片子)*[)）]?$")
_BY_FRONT = re.compile(r"[(（]?(?:主演|导演)?(?:是|:)?$")
_BREAKS = "(（,，、 "


@dataclass(frozen=True)
class Clues:
    """What narrows the search.

    Attributes:
        year: of release, give or take one; oldest, newest: the first or the last film of that name.
        drawn: True for the animated one, False for the one with actors.
        codes: the films of the director or actor who is named.
    """

    year: int | None = None
    oldest: bool = False
    newest: bool = False
    drawn: bool | None = None
    codes: frozenset[int] | None = None

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return self != NO_CLUES

    def filtered(self, codes: Iterable[int], catalogue: Catalogue, years: Sequence[int]) -> list[int]:
        """Those of ``codes`` that fit."""
        kept = list(codes)
        if self.codes is not None:
            kept = [c for c in kept if c in self.codes]
        if self.year is not None:
            kept = [c for c in kept if abs(years[c] - self.year) <= 1]
        if self.drawn is not None:
            kept = [c for c in kept if ("动画" in catalogue.at(c).genres) == self.drawn]
        if (self.oldest or self.newest) and 1 < len(kept) < MOST_VERSIONS:
            kept = [(min if self.oldest else max)(kept, key=lambda c: years[c])]
        return kept


NO_CLUES = Clues()


def read_clues(text: str, people: People) -> tuple[str, Clues]:
    """The name without what surrounds it, and what that says."""
    year: int | None = None
    if (match := _YEAR.search(text)) and match.span() != (0, len(text)):
        year = int(match[1]) if match[1] else (1900 if int(match[2]) > 25 else 2000) + int(match[2])
        text = text[: match.start()] + text[match.end() :]
    flags: dict[str, bool] = {}
    for name, pattern in (
        ("oldest", _OLD),
        ("newest", _NEW_END),
        ("newest", _NEW),
        ("live", _LIVE),
        ("drawn", _DRAWN),
    ):
        shorter = pattern.sub("", text)
        if shorter != text and shorter:
            flags[name], text = True, shorter
    drawn = True if flags.get("drawn") else False if flags.get("live") else None
    text = _FILLER_BACK.sub("", text.strip()) or text
    text, codes = _without_person(text, people)
    text = _FILLER_FRONT.sub("", text) or text
    oldest, newest = flags.get("oldest", False), flags.get("newest", False)
    return text, Clues(year, oldest, newest, drawn, frozenset(codes) if codes else None)


def _without_person(text: str, people: People) -> tuple[str, set[int] | None]:
    """The name without the director or actor before or after it, and that person's films."""
    for person in people.find(text):
        rest, after = "", text[person.end :]
        apart = person.start > 0 and text[person.start - 1] in _BREAKS
        if person.start == 0 and (match := _BY.match(after)) and match[0]:
            rest = after[match.end() :]
        elif person.start and _BY_END.match(after) and (apart or len(after) >= 2):
            rest = _BY_FRONT.sub("", text[: person.start])
        if rest := rest.strip("()（）,，、 "):
            return rest, people.films(person.name)
    return text, None
