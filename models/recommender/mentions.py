"""Titles in running text, and what was said about each: liked, disliked, seen, or the wish for something like it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import jieba

from models.recommender.acts import asks
from models.recommender.lexicon import Lexicon
from models.recommender.mention_roles import LIKE_AFTER, LIKE_BEFORE, Role, roles_of
from models.recommender.people import People, Person
from models.recommender.title_keys import HAN
from models.recommender.title_pieces import POINTING
from models.recommender.title_resolution import Found, Resolution
from models.recommender.titles import TitleIndex

SAFE_LENGTH = 4
"""A shorter title may be ordinary words; it counts only where a title is expected."""
SURE = 0.7
SURE_ALONE = 0.8
CERTAIN = 0.95
"""Needed of a piece that holds everyday words."""
SHORTEST_PART = 3
MOST_THOROUGH = 8
"""How many mentions of one message are searched for by similarity; further ones have to be written exactly."""
EVERYDAY = 20
"""Occurrences in jieba's dictionary (of some sixty million) beyond which a word may well be just that."""
MOST_MENTIONS = 300
LONGEST = 24

_QUOTED = re.compile(
    r"《([^《》]{1,60})》(?P<year>\((?:18|19|20)\d\d\))?|[“「『\"]([^“”「」『』\"]{1,40})[”」』\"]|<<([^<>]{1,40})>>|<([^<>]{1,40})>"
)
_LEFT = (
    r"(?:^|[,，。.!！?？、;；:：和与跟及像把将对]|不要|别看|别推荐?|排除|去掉|除了|代替|类似于?|喜欢(?:看)?|爱看?|最爱|看过|看完了?|看了|刷完?了?|讨厌|恨|给|除了|比如|例如|关于|重温|迷上?|还有|以及|觉得|"
    r"同|看到|想看|电影|推荐|忘掉|忘了|喜欢的是|就是|是|过|部|接近|好比|那个|说|比)\s*$"
)
_RIGHT = (
    r"^\s*(?:$|但|不过|可(?!以)|却|或|只是|气质|感觉|味道|氛围|类型|题材|调性|口碑|[一二两三四五六七八九十\d]+(?:星|分)|第|没|可以|无|倒|算|让|把|有点|看|更|[,，。.!！?？、;；和与跟及]|一样|那样|这样|从|以外|除外|之外|不算|算|那种|这种|那类|这类|差不多|类似|同款|同类|的|之类|很|太|好|不错|我?(?:都|已经)?看过|我?看完|我?看了|难看|烂|"
    r"呢|吧|吗|讲|说|啥|什么|是|不|挺|特别|真|这部|那部|风格|系列|还有|以及|电影|这|也|都|我|就|绝|神|超|一类|给|谁|几分|多长)"
)
_CHUNKS = (
    re.compile(
        rf"(?:^|[,，。.!！?？;；:：]|像|跟|和|类似于?|喜欢|爱看)([^,，。.!！?？;；]{{1,8}}?(?:{POINTING.pattern})[^,，。.!！?？;；]{{0,10}}?)"
        r"(?=那种|那样|这种|这样|$|[,，。.!！?？;；]|(?:讲|说)(?:的|什么|啥)|我|别|不要)"
    ),
    re.compile(
        r"(?:类似于?|像|跟|和|接近|如同)([^,，。.!！?？;；]{2,24}?)(?=一样|那样|这样|那种|这种|那类|这类|差不多|类似|同款|同类|相似|风格|气质|味道|氛围|调性|感觉|之类|一类|的|$|[,，。.!！?？;；])"
    ),
    re.compile(r"xiang ([a-z][a-z ]{2,30}?) ?(?:(?:na|zhe|yi) ?(?:yang|zhong)|$)"),
    re.compile(
        r"(?:喜欢看?|爱看|最爱|看过|看完了?|刷了(?:.{1,3}[遍次])?|迷上|讨厌|重温了?|忘掉|忘了|是|类似|同款[:：]?|like|超爱|恨|不感冒|被)([^,，。.!！?？;；]{2,40})"
    ),
    re.compile(
        r"^([^,，。.!！?？;；]{2,14}?)(?:是我|yyds|太?好看|真好|很好|不错|绝了|封神|无感|劝退|看哭|太烂|难看|那种|那样|这种|这样|一样)"
    ),
    re.compile(
        r"([^,，。.!！?？;；]{2,24}?)(?:我?(?:已经|都|早就?)?看过了?|怎么样|好看吗|讲的?(?:是)?(?:什么|啥)|我?(?:很|特别|挺|最|超|也|不)?(?:喜欢|讨厌))"
    ),
)
_YEAR_AFTER = re.compile(r"[(（]?((?:19|20)\d\d)(?:年的?)?(?:那一?版|那部|版)[)）]?|[(（]((?:19|20)\d\d)[)）]")
_SERIES_AFTER = re.compile(
    r"(?:的)?(?:全系列|整个系列|系列(?!的?(?:推荐|类似))|三部曲|四部曲|全集|[两三四五六七八]部(?=都|全))"
)
_PART_AFTER = re.compile(r"(?:的)?第[一二三四五六七八九十\d]{1,2}部|\d{1,2}(?![\d部分年个:：])|续集")
_FURTHER_PART = re.compile(r"\s*[和、跟与,，]\s*(\d{1,2})(?![\d部分年个])")
_JOIN = re.compile(r"和|跟|与|、|/|以及|还有")
_SEPARATORS = re.compile(r"、|和|与|跟|以及|还有|[,，;；\n/|]|(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_TRIM = re.compile(
    r"^(?:我|还|也|都|很|最|就|看|那部|这部|那个|过|了|的|电影|是)+|(?:这种|那种|这样|那样|这类|那类|之类|一样|的|了|吧|呢|啊|呀|吗|电影|片子?|系列|风格|这部|那部|都|也|很|挺|特别|一类|等)+$"
)
_ORDINARY = re.compile(
    r"什么|啥|哪|你|我|他|她|推荐|电影|影片|片子|类型|这|那|第.{1,2}部|看|没|有|不|一点|口味|喜欢|讨厌|导演|演员|孩子|适合|时候|东西|感觉|题材|结局|节奏|年代|分钟|小时|作品|所有|全部|一切|风格|元素|画面|故事|剧情|片$|的"
)
_NOT_TITLES = re.compile(
    r"^(?:第.{1,2}[部个集]?|忘掉|忘了|忘记|电影|影片|片子|movie|film|喜剧|故事|口味|推荐|评分|导演|演员|经典|孩子|家庭|生活|青春|女人|男人|朋友|爱情|英语|结局|今天|周末|晚上|妈妈|爸爸|just|like|need|chill|vibe)$"
)

