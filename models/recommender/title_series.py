"""Names of whole series: what they are called for short, which films belong to them, and when one is meant."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from models.recommender.title_keys import HAN, han_key
from models.recommender.title_names import Names

UNNUMBERED_PARTS = 3
"""So many further parts without a number, and the bare name says no more which film is meant: 蝙蝠侠, X战警."""
LEAST_PARTS = 2
SHORT_STEM = 2
"""A stem of two characters has to begin a title; a longer one may stand anywhere in it."""
_PART = re.compile(r"\d|[与之上下]|前传|续集")
_WHOLE = re.compile(
    r"(?:的)?(?:整个|整套|全套)?(?:(?:正传|前传)?[三四五六七八两]部曲|全系列|系列(?:电影|片)?|全套|全集|合集|全部|"
    r"上下(?:集|两集|两部|部)?|[前后]?[两二三四五六七八]部|电影系列|最后一部分?上下)(?:电影|片)?$"
)

_NTH = r"第[0-9一二三四五六七八九十]{1,2}[部集]"
_REWRITTEN = (
    # 指环王系列第三部, 教父三部曲的第二部 → 指环王第三部
    (
        r"(?:的|这个|那个)?(?:全?系列|[三四五六七八]部曲)(?:电影|片子?)?(?:里面?|中|当中)?的?(?=第?[0-9一二三四五六七八九十]{1,2}(?:部|集|$)|最后一部|首部)",
        "",
    ),
    # 黑客帝国完结篇第三部 → 黑客帝国第三部
    (r"(?:完结|终结|最终)(?:篇|章|那集|那部)[,，]?(?=第)", ""),
    # 第二部回到未来, 第二部的回到未来 → 回到未来第二部
    (rf"^({_NTH})的?([\u3400-\u9fff].+)$", r"\2\1"),
    # 异形的第四部 → 异形第四部
    (rf"的({_NTH})$", r"\1"),
    # 异形 part 4 → 异形4
    (r"(?<=[\u3400-\u9fff])\s*part\.?\s*(?=[0-9ivx])", ""),
)


def numbered_part(text: str) -> str:
    """A normalised mention with the number of the part behind the name and nothing between."""
    for pattern, replacement in _REWRITTEN:
        text = re.sub(pattern, replacement, text)
    return text


_SEQUEL = re.compile(r"(?<=[\u3400-\u9fff\da-z])的?(?:续集|续篇|中集|中部)$")


def second_part(text: str) -> str:
    """A mention of a sequel, or of the middle of three, with its number: 大白鲨续集 → 大白鲨2; else the text."""
    return _SEQUEL.sub("2", text)


class SeriesNames:
    """Immutable after it was built."""

    def __init__(self, names: Names, short: Mapping[str, str]) -> None:
        """short: what a series is also called, to how its titles begin here (星战: 星球大战)."""
        self._names = names
        heads: dict[str, set[int]] = defaultdict(set)
        for (_, code), head in names.heads.items():
            heads[head].add(code)
        shared = {head: head for head, codes in heads.items() if len(codes) >= LEAST_PARTS and len(head) > SHORT_STEM}
        self._short = shared | {han_key(nick): han_key(full) for nick, full in short.items()}

    def expanded(self, key: str) -> str:
        """A key that begins with another name of a series, written with the usual one; else as it was."""
        for length in range(min(len(key), 8), 0, -1):
            full = self._short.get(key[:length])
            if full and (length > 1 or key[1:].isdecimal()):
                return full + key[length:]
        return key

    def named(self, key: str) -> set[int]:
        """The parts of the series that has the key as another name."""
        return self.members(self._short[key]) if key in self._short else set()

    def nickname(self, text: str) -> str | None:
        """The series that is meant by a name that no film of it has: 美队, 星战."""
        key = han_key(text)
        return self._short.get(key) if key not in self._names.exact else None

    def usual(self, text: str) -> str:
        """The usual name of a series when the text is another one of it and nothing more; else the text."""
        return self._short.get(han_key(text), text)

    def stem(self, text: str) -> str | None:
        """The name of the series when a mention says that all of it is meant: 教父三部曲 → 教父."""
        match = _WHOLE.search(text)
        key = han_key(text[: match.start()]) if match else ""
        return self.expanded(key) if len(key) >= SHORT_STEM else None

    def members(self, stem: str) -> set[int]:
        """Items of which a title begins with the stem or, when it is long enough, holds it; else by other names."""
        for rank in (0, 1):
            found = {
                code for name, code, r in self._names.han
                if r <= rank and (name.startswith(stem) or (len(stem) > SHORT_STEM and stem in name))
            }  # fmt: skip
            if len(found) >= LEAST_PARTS:
                return found
        ending = {code for name, code, rank in self._names.han if rank == 0 and name.endswith(stem)}
        return ending if len(ending) >= UNNUMBERED_PARTS else set()

    def parts(self, key: str) -> set[int]:
        """Items whose own title is the key and then a number, a half or what joins a subtitle: 赤壁（上）, 哈利·波特与…."""
        return {
            code for name, code, rank in self._names.han
            if rank == 0 and len(key) >= SHORT_STEM and name.startswith(key) and _PART.match(name[len(key) :])
        }  # fmt: skip

    def behind(self, key: str, codes: set[int]) -> set[int]:
        """The series that a bare title may stand for; empty when the title alone is clear.

        Args:
            codes: the items that are called so.
        """
        if len(key) < SHORT_STEM or not HAN.search(key):
            return set()
        rests: dict[int, list[str]] = {}
        unnumbered: set[int] = set()
        for name, code, rank in self._names.han:
            if rank < LEAST_PARTS and code not in codes and name.startswith(key) and name != key:
                rests.setdefault(code, []).append(name[len(key) :])
                if self._names.heads.get((name, code)) == key:
                    unnumbered.add(code)
        numbered = [c for c, parts in rests.items() if any(p[0].isdecimal() for p in parts)]
        first = min((self._names.years[c] for c in codes), default=0)
        late = len(rests) >= UNNUMBERED_PARTS and numbered and all(self._names.years[c] < first for c in numbered)
        if len(unnumbered) >= UNNUMBERED_PARTS or late:
            return self.members(key) | set(rests) | codes
        return set()
