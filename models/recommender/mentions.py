"""Titles in running text, and what was said about each: liked, disliked, seen, or the wish for something like it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models.recommender.acts import asks
from models.recommender.lexicon import Lexicon, clause_before
from models.recommender.people import People, Person
from models.recommender.title_keys import HAN
from models.recommender.titles import Found, Resolution, TitleIndex

Role = Literal["liked", "disliked", "similar_to", "seen", "mentioned"]

SAFE_LENGTH = 4
"""A shorter title may be ordinary words; it counts only where a title is expected."""
SURE = 0.7
SURE_ALONE = 0.8
CERTAIN = 0.95
"""Needed of a piece that holds everyday words."""
SHORTEST_PART = 3
MOST_THOROUGH = 8
"""How many mentions of one message are searched for by similarity; further ones have to be written exactly."""
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
    r"^\s*(?:$|没|可以|无|倒|算|让|把|有点|看|更|[,，。.!！?？、;；和与跟及]|一样|那样|这样|从|以外|除外|之外|不算|算|那种|这种|那类|这类|差不多|类似|同款|同类|的|之类|很|太|好|不错|我?(?:都|已经)?看过|我?看完|我?看了|难看|烂|"
    r"呢|吧|吗|讲|说|啥|什么|是|不|挺|特别|真|这部|那部|风格|系列|还有|以及|电影|这|也|都|我|就|绝|神|超|一类|给|谁|几分|多长)"
)
_CHUNKS = (
    re.compile(
        r"(?:类似于?|像|跟|和|接近|如同)([^,，。.!！?？;；]{2,24}?)(?=一样|那样|这样|那种|这种|那类|这类|差不多|类似|同款|同类|相似|风格|之类|一类|的|$|[,，。.!！?？;；])"
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
_SERIES_AFTER = re.compile(r"(?:的)?(?:全系列|整个系列|系列(?!的?(?:推荐|类似))|三部曲|四部曲|全集|[两三四五六七八]部(?=都|全))")
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

_DISLIKED_AFTER = re.compile(
    r"^(?:这种|那种|之类|这类|那类|这部|那部|电影|片子?|的|我|就|真的?|实在|都|也|有点|真是|吧|觉得|感觉|个人|[,，])*(?:太(?!好|棒|赞|喜欢|爱|感人|震撼|燃|经典|精彩|绝|美|可爱|厉害|牛|神|帅|温暖|治愈|有|会|值|对|懂|适合|空).{1,3}?了|太(?:过)?(?:吵|闹|闷|慢|长|血腥|压抑|无聊|假|水|尬|烂|土|俗|腻|贫|碎|绕|深奥|晦涩|拖|差|难懂|弱智|幼稚|低俗|狗血|矫情|做作|平淡|沉闷)|看不懂|看不进去|看睡|弃了|中途退场|半途而废|不怎么样|不咋地|不咋样|不值|名不副实|吐了|想吐|没看完就|一星|给?[零一二两三四五1-5]分|给?打?[零一二两三四五0-5](?:\.\d)?分|(?:别|不要)(?:再)?(?:给我|推荐?|来)?(?:这种|这类|这样|那种)|不好看|难看|很?烂|太烂|无聊|看不下去|没意思|没劲|太闷|很闷|失望|看睡着|睡着|就算了|踩雷|雷|太无聊|太难看|看得?想睡|不对胃口|无感|劝退|差评|get不到|欣赏不来|不感冒|很?失望|很一般|一般|"
    r"(?:不喜欢|不爱看?|不感兴趣|没兴趣|讨厌|不行|不想看)(?=$|[,，。.!！?？的了啊太真]))"
)
_DISLIKED_BEFORE = re.compile(
    r"(?:雷点(?:是|有)?[:：]?|雷区[:：]?|黑名单[:：]?|拉黑|避雷[:：]?|踩雷|劝退|最烦|受够了?|看吐了?|厌恶|没法接受|接受不了|无法忍受|忍不了|不推荐|不待见|瞧不上|看不上|不喜欢看?|不爱看?|讨厌|烦|恨|看不下去|get不到|欣赏不来|不感冒|吐槽|看不惯|不想看|别像|不要像?|不感兴趣|受不了|不要|反感|嫌弃|别再?推?(?:荐)?)(?:看|类似|像|的|了|过|电影|那部|这部|那种)*$"
)
_LIKE_AFTER = re.compile(
    r"^(?:之间|的?那种(?:感觉|味道)|这种| ?(?:na|zhe|yi) ?(?:yang|zhong)|似的|那(?:感觉|味|调调|味道|风格)|那种|这样|那样|那类|这类|一样|同款|类似|差不多|之类|相似|同类|一类|的?感觉|的?风格|的?气质|的?味道|既视感|这一?类|一个路子|一路|的?平替|的?级别|的?氛围|的?调调|的?类型|的?题材|的?质感|的?水准|水平)"
)
_LIKE_BEFORE = re.compile(
    r"(?:类似(?:于)?|类是|像|象|接近|好比|如同|仿佛|参考|照着?|按照?|对标|媲美|不输|堪比|比肩|like|xiang ?|同款[:：]?|平替(?:版)?的?[:：]?|代餐[:：]?|替代[:：]?|代替|相当于|"
    r"(?:^|[^我])(?:跟|和|与|同)(?=.{0,1}$))(?:电影|那部)?$"
)
_COMPARED_BEFORE = re.compile(r"(?:跟|和|与|同)(?:电影|那部)?$")
_COMPARED_AFTER = re.compile(
    r"^.{0,8}?(?:一样|差不多|类似|相似|相近|接近|似的|同类|一类|一个味|有一拼|不相上下|风格|那样|那种|这种|这样|比肩|同款|一个类型|一挂|一卦)"
)
_EXCEPT_BEFORE = re.compile(r"(?:除了|除开|除去|除却|排除|去掉|不算|抛开|撇开)(?:电影|看过的)?$")
_EXCEPT_AFTER = re.compile(r"^(?:这部|那部|系列)?(?:以外|之外|除外|不算|就不用了|不用了)")
_REFUSED_AFTER = re.compile(r"^[^,，。、]{0,12}[,，。]?(?:别|不要|不想|甭)(?:再)?(?:给我?|看|推荐?|来)*(?:这种|这类|这样|那种|同类)")
_SHUNS = re.compile(r"雷点|雷区|黑名单|避雷|最烦|讨厌的(?:有|是)")
_ABOUT_IT = re.compile(r"对(?:于)?(?:电影|那部)?$")
_DISLIKES = re.compile(r"^[^,，。]{0,6}?(?:无感|没感觉|没兴趣|不感兴趣|不感冒|失望|没好感|反感|不来电|提不起)")
_MOVED_BEFORE = re.compile(r"(?:看完了?|刚.{0,3}看了?|看哭了?|哭着看完|追完|刷完了?|补完了?|重看了?|写|看了)$")
_MOVED_AFTER = re.compile(r"^(?:都|真的?|把我)*(?:看了.{1,3}遍|刷了.{1,3}遍|看哭|让我.{0,4}哭|打动|戳中)")
_SEEN_AFTER = re.compile(
    r"^(?:这部|那部|这些|电影|这几部|[,，])*(?:我)?(?:都|全|已经|也|早就?|前几天|昨天|刚|上周)*(?:看过|看了|看完|刷过)"
)
_SEEN_BEFORE = re.compile(r"(?:看过|看完了?|刷过|刷完了?|看了)(?:了|电影|一遍)?$")
_LIKED_BEFORE = re.compile(
    r"(?:喜欢|爱看|最爱|爱|迷上?|中意|钟意|偏爱|回味|重温了?|痴迷|推崇|佩服|欣赏|刷了?(?:.{1,3}[遍次])?|安利|被|超爱|沉迷|种草|刷了.{1,4}遍|最棒的是|爱的是|喜欢的(?:电影)?(?:是|有))(?:的|是|看|过|了|死|电影|有|那部)*$"
)
_LIKED_AFTER = re.compile(
    r"^(?:里的.{1,3}|倒是?|算是|也|这种|那种|这部|那部|电影|这些|都|我|也|真的?|实在|是|简直|[,，])*(?:给?打?(?:满分|五星|[六七八九十6-9](?:\.\d)?分|10分)|挺好|也好(?=$|[,，。])|可以的|喜欢得|香|真香|吹爆|爱死|爱惨|无敌|最佳|第一名|yyds|没话说|好到|百看不腻|回味无穷|意犹未尽|很?好看|不错|太?好|绝了|神作|喜欢|超赞|很?棒|封神|经典|满分|十分|最爱|最喜欢|让我.{0,4}(?:感动|哭|难忘)|看哭|打动|拍得好|百看不厌|很?喜欢|超喜欢|爱了|赞|yyds|天花板|心头好|白月光|看哭|杀我|心目中|永远的神|入坑|圈粉|看了.{1,3}遍|戳中|打了?(?:十|10|五|满))"
)
_JUST_SEEN = re.compile(r"看完了?$|刚.{0,2}看")
_AGAIN = re.compile(r"(?:重温|刷)了?.{0,4}$")
_ALIKE = re.compile(r"类似|差不多|同款|同类|这一类|那一类|同类型|这路子|这样的|那样的|这种的?|那种的?|一样的|相似|这类")
_ASK_ON = re.compile(
    r"接着|再找|再来|还要|还有没有|有没有|有没|求|类似|这样|这种|那样|那种|还有|同类|差不多|一样|别的|再看|推荐|下一部|后劲|同款|相似|空虚|意犹未尽|没看够"
)


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
        """Whether a whole series is meant that was seen or is not wanted, so that nothing has to be asked."""
        return self.resolution.series and self.role in ("seen", "disliked")


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
        for found in self._titles.find(text):
            if _free(spans, found.start, found.end) and (
                any(end == found.start for _, end, _, _ in spans) or self._is_title(text, found, people)
            ):
                name = text[found.start : found.end]
                year = _YEAR_AFTER.match(text[found.end :])
                end = found.end + (year.end() if year else 0)
                whole = None if year else _SERIES_AFTER.match(text[end:])
                end += whole.end() if whole else 0
                asked = f"{name}({year[1] or year[2]})" if year else f"{name}系列" if whole else name
                resolution = self._titles.resolve(asked, thorough=False)
                spans.append((found.start, end, name, resolution))
        for found in self._titles.find(text):
            # 功夫和少林足球: an everyday word beside a title is one itself.
            joined = any(_JOIN.fullmatch(text[found.end : s]) or _JOIN.fullmatch(text[e : found.start]) for s, e, _, _ in spans)
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
            least = CERTAIN if _ORDINARY.search(piece) or len(piece) < SHORTEST_PART else SURE
            known = resolution.status != "unknown" and resolution.score >= least
            if known or (_NAMED_BEFORE.search(text[:start]) and _like_a_title(piece)):
                spans.append((start, end, piece, resolution))
        spans.sort()
        return [Mention(*span, role) for span, role in zip(spans, _roles(text, spans), strict=True)]

    def _is_title(self, text: str, found: Found, people: Sequence[Person]) -> bool:
        name = text[found.start : found.end]
        if _NOT_TITLES.match(name):
            return False
        if name in self._lexicon:
            return bool(_LIKE_BEFORE.search(text[: found.start]) and _LIKE_AFTER.match(text[found.end :]))
        if any(p.start < found.start or p.end > found.end for p in people if p.start < found.end and found.start < p.end):
            return False
        if any((p.start, p.end) == (found.start, found.end) for p in people):
            return self._expected_at(text, found)
        if len(name) >= SAFE_LENGTH and (HAN.search(name) or not self._lexicon.find(name)):
            return len(name) > SAFE_LENGTH or not self._lexicon.find(name) or self._expected_at(text, found)
        return self._expected_at(text, found)

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


def _roles(text: str, spans: Sequence[tuple[int, int, str, Resolution]]) -> list[Role]:
    """What was said about each title; titles joined by 和, 、 or a comma share it."""
    groups: list[list[int]] = []
    for n, (start, _, _, _) in enumerate(spans):
        between = text[spans[n - 1][1] : start] if n else ""
        joined = n and re.fullmatch(r"[\s、和与跟及,，;；/]*(?:还有|以及|也)?[\s、,，]*", between)
        if joined and not (re.search(r"[,，;；]", between) and _turns(text, spans, groups[-1], n)):
            groups[-1].append(n)
        else:
            groups.append([n])
    roles: list[Role] = ["mentioned"] * len(spans)
    for group in groups:
        first, last = spans[group[0]][0], spans[group[-1]][1]
        following = min((spans[n][0] for n in range(len(spans)) if spans[n][0] >= last), default=len(text))
        role = _role(text, _said_before(text, first), _said_after(text, last, following))
        for n in group:
            roles[n] = role
    return roles


def _turns(text: str, spans: Sequence[tuple[int, int, str, Resolution]], group: Sequence[int], n: int) -> bool:
    """Whether something was said before the titles so far and something else after the next: 我爱看《…》，《…》不行."""
    before = clause_before(text, spans[group[0]][0])
    after = text[spans[n][1] : spans[n + 1][0] if n + 1 < len(spans) else len(text)]
    said = _LIKED_BEFORE.search(before) or _DISLIKED_BEFORE.search(before)
    return bool(said and (_DISLIKED_AFTER.match(after) or _LIKED_AFTER.match(after)))


def _said_before(text: str, first: int) -> str:
    """What stands before a title in its clause, or a word or two that stand alone before it: 代餐，…"""
    before = clause_before(text, first)
    alone = re.search(r"(?:^|[,，。])([^,，。]{2,4})[,，]$", text[:first])
    if not before and alone and not _LIKED_AFTER.match(alone[1]):
        return alone[1]
    listed = re.match(r"(?:还有|以及|和|跟|包括)", before)
    return before if not listed or not _SHUNS.search(text[:first]) else "讨厌"


def _said_after(text: str, last: int, following: int) -> str:
    """What stands after a title, without the verb of the next one: …，喜欢《…》."""
    own = text[last:following]
    cut = max(own.rfind(mark) for mark in ",，。;；")
    return text[last : last + cut] if following < len(text) and cut >= 0 else text[last:]


def _role(text: str, before: str, after: str) -> Role:
    if _EXCEPT_BEFORE.search(before) or _EXCEPT_AFTER.match(after):
        return "seen"
    if _LIKED_AFTER.match(after) and not _LIKE_BEFORE.search(before):
        weak = (_MOVED_AFTER.match(after) or _MOVED_BEFORE.search(before)) and _ASK_ON.search(after)
        return "similar_to" if weak else "liked"
    if _DISLIKED_AFTER.match(after) or _DISLIKED_BEFORE.search(before) or _REFUSED_AFTER.search(after):
        return "disliked"
    if _ABOUT_IT.search(before) and _DISLIKES.match(after):
        return "disliked"
    liked = bool(_LIKED_BEFORE.search(before) and not before.endswith(("不喜欢", "不爱")))
    if _LIKE_BEFORE.search(before) or _LIKE_AFTER.match(after):
        return "similar_to"
    if _COMPARED_BEFORE.search(before) and _COMPARED_AFTER.match(after):
        return "similar_to"
    if _MOVED_BEFORE.search(before) and _ASK_ON.search(after):
        return "similar_to"
    if liked and _AGAIN.search(before) and _ALIKE.search(after):
        return "similar_to"
    if liked:
        return "liked"
    return _seen_role(before, after)


def _seen_role(before: str, after: str) -> Role:
    if _SEEN_AFTER.match(after):
        return "similar_to" if _ALIKE.search(after) else "seen"
    if not _SEEN_BEFORE.search(before):
        return "mentioned"
    if _ALIKE.search(after):
        return "similar_to"
    return "similar_to" if _JUST_SEEN.search(before) and _ASK_ON.search(after) else "seen"


def alike(text: str) -> bool:
    """Whether something like what was named is asked for."""
    return bool(_ALIKE.search(text) or _LIKE_BEFORE.search(text))