_NAMED_BEFORE = re.compile(r"(?:像|跟|与|同|类似于?|喜欢看?|爱看|看过|看完了?|讨厌|重温了?|恨|、|和)\s*$")


@dataclass(frozen=True)
class Mention:
    """A title in a text, [start, end), as written, what it resolves to and what was said about it."""

    start: int
    end: int
    text: str
    resolution: Resolution
    role: Role

    @property
    def all(self) -> bool:
        """Whether a whole series is meant and something said about it, so that nothing has to be asked."""
        return self.resolution.series and self.role != "mentioned"


class Mentions:
    """Finds the titles of one catalogue in messages."""

    def __init__(self, titles: TitleIndex, people: People, lexicon: Lexicon, ids: Sequence[str]) -> None:
        self._titles, self._people, self._lexicon, self._ids = titles, people, lexicon, ids

    def find(self, text: str) -> list[Mention]:
        """Titles in ``text`` (normalised): in quotation marks, written exactly, or where a title is expected."""
        spans: list[tuple[int, int, str, Resolution]] = []
        budget = MOST_THOROUGH
        for match in _QUOTED.finditer(text):
            quoted = (match[1], *match.groups()[2:])
            name = next(part for part in quoted if part is not None)
            resolution = self._titles.resolve(name + (match["year"] or ""), thorough=budget > 0)
            budget -= resolution.score < 0.95
            if match[1] or match[4] or resolution.status != "unknown":
                spans.append((match.start(), match.end(), name, resolution))
        people = self._people.find(text)
        names = self._titles.find(text)
        for found in names:
            if _free(spans, found.start, found.end) and (
                any(end == found.start for _, end, _, _ in spans) or self._is_title(text, found, people)
            ):
                name = text[found.start : found.end]
                spans += self._with_what_follows(text, found.start, found.end, name)
        for found in names:
            # 功夫和少林足球: an everyday word beside a title is one itself.
            joined = any(
                _JOIN.fullmatch(text[found.end : s]) or _JOIN.fullmatch(text[e : found.start]) for s, e, _, _ in spans
            )
            if joined and _free(spans, found.start, found.end) and not _NOT_TITLES.match(text[found.start : found.end]):
                resolution = self._titles.resolve(text[found.start : found.end], thorough=False)
                spans.append((found.start, found.end, text[found.start : found.end], resolution))
        spans = sorted(spans)[:MOST_MENTIONS]
        for start, end in self._expected(text, spans):
            if budget <= 0:
                break
            piece = text[start:end]
            resolution = self._titles.resolve(piece)
            budget -= 1
            pointed = POINTING.sub("", piece) if POINTING.search(piece) else ""
            least = CERTAIN if _ORDINARY.search(pointed or piece) or len(piece) < SHORTEST_PART else SURE
            known = resolution.status != "unknown" and resolution.score >= least
            if known or (_NAMED_BEFORE.search(text[:start]) and _like_a_title(piece)):
                spans.append((start, end, piece, resolution))
        spans.sort()
        return [Mention(*span, role) for span, role in zip(spans, roles_of(text, spans), strict=True)]

    def _with_what_follows(self, text: str, start: int, end: int, name: str) -> list[tuple[int, int, str, Resolution]]:
        """A name with the year, the number of the part or the word for the whole series behind it, and further parts."""
        if part := _PART_AFTER.match(text[end:]):
            resolution = self._titles.resolve(name + part[0], thorough=False)
            if resolution.status != "unknown":
                spans = [(start, end + part.end(), name + part[0], resolution)]
                while further := _FURTHER_PART.match(text[spans[-1][1] :]):
                    last = spans[-1][1]
                    one = self._titles.resolve(name + further[1], thorough=False)
                    spans.append((last + further.start(1), last + further.end(1), name + further[1], one))
                return [span for span in spans if span[3].status != "unknown"]
        year = _YEAR_AFTER.match(text[end:])
        last = end + (year.end() if year else 0)
        whole = None if year else _SERIES_AFTER.match(text[last:])
        last += whole.end() if whole else 0
        asked = f"{name}({year[1] or year[2]})" if year else f"{name}系列" if whole else name
        return [(start, last, name, self._titles.resolve(asked, thorough=False))]

    def _is_title(self, text: str, found: Found, people: Sequence[Person]) -> bool:
        name = text[found.start : found.end]
        if _NOT_TITLES.match(name) or not (HAN.search(name) or _whole_latin(text, found)):
            return False
        if name in self._lexicon:
            return bool(LIKE_BEFORE.search(text[: found.start]) and LIKE_AFTER.match(text[found.end :]))
        meeting = [(p.start, p.end) for p in people if p.start < found.end and found.start < p.end]
        if any(start < found.start or end > found.end for start, end in meeting):
            return False
        if (found.start, found.end) in meeting:
            return self._expected_at(text, found)
        words = bool(self._lexicon.find(name)) and (len(name) == SAFE_LENGTH or not HAN.search(name))
        if len(name) >= SAFE_LENGTH and not words:
            return True
        return self._expected_at(text, found) or _rare(text, found)

    def _expected_at(self, text: str, found: Found) -> bool:
        return bool(re.search(_LEFT, text[: found.start]) and re.match(_RIGHT, text[found.end :]))

    def _expected(self, text: str, spans: list[tuple[int, int, str, Resolution]]) -> list[tuple[int, int]]:
        """Pieces that stand where titles stand and were not understood yet."""
        pieces: list[tuple[int, int]] = []
        for pattern in _CHUNKS:
            for match in pattern.finditer(text):
                start, whole = match.start(1), match[1]
                for part in _split(whole):
                    first, last = start + part[0], start + part[1]
                    trimmed = _trim(text, first, last)
                    if (
                        trimmed
                        and _free(spans, *trimmed)
                        and all(not (a < trimmed[1] and trimmed[0] < b) for a, b in pieces)
                    ):
                        pieces.append(trimmed)
        if not spans and not pieces and 2 <= len(text) <= LONGEST and not self._lexicon.find(text) and not asks(text):
            # A bare answer to "which films do you like": nothing but names.
            bare = [t for a, b in _split(text) if (t := _trim(text, a, b))]
            pieces = [t for t in bare if self._titles.resolve(text[slice(*t)]).score >= SURE_ALONE]
        return [piece for piece in sorted(pieces) if not self._ordinary(text[slice(*piece)])]

    def _ordinary(self, piece: str) -> bool:
        """Whether a piece is made of wishes, people and everyday words, so that it is no title."""
        if len(piece) < 2 or len(piece) > LONGEST or _NOT_TITLES.match(piece):
            return True
        covered = sum(t.end - t.start for t in {(t.start, t.end): t for t in self._lexicon.find(piece)}.values())
        covered += sum(p.end - p.start for p in self._people.find(piece))
        return covered * 2 >= len(piece) or bool(_ORDINARY.search(piece) and covered)


