"""Years, running times, counts and positions in a list, read out of Chinese text."""

from __future__ import annotations

import re

from models.recommender.constraints import Bounds
from models.recommender.title_keys import number

RECENT_FROM = 2010
"""The ratings end in 2016, so "recent" is what is recent in them."""
OLD_UNTIL = 1980
NOT_OLD_FROM = 2000
SHORT_UNTIL = 100
LONG_FROM = 150
MOST_ITEMS = 20
AROUND_MINUTES = 15

_N = r"(?:\d{1,4}|[零一二两三四五六七八九十]{1,4})"
_DECADE = re.compile(
    r"(?:(上个?世纪|20世纪|二十世纪))?((?:19|20)?\d0|[一二三四五六七八九]十|零零|一零|[二三四五六七八九]零|[一二三四五六七八九](?=[一二三四五六七八九]十年代))"
    r"(?:(?:年代)?[到至和、\-~]?(\d0|[一二三四五六七八九]十))?年代(以前|之前|以后|之后|以来|前|后|末|初)?"
)
_YEAR = re.compile(
    r"(?<!\d)((?:18|19|20)\d\d|两千(?=年)|[三四五六七八九]零(?=年(?!代))|[一二][零一二三四五六七八九]{3}|\d\d(?=年))年?(?:[到至\-~]((?:19|20)\d\d)年?)?"
    r"(以前|之前|以后|之后|以来|往前|往后|左右|前后|前|后)?(?!分钟|部|块|个)"
)
_SOME_YEARS = re.compile(
    r"(?<!\d)(?P<born>[5-9]0)后(?:的?(?:童年|小时候|回忆|记忆))|([零一四五六七八九])几年|(?<!\d)(\d0)s(?![a-z])"
)
_LAST_CENTURY = re.compile(r"上个?世纪|二十世纪|20世纪")
_THIS_CENTURY = re.compile(r"本世纪|二十一世纪|21世纪|新世纪|千禧年(?:以后|之后)?")
_RECENT = re.compile(
    r"(?:最|近)(?:近|几|些|两|三|五|十|\d)+年|近年|最近(?:的|上映|出)|新片|最新|比较新|新出|这几年|[今去]年(?:上映|出|拍|新|的(?:新?片|电影))|新一?点|新一些|较新|新近"
)
_OLD = re.compile(
    r"老片|老电影|很老的|老一?点|老一些|老的(?:电影|片)|黑白片|黑白电影|早期的?(?:电影|片)|旧片|古早|默片|老掉牙"
)
_TOO_OLD = re.compile(
    r"(?:不要|别|不想看|不看|不)(?:给我|推荐)?(?:太|那么|这么|特别)?(?:老|旧)(?!师|少|人|外|是|总|美)|太(?:老|旧|古老)|(?:年代|时间)太(?:久|早|老)"
)
_TOO_NEW = re.compile(r"(?:不要|别|不想看|不看)(?:太|那么)?新|太新")
_HOURS = re.compile(rf"({_N}|半)个?(半)?(?:小时|钟头)(半|零?({_N})(?:分钟?|$))?")
_MINUTES = re.compile(
    rf"(?<![给打评])({_N}|一百[一二三四五六七八]?十?)来?(?:分钟|(?<=\d\d)分(?=[的以之内左钟]|$))|(?:片长|时长|长度)[^,，。]{{0,5}}?(?:过|超过|以内|不到|到)(\d{{2,3}}|一百[一二三四五六七八]?十?|[六七八九]十)"
)
_SHORT = re.compile(
    r"短一?[点些]|短片|短的|(?:别|不要|不想|不能|不)(?:看)?(?:太|那么|特别)?长|时间短|片长短|太长了?|时长短|短小|不长|短篇|没(?:多少|什么)时间|时间不多|快点看完"
)
_LONG = re.compile(r"长一?[点些]|长片|够长|时间长|片长长|超长|长的|长篇|越长越好|(?:别|不要|不想)?太短|鸿篇")
_EPIC = re.compile(r"大?长片|够长|长的|往上|起步|那种长|巨制|也不怕|都行|也行|没问题")
_SPAN_AFTER = re.compile(r"^(?:的?(?:以内|之内|内|以下|不到|左右|上下|以上|起步|往上|就能看完|能看完|看完))+")
_AT_MOST = re.compile(r"(?:不超过|不要超过|别超过|少于|低于|不到|最多|至多|短于|控制在|只有|就)(?:$|.{0,2}$)")
_AT_LEAST = re.compile(r"(?:超过|多于|至少|长于|大于)$")
_COUNT = re.compile(
    r"(?<!第)(?<!前)(?<!这)(?<!那)(?<!上)(?<!看了)(?<!最后)(?<!头)(\d{1,3}|[一二两三四五六七八九十]{1,3})(?:部|个|条|本|首|支|款)(?!半|小时|人|世纪|月|字|儿|钟头|都|也|孩|娃|路|样|类|系|劲|话|方|导|朋|家|小|故事)"
)
_PAIR = re.compile(r"(?<![我你他她它咱这那们])(俩|仨)(?!人|口|孩|娃|一起)")
_ORDINAL = re.compile(r"第(\d{1,2}|[一二三四五六七八九十]{1,2})(?:部|个|条|项|本|首|张|片)?")
_FIRST_N = re.compile(r"前(\d|[一二两三四五六七八九])(?:部|个)")
_LAST = re.compile(r"最后(?:一|那)?(?:部|个)|最末|末尾那部")
_HEAD = re.compile(r"(?:头一|最上面那?|最前面那?)(?:部|个)?")
_AGE = re.compile(r"(\d{1,2}|[一二两三四五六七八九十]{1,3})岁")
_NOT_THEN = re.compile(
    r"(?:不要|别|不看|不想看|排除|去掉|不考虑)(?:给我|推荐?|看|来)*(?:(?:18|19|20)\d\d|\d0|[一二三四五六七八九]十)年?代?(?:以前|之前|以后|之后|前|后)"
)
_EITHER = re.compile(r"或|到|至|都行|都可以|不是|不要|别|[~\-]")
VAGUE_YEARS: tuple[tuple[re.Pattern[str], Bounds], ...] = (
    (_LAST_CENTURY, (None, 1999)),
    (_THIS_CENTURY, (2000, None)),
    (_RECENT, (RECENT_FROM, None)),
    (_TOO_OLD, (NOT_OLD_FROM, None)),
    (_TOO_NEW, (None, NOT_OLD_FROM - 1)),
    (_OLD, (None, OLD_UNTIL)),
)
_BEFORE, _AFTER = {"以前", "之前", "前", "往前"}, {"以后", "之后", "以来", "后", "往后"}


