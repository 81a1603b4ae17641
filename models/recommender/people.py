"""Directors and actors of a catalogue, found in running text by full name, surname, nickname or sound."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from models.recommender.catalogue import Catalogue
from models.recommender.title_keys import HAN, Sounds, spoken

Role = Literal["directors", "actors"]

SHORT = 2
"""Names of two characters, such as 福特, may be ordinary words: they count only for people of several films."""
FILMS_FOR_SHORT = 3
SOUND_LENGTH = 3
LETTERS = 6
"""Shorter runs of syllables are too common to be taken for a name that was written differently."""
_DIRECTS = re.compile(r"^的?(?:导演|导的|执导|拍的?|导)|^(?:的)?作品")
_ACTS = re.compile(r"^(?:和.{1,8})?(?:主演|出演|演的?|参演|扮演|饰演|配音)")
_DIRECTOR_BEFORE = re.compile(r"导演(?:是|为|的)?$")
_ACTOR_BEFORE = re.compile(r"(?:演员|主演|男主角?|女主角?|影帝|影后|明星)(?:是|为|的)?$")


@dataclass(frozen=True)
class Person:
    """Somebody named in a text, [start, end); ``name`` as the catalogue writes it."""

    start: int
    end: int
    name: str
    role: Role


class People:
    """All directors and actors of a catalogue; immutable after it was built."""

    def __init__(self, catalogue: Catalogue, nicknames: Mapping[str, str]) -> None:
        """nicknames: what somebody is called, to the name in the catalogue; those of unknown people are left out."""
        self._directed = catalogue.tags("directors")
        self._acted = catalogue.tags("actors")
        self._films: dict[str, set[int]] = defaultdict(set)
        for code in range(len(catalogue)):
            item = catalogue.at(code)
            for name in (*item.directors, *item.actors):
                self._films[name].add(code)
        owners: dict[str, list[str]] = defaultdict(list)
        for name in self._films:
            for form in _forms(name):
                owners[form].append(name)
        self._forms: dict[str, str] = {}
        for form, names in owners.items():
            best, *others = sorted(names, key=self._count, reverse=True)
            whole = form in (best, _plain(best))
            clear = not others or self._count(best) >= 2 * self._count(others[0])
            if whole or (clear and (len(form) > SHORT or self._count(best) >= FILMS_FOR_SHORT)):
                self._forms[form] = best
        self._forms |= {
            n: name for n, name in nicknames.items() if all(each in self._films for each in name.split("、"))
        }
        self._longest = max((len(form) for form in self._forms), default=0)
        self._in_letters = {"".join(spoken(form)): name for form, name in self._forms.items() if HAN.search(form)}
        self._sounds = Sounds()
        self._heard: dict[str, tuple[str, str]] = {}
        for form, name in self._forms.items():
            heard = self._sounds.learn(spoken(form))
            if len(heard) >= SOUND_LENGTH and HAN.search(form):
                self._heard.setdefault(heard, (form, name))

    def films(self, name: str) -> set[int]:
        """Codes of the items that somebody directed or acts in."""
        return self._films.get(name, set())

    def in_letters(self, text: str) -> dict[str, str]:
        """People written in pinyin as a word of their own, as written → name."""
        runs = {run for run in re.findall(r"[a-z]+", text) if len(run) >= LETTERS}
        return {run: self._in_letters[run] for run in runs if run in self._in_letters}

    def find(self, text: str, taken: Iterable[tuple[int, int]] = ()) -> list[Person]:
        """People named in ``text`` (normalised), outside the ranges ``taken``, in order of appearance."""
        free = [True] * len(text)
        for start, end in taken:
            free[start:end] = [False] * (end - start)
        found: list[Person] = []
        for exact in (True, False):
            start = 0
            while start < len(text):
                end, name = self._at(text, start, free, exact)
                if name:
                    each = name.split("、")
                    found += [Person(start, end, n, self._role(n, text[:start], text[end:])) for n in each]
                    free[start:end] = [False] * (end - start)
                start = max(end, start + 1)
        return sorted(found, key=lambda person: person.start)

    def _at(self, text: str, start: int, free: list[bool], exact: bool) -> tuple[int, str]:
        """End and name of the longest form that begins here; the name is empty when there is none."""
        longest = 0
        while start + longest < len(text) and longest < self._longest and free[start + longest]:
            longest += 1
        for length in range(longest, 1, -1):
            piece = text[start : start + length]
            if exact and piece in self._forms:
                return start + length, self._forms[piece]
            if not exact and length >= SOUND_LENGTH and HAN.match(piece):
                form, name = self._heard.get(self._sounds.encode(spoken(piece)), ("", ""))
                # 十佳里 sounds like 斯嘉丽: at least some of it has to be written as it should be.
                if name and len(set(piece) & set(form)) * 3 >= length:
                    return start + length, name
        return start, ""

    def _role(self, name: str, before: str, after: str) -> Role:
        if self._directed[name] and (_DIRECTS.match(after) or _DIRECTOR_BEFORE.search(before)):
            return "directors"
        if self._acted[name] and (_ACTS.match(after) or _ACTOR_BEFORE.search(before)):
            return "actors"
        return "directors" if self._directed[name] > self._acted[name] else "actors"

    def _count(self, name: str) -> int:
        return len(self._films[name])


def _plain(name: str) -> str:
    return name.replace("·", "").lower()


def _forms(name: str) -> set[str]:
    """How a name may be written: with and without the dot, the surname, a long given name."""
    parts = name.lower().split("·")
    forms = {name.lower(), _plain(name)}
    if len(parts) > 1:
        forms.add(parts[-1])
        forms |= {parts[0]} if len(parts[0]) > SHORT else set()
        forms.add("".join(parts[-2:]))
    return {form for form in forms if len(form) >= SHORT}
