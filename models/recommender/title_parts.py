"""Which part of a series a mention means: by its number, its place in time, or who made it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from models.recommender.people import People
from models.recommender.title_keys import han_key
from models.recommender.title_names import Names
from models.recommender.title_resolution import Choice, Resolution
from models.recommender.title_series import SeriesNames

_ORDINAL = re.compile(r"^(.{2,}?)(?:的)?(?:(\d{1,2})|(首|最后一|最新一|前传)部?|最早)?$")
_LAST = {"最后一", "最新一"}


def _asked(key: str) -> re.Match[str] | None:
    """What a key asks for by number or place: its stem, a number, or first or last."""
    match = _ORDINAL.match(key)
    return match if match and (match[2] or match[3]) else None


class Parts:
    """Immutable after it was built."""

    def __init__(self, names: Names, series: SeriesNames, people: People, choice: Choice) -> None:
        self._names, self._series, self._people, self._choice = names, series, people, choice

    def numbered(self, key: str) -> Resolution | None:
        """星际迷航3 when no part is called so: the third of the series by year."""
        if (match := _asked(key)) is None:
            return None
        stem = match[1]
        called = self._names.starting(f"{stem}{match[2]}") if match[2] else set()
        if called:
            return self._choice.one(called, 0.95)
        titled = self._names.exact.get(stem, {})
        own = [c for c, rank in titled.items() if rank < 2]
        if own and match[2] == "1":
            return self._choice.one(self._in_time(own)[:1], 0.9)
        part = self._nth(match, self._names.starting(stem) | {c for c, rank in titled.items() if rank == 0})
        if part is None or (match[2] and self._names.numbers(stem, part) - {match[2]}):
            return None  # The third by year says that it is the second: the one that was asked for is missing.
        return self._choice.one([part], 0.9)

    def of_person(self, text: str) -> Resolution | None:
        """诺兰蝙蝠侠第一部: the first of the films of a series that somebody made."""
        for person in self._people.find(text):
            rest = han_key(f"{text[: person.start]}{text[person.end :]}".strip("的版演导"))
            if (match := _asked(self._series.expanded(rest))) is None:
                continue
            part = self._nth(match, self._series.members(match[1]) & self._people.films(person.name))
            if part is not None:
                return self._choice.one([part], 0.9)
        return None

    def _in_time(self, codes: Iterable[int]) -> list[int]:
        return sorted(codes, key=lambda c: self._names.years[c])

    def _nth(self, match: re.Match[str], family: set[int]) -> int | None:
        """The part that is asked for by its place in time; None when there is none, or only one part."""
        parts = self._in_time(family)
        position = len(parts) if match[3] in _LAST else 1 if match[3] else int(match[2])
        return parts[position - 1] if len(parts) > 1 and 1 <= position <= len(parts) else None

    def whole(self, stem: str) -> Resolution | None:
        """All parts of a series, or those of the person who is named with it."""
        members = self._series.members(stem)
        if not members:
            for person in self._people.find(stem):
                rest = self._series.expanded(f"{stem[: person.start]}{stem[person.end :]}".strip("的版演导"))
                members = self._series.members(rest) & self._people.films(person.name) if len(rest) > 1 else set()
        return self._choice.all(members, 0.99) if len(members) > 1 else None

    def made_by(self, text: str, name: str) -> set[int]:
        """The parts of a series that the people named in the mention made: 甄子丹叶问."""
        films = [self._people.films(person.name) for person in self._people.find(text)]
        members = self._series.members(han_key(name)) if films else set()
        return {code for code in members if all(code in made for made in films)}