def _number(text: str) -> int:
    if text == "两千":
        return 2000
    if text.startswith("一百"):
        rest = text[2:]
        return 100 + (number(rest) if rest.endswith("十") else 10 * number(rest) if rest else 0)
    return int(text) if text.isdecimal() else number(text)


def years(text: str) -> Bounds | None:
    """First and last year that a message asks for; None when it says nothing of the kind."""
    text = _MINUTES.sub("", _HOURS.sub("", text))
    found = (read(text) for read in (_decades, _single_year, _some_years))
    exact = next((bounds for bounds in found if bounds), None)
    if exact and _NOT_THEN.search(text):
        return (
            (exact[1] + 1, None)
            if exact[0] is None and exact[1]
            else (None, exact[0] - 1)
            if exact[1] is None and exact[0]
            else exact
        )
    vague = next((bounds for pattern, bounds in VAGUE_YEARS if pattern.search(text)), None)
    return _together(text, exact) if exact else vague


def _together(text: str, first: Bounds) -> Bounds:
    """The years that meet everything said; a range that ends before it begins when nothing can."""
    rest = text
    for pattern in (_DECADE, _YEAR):
        if match := pattern.search(text):
            rest = text[match.end() :]
            break
    if _EITHER.search(text):
        return first
    second = _decades(rest) or _single_year(rest)
    if second is None:
        second = next(
            (
                b
                for pattern, b in ((_LAST_CENTURY, (None, 1999)), (_THIS_CENTURY, (2000, None)))
                if pattern.search(rest)
            ),
            None,
        )
    if second is None:
        return first
    low = max((b[0] for b in (first, second) if b[0] is not None), default=None)
    high = min((b[1] for b in (first, second) if b[1] is not None), default=None)
    return low, high


def _decades(text: str) -> Bounds | None:
    match = _DECADE.search(text)
    if not match:
        return None
    first = _decade(match[2], bool(match[1]))
    last = (_decade(match[3], True) if match[3] else first) + 9
    if match[4] in _BEFORE:
        return None, first - 1
    return (first, None) if match[4] in _AFTER else (first, last)


