"""Which part of a series a mention means: by its number, its place in time, or who made it."""

from __future__ import annotations

import re

from models.recommender.people import People
from models.recommender.title_keys import han_key
from models.recommender.title_names import Names
from models.recommender.title_resolution import Choice, Resolution
from models.recommender.title_series import SeriesNames

_ORDINAL = re.compile(r"^(.{2,}?)(?:的)?(?:(\d{1,2})|(首|最后一|最新一|前传)部?|最早)?$")
_LAST = {"最后一", "最新一"}


class Parts:
    """Immutable after it was built."""

    def __init__(self, names: Names, series: SeriesNames, people: People, choice: Choice) -> None:
        self._names, self._series, self._people, self._choice = names, series, people, choice

    def numbered(self, key: str) -> Resolution | None:
        """星际迷航3 when no part is called so: the third of the series by year."""
        match = _ORDINAL.match(key)
        if not match or not (match[2] or match[3]):
            return None
        stem = match[1]
        called = self._names.starting(f"{stem}{match[2]}") if match[2] else set()
        if called:
            return self._choice.one(called, 0.95)
        family = self._names.starting(stem) | {c for c, rank in self._names.exact.get(stem, {}).items() if rank == 0}
        parts = sorted(family, key=lambda c: self._names.years[c])
        own = [c for c, rank in self._names.exact.get(stem, {}).items() if rank < 2]
        if own and match[2] == "1":
            return self._choice.one([c for c in own if c == min(own, key=lambda o: self._names.years[o])], 0.9)
        position = len(parts) if match[3] in _LAST else 1 if match[3] else int(match[2])
        if len(parts) < 2 or not 1 <= position <= len(parts):
            return None
        part = parts[position - 1]
        if match[2] and self._names.numbers(stem, part) - {match[2]}:
            return None  # The third by year says that it is the second: the one that was asked for is missing.
        return self._choice.one([part], 0.9)

    def of_person(self, text: str) -> Resolution | None:
        """诺兰蝙蝠侠第一部: the first of the films of a series that somebody made."""
        for person in self._people.find(text):
            rest = han_key(f"{text[: person.start]}{text[person.end :]}".strip("的版演导"))
            match = _ORDINAL.match(self._series.expanded(rest))
            if not match or not (match[2] or match[3]):
                continue
            made = self._series.members(match[1]) & self._people.films(person.name)
            parts = sorted(made, key=lambda c: self._names.years[c])
            position = len(parts) if match[3] in _LAST else 1 if match[3] else int(match[2])
            if len(parts) > 1 and 1 <= position <= len(parts):
                return self._choice.one([parts[position - 1]], 0.9)
        return None

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