def _like_a_title(piece: str) -> bool:
    """Whether an unknown piece is worth asking about."""
    return 2 <= len(piece) <= 12 and not _ORDINARY.search(piece) and bool(HAN.search(piece) or piece.isascii())


def _rare(text: str, found: Found) -> bool:
    """Whether a short name is no everyday word, and no cut through one: 鸟人, 盗梦, but not 功夫."""
    name = text[found.start : found.end]
    if not HAN.search(name) or _ORDINARY.search(name) or jieba.dt.FREQ.get(name, 0) > EVERYDAY:
        return False
    return {found.start, found.end} <= _word_bounds(text)


@lru_cache(maxsize=4)
def _word_bounds(text: str) -> frozenset[int]:
    """Where the words of a message begin and end; asked for once a name."""
    return frozenset(accumulate((len(word) for word in jieba.cut(text, HMM=False)), initial=0))


def _whole_latin(text: str, found: Found) -> bool:
    """Whether a name in Latin letters is no part of a longer phrase: not “you again” in “see you again”."""
    before, after = text[: found.start].rstrip(), text[found.end :].lstrip()
    return not (before[-1:].isascii() and before[-1:].isalpha()) and not (after[:1].isascii() and after[:1].isalpha())


def _free(spans: Sequence[tuple[int, int, str, Resolution]], start: int, end: int) -> bool:
    return all(end <= s or start >= e for s, e, _, _ in spans)


def _split(text: str) -> list[tuple[int, int]]:
    places, start = [], 0
    for match in _SEPARATORS.finditer(text):
        places.append((start, match.start()))
        start = match.end()
    return [*places, (start, len(text))]


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    shorter = _TRIM.sub("", piece.strip())
    shorter = _TRIM.sub("", shorter)
    if len(shorter) < 2:
        return None
    offset = text.index(shorter, start)
    return offset, offset + len(shorter)