def _single_year(text: str) -> Bounds | None:
    match = _YEAR.search(text)
    if not match or not (match[2] or match[3] or "年" in match[0] or _about_films(text, match)):
        return None
    year = _number(match[1])
    year = year if year > 100 else year + (1900 if year > 25 else 2000)
    if match[2]:
        return year, int(match[2])
    ranges: dict[bool, Bounds] = {match[3] in _BEFORE: (None, year - 1), match[3] in _AFTER: (year, None)}
    return ranges.get(True, (year - 2, year + 2) if match[3] else (year, year))


def _some_years(text: str) -> Bounds | None:
    match = _SOME_YEARS.search(text)
    if not match:
        return None
    if match["born"]:
        return 1900 + int(match["born"]), 1909 + int(match["born"])
    match = re.search(r"([零一四五六七八九])几年|(?<!\d)(\d0)s(?![a-z])", match[0]) or match
    said = {"零": "00", "一": "一零"}.get(match[1], match[1])
    first = 1900 + int(match[2]) if match[2] else _decade(said, False)
    return first, first + 9


def _about_films(text: str, match: re.Match[str]) -> bool:
    return bool(re.match(r"的|[ ,，]|$", text[match.end() :])) and len(match[1]) == 4


def _decade(text: str, last_century: bool) -> int:
    if text in ("零零", "00"):
        return 2000
    if text in ("一零", "10", "一十"):
        return 2010
    if text[-1] == "零" and len(text) == 2:
        text = text[0] + "十"
    value = _number(text) if len(text) > 1 or text.isdecimal() else 10 * number(text)
    if value > 100:
        return value
    # The ratings end before the twenties of this century, so 二十年代 are those of the last one.
    return value + (1900 if last_century or value >= 20 else 2000)


def runtime(text: str) -> Bounds | None:
    """Least and greatest length in minutes that a message asks for."""
    minutes, span = 0, (0, 0)
    hours = list(_HOURS.finditer(text))
    limited = [m for m in hours if _SPAN_AFTER.match(text[m.end() :])]
    match: re.Match[str] | None
    if hours:
        match = limited[-1] if limited else hours[0]
        half = 30 if match[2] or match[3] == "半" else 0
        minutes = (
            30
            if match[1] == "半"
            else 60 * _number(match[1] if "十" in match[1] or match[1].isdecimal() else match[1][-1])
            + (_number(match[4]) if match[4] else half)
        )
        span = match.span()
    elif match := _MINUTES.search(text):
        minutes, span = _number(match[1] or match[2]), match.span()
    if minutes >= LONG_FROM and _EPIC.search(text):
        return LONG_FROM, None
    if minutes:
        return _limit(minutes, text[: span[0]], text[span[1] :])
    if _SHORT.search(text):
        return None, SHORT_UNTIL
    return (LONG_FROM, None) if _LONG.search(text) else None


def _limit(minutes: int, before: str, after: str) -> Bounds:
    tail = _SPAN_AFTER.match(after)
    said = tail[0] if tail else ""
    if (_AT_LEAST.search(before) and not _AT_MOST.search(before)) or re.search(r"以上|起步|往上", said):
        return minutes, None
    if re.search(r"左右|上下", said):
        return minutes - AROUND_MINUTES, minutes + AROUND_MINUTES
    return None, minutes


def count(text: str) -> int | None:
    """How many items are asked for; None when no number is said."""
    match = _COUNT.search(text)
    if pair := _PAIR.search(text):
        return 2 if pair[1] == "俩" else 3
    if not match:
        return 1 if re.search(r"(?:来|推荐?|给我?|挑|选|找|整|看|求|要)部(?!别|性|啥|什么)", text) else None
    value = match[1]
    if match[0] in ("一个", "1个") and not re.search(r"(?:来|推荐?|给我?|说|选|挑)$", text[: match.start()]):
        return None
    # 两三部, 三五部: the greater of the two.
    found = (
        int(value)
        if value.isdecimal()
        else number(value[-1])
        if len(value) > 1 and "十" not in value
        else number(value)
    )
    return min(found, MOST_ITEMS) or None


def ordinals(text: str) -> tuple[int, ...]:
    """Positions in the list shown last: 第二部 → 2, 前两部 → 1 and 2, 最后一部 → -1."""
    places = [_number(match[1]) for match in _ORDINAL.finditer(text)]
    if match := _FIRST_N.search(text):
        places += range(1, _number(match[1]) + 1)
    if _HEAD.search(text):
        places.append(1)
    if _LAST.search(text):
        places.append(-1)
    return tuple(dict.fromkeys(places))


def age(text: str) -> int | None:
    """How old somebody is: 五岁的女儿 → 5."""
    match = _AGE.search(text)
    return _number(match[1]) if match else None
