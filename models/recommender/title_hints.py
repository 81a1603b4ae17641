"""Mentions that say a name and something else about the film beside it: 红磨坊 妮可基德曼, 2012 末日电影."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from models.recommender.catalogue import Catalogue, Item
from models.recommender.people import People
from models.recommender.title_keys import HAN

MOST_WORDS = 6
SHORTEST_JOINED = 3
_APART = re.compile(r"[\s,，、()（）:：《》/·]+|(?<=[\u3400-\u9fff])(?=[a-z])|(?<=[a-z!?])(?=[\u3400-\u9fff])")
_YEAR = re.compile(r"(?:18\d|19\d|20[0-2])\d年?")
_WITHIN_WORD = re.compile(r"[a-z0-9]{2}")
_SAYS_NOTHING = re.compile(
    r"奥斯卡|皮克斯|迪士尼|吉卜力|好莱坞|漫威|电影|影片|片子|动画片?|老片|大片|港片|美版|日版|韩版|经典|系列|那个|那部|这个|这部|主演|导演|原版|完整版|第一部|"
    r"真人版?|黑白|获奖|金像奖|最佳影片|[演导拍的和片版]|movie|film"
)


def words(text: str) -> list[str]:
    """A mention cut where its parts are joined: at spaces, punctuation, and between Chinese and Latin letters."""
    return [word for word in _APART.split(text) if word][:MOST_WORDS]


def read_hints(
    text: str, people: People, catalogue: Catalogue, named: Callable[[str], Iterable[int]]
) -> tuple[list[int], str]:
    """The items that are named in the mention and fit all the rest of it, and the part that names them.

    Args:
        named: the items that are called exactly as its argument.
    """
    found = people.find(text)
    letters = people.in_letters(text)
    films = [people.films(name) for name in [*(p.name for p in found), *letters.values()]]
    masked = list(text)
    for person in found:
        masked[person.start : person.end] = " " * (person.end - person.start)
    plain = "".join(masked)
    for written in letters:
        plain = plain.replace(written, " ")
    allowed = set.intersection(*films) if films else None
    parts = words(plain)
    for length in range(len(parts), 0, -1):
        for start in range(len(parts) - length + 1):
            name = "".join(parts[start : start + length])
            rest = "".join([*parts[:start], *parts[start + length :]])
            tries = {name, " ".join(parts[start : start + length]), _SAYS_NOTHING.sub("", name)}
            codes = {c for each in tries if len(each) > 1 for c in named(each)}
            if allowed is not None:
                codes = {c for c in codes if c in allowed}
            elif length == len(parts):
                continue
            year = _YEAR.search(rest)
            fitting = [c for c in codes if _fits(rest, catalogue.at(c), year[0][:4] if year else "")]
            if fitting:
                return fitting, name
    return _joined(text, catalogue, named)


def _joined(text: str, catalogue: Catalogue, named: Callable[[str], Iterable[int]]) -> tuple[list[int], str]:
    """The same where nothing stands between the name and the rest, which then has to be about the film."""
    for length in range(len(text) - 2, SHORTEST_JOINED - 1, -1):
        halves = ((text[:length], text[length:]), (text[-length:], text[:-length]))
        for cut, (name, rest) in zip((length, len(text) - length), halves, strict=True):
            left = _SAYS_NOTHING.sub("", rest)
            if len(left) < 2 or _WITHIN_WORD.fullmatch(text[cut - 1 : cut + 1]):
                continue
            codes = [c for c in named(name) if _fits(rest, catalogue.at(c), "")]
            if codes:
                return codes, name
    return [], ""


def _fits(rest: str, item: Item, year: str) -> bool:
    """Whether what stands beside the name is about this item, or says nothing."""
    if year and abs((item.year or 0) - int(year)) > 1:
        return False
    left = _SAYS_NOTHING.sub("", _YEAR.sub("", rest))
    if any(c.isdecimal() for c in left):
        return False
    if len(left) < 2:
        return True
    facts = " ".join(
        (item.title, item.original or "", *item.aliases, *item.genres, *item.directors, *item.actors, item.plot or "")
    )
    facts = facts.lower()
    if not HAN.search(left):
        return left in re.sub(r"[^a-z0-9]", "", facts)
    pairs = (left[n : n + 2] for n in range(len(left) - 1))
    return any(pair in facts for pair in pairs if HAN.match(pair[0]) and HAN.match(pair[1]))
