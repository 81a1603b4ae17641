"""Which film is meant: mentions resolved through titles, aliases, partial names, typos, sounds, pinyin and years.

A mention is resolved, ambiguous or unknown; the answer is always made of items of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from knowledge.normalise import normalise
from models.recommender.catalogue import Catalogue, Item
from models.recommender.descriptions import Descriptions
from models.recommender.people import People
from models.recommender.title_clues import NO_CLUES, Clues, read_clues
from models.recommender.title_hints import read_hints
from models.recommender.title_keys import HAN, han_key, latin_key, normalised_key
from models.recommender.title_names import ACCEPT, ALONE, SHORT_NAME, Names, Scores
from models.recommender.title_resolution import UNKNOWN, Found, Resolution
from models.recommender.title_series import SeriesNames, numbered_part, second_part

SURE = 0.85
"""Needed of a part of a longer phrase."""
LONG_PHRASE = 10
NAMESAKE = 2
APART = 0.25
MARGIN = 0.06
"""Two names whose similarities differ less are equally likely."""
NEAR = 0.45
CANDIDATES = 6
MOST_OF_ONE_NAME = 30
NEAREST = 3
DOMINANT = 5
"""A film with so many times the ratings of all others of its name is the one that is meant."""
DOMINANT_PART = 3
LONGEST_NAME = 30

_ORDINAL = re.compile(r"^(.{2,}?)(?:的)?(?:(\d{1,2})|(首|最后一|最新一|前传)部?|最早)?$")
_PHRASE = re.compile(r"那部|那个|那片|这部|演|拍|导|讲|里|版|片|关于|的$")
_PHRASE_END = re.compile(
    r"(?:主演|导演|演|拍|导|版)?(?:的?那部|的?那个|的?那片|的?这部|的?这个|[的版里讲])|主演|导演|[,，。 ]"
)
_TELLS = re.compile(r"讲|关于|会|有|在|把|被|跟|和|去")
_LATIN = re.compile(r"[a-z][a-z' ]*")
_LAST = {"最后一", "最新一"}


class TitleIndex:
    """All names of all items of a catalogue; immutable after it was built, safe to share between threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        people: People,
        popularity: Sequence[float] | None = None,
        further: Mapping[str, Sequence[str]] | None = None,
        series: Mapping[str, str] | None = None,
    ) -> None:
        """Read all names.

        Args:
            people: of the same catalogue; "诺兰的那部…" narrows the search to their films.
            popularity: number of ratings of each item in the catalogue's order; decides between equal names.
            further: more names by item id, such as the English title of a French film.
            series: what series are also called, to the usual name.
        """
        self._catalogue = catalogue
        self._people = people
        self._descriptions = Descriptions(catalogue)
        self._names = Names(catalogue, further or {})
        self._series = SeriesNames(self._names, series or {})
        self._popularity = np.asarray(popularity if popularity is not None else np.ones(len(catalogue)), np.float32)

    def resolve(self, mention: str, *, thorough: bool = True) -> Resolution:
        """The item that ``mention`` names. ``thorough`` False looks up exact names only (for long lists)."""
        text = numbered_part(normalise(mention).strip("《》<>〈〉“”\"'「」『』 "))
        if not text or len(text) > 4 * LONGEST_NAME:
            return UNKNOWN
        if (found := self._written_out(text)) is not None:
            return found
        if (sequel := second_part(text)) != text:
            return self.resolve(sequel, thorough=thorough)
        core, clues = read_clues(text, self._people)
        if (found := self._with_more(text, core, clues)) is not None:
            return found
        if not thorough:
            return UNKNOWN
        similar = self._similar(core or text, clues)
        for other in (text, _LATIN.sub("", text)):
            # Without the clues, and without what is said in another script: 布达佩斯 hotel.
            if similar.status == "unknown" and other != core and len(other) >= SHORT_NAME:
                whole = self._similar(other, NO_CLUES)
                similar = whole if whole.score > similar.score else similar
        return similar if similar.status != "unknown" else self._described(text) or similar

    def _written_out(self, text: str) -> Resolution | None:
        """A mention that is a name and nothing more, of a series or of a film."""
        stem = self._series.nickname(text) or self._series.stem(text)
        if stem and (whole := self._whole(stem)) is not None:
            return whole
        return self._lookup(self._series.usual(text), NO_CLUES)

    def _with_more(self, text: str, core: str, clues: Clues) -> Resolution | None:  # noqa: PLR0911
        """A name with something beside it: a year, a person, the number of a part, another name of the series."""
        if core != text or clues.any:
            found = self._lookup(core, clues)
            if found is not None:
                return found
        numbered = self._numbered(han_key(core))
        if numbered is not None:
            return numbered
        longer = self._series.expanded(key := han_key(core))
        if longer != key and (found := self._lookup(longer, clues) or self._numbered(longer)) is not None:
            return found
        if HAN.search(core) and (turned := self._names.turned(core)):
            return self._choose(turned, SURE)
        codes, name = read_hints(text, self._people, self._catalogue, self._called)
        if codes and len(both := self._parts_with(text, name)) > 1:
            return self._ambiguous(both, 0.95)
        if codes:
            return self._choose(codes, 0.95 if len(name) > 2 else SURE)
        return None

    def item(self, item_id: str) -> Item:
        """The facts of an item."""
        return self._catalogue[item_id]

    def find(self, text: str) -> list[Found]:
        """Exact names in running text (normalised), longest first, not overlapping, in order of appearance."""
        kept = [(n, c) for n, c in enumerate(text) if c.isalnum()]
        found: list[Found] = []
        start = 0
        while start < len(kept):
            for length in range(min(LONGEST_NAME, len(kept) - start), 1, -1):
                first, last = kept[start][0], kept[start + length - 1][0] + 1
                piece = text[first:last]
                han = bool(HAN.search(piece))
                if not han and not _whole_words(text, first, last):
                    continue
                key = normalised_key(piece) if han else latin_key(piece)
                codes = self._names.exact.get(key)
                if not codes and han and (parts := self._series.named(key)):
                    codes = dict.fromkeys(parts, 0)
                if codes and (han or len(piece) > 3):
                    best = min(codes.values())
                    found.append(Found(first, last, tuple(c for c, rank in codes.items() if rank == best)))
                    start += length - 1
                    break
            start += 1
        return found

    def _lookup(self, text: str, clues: Clues) -> Resolution | None:  # noqa: PLR0911
        """Exact names: as written, as heard, as typed in letters."""
        han = bool(HAN.search(text))
        key = han_key(text) if han else latin_key(text)
        if ranks := self._names.exact.get(key) if han else self._latin(key):
            best = min(ranks.values())
            codes = self._filtered([c for c, rank in ranks.items() if rank == best or clues.any], clues)
            if best == 0 and han and not clues.any and (series := self._series.behind(key, set(codes))):
                return self._ambiguous(series, 1.0)
            if best == 0 and han and not clues.any:
                halves = self._series.parts(key)
                if len(codes) > 1 or (len(halves) > 1 and set(codes) <= halves):
                    return self._ambiguous({*codes, *halves}, 1.0, series=len(halves) > 1)
                codes = self._with_namesakes(codes, ranks)
            if best == 0 and clues.codes and len(both := self._series.members(key) & clues.codes) > 1:
                return self._ambiguous(both, 0.99)
            if best > 0 and han and not clues.any:
                series = self._names.starting(key)
                if len(series - set(codes)) > 1 or len(self._series.parts(key)) > 1:
                    return self._ambiguous(series | set(codes), 0.99)
            if codes:
                return self._choose(codes, 1.0)
        if han and not clues.any and len(parts := self._series.parts(key)) > 1:
            return self._ambiguous(parts, 0.99)
        forms = [self._names.by_sound(text)] if han else self._names.by_letters(text)
        fitting = (self._filtered(form, clues) for form in forms)
        return next((self._choose(codes, 0.97) for codes in fitting if codes), None)

    def _named(self, part: str) -> Resolution:
        """A piece of a phrase: short ones have to be whole names."""
        found = self._lookup(part, NO_CLUES)
        return found or (self._similar(part, NO_CLUES) if len(part) >= SHORT_NAME else UNKNOWN)

    def _described(self, text: str) -> Resolution | None:
        """A name within a longer phrase, or what the film is about; only for mentions that say more than a name."""
        if not _PHRASE.search(text):
            return None
        parts = {part for part in _PHRASE_END.split(text) if part and part != text and len(part) >= 2}
        named = [self._named(part) for part in sorted(parts)]
        sure = {found.items for found in named if found.status == "resolved" and found.score >= SURE}
        if len(sure) == 1:
            return Resolution("resolved", next(iter(sure)), SURE)
        short = [found for found in self.find(text) if found.end - found.start < SHORT_NAME]
        for found in short:
            rest = f"{text[: found.start]} {text[found.end :]}"
            if (best := self._descriptions.best(rest, found.codes)) is not None:
                return Resolution("resolved", (self._catalogue.ids[best],), ACCEPT)
        inside = [found for found in self.find(text) if found.end - found.start >= SHORT_NAME]
        if len(inside) == 1:
            return self._choose(inside[0].codes, 0.8)
        people = [films for person in self._people.find(text) if (films := self._people.films(person.name))]
        if not people and not _TELLS.search(text) and len(text) < LONG_PHRASE:
            return None
        best = self._descriptions.best(text, frozenset.intersection(*map(frozenset, people)) if people else None)
        return None if best is None else Resolution("resolved", (self._catalogue.ids[best],), ACCEPT)

    def _similar(self, text: str, clues: Clues) -> Resolution:
        """The items whose names are most alike, by whichever form fits best."""
        scores = self._names.scores(text, len(self._catalogue))
        if clues.any:
            allowed = np.zeros(len(scores), bool)
            allowed[self._filtered(range(len(scores)), clues)] = True
            scores = np.where(allowed, scores, scores * np.float32(0.5))
        return self._decide(scores)

    def _decide(self, scores: Scores) -> Resolution:
        top = float(scores.max()) if len(scores) else 0.0
        if ALONE <= top < ACCEPT and int((scores > top - APART).sum()) == 1:
            return self._choose([int(scores.argmax())], top)
        if top < ACCEPT:
            near = [c for c in np.argsort(-scores, kind="stable")[:NEAREST].tolist() if scores[c] >= NEAR]
            return Resolution("unknown", tuple(self._catalogue.ids[c] for c in near), top)
        return self._choose(np.flatnonzero(scores >= top - MARGIN).tolist(), top, scores)

    def _choose(self, codes: Iterable[int], score: float, scores: Scores | None = None) -> Resolution:
        """One item when there is only one, or one that everybody means; else all of them."""
        unique = sorted(set(codes), key=lambda c: (-self._popularity[c], c))
        ids = tuple(self._catalogue.ids[c] for c in unique)
        dominant = DOMINANT if scores is None else DOMINANT_PART
        if len(unique) > 1 and self._popularity[unique[0]] < dominant * self._popularity[unique[1]]:
            return Resolution("ambiguous", ids[: MOST_OF_ONE_NAME if scores is None else CANDIDATES], score)
        return Resolution("resolved", ids[:1], score)

    def _ambiguous(self, codes: Iterable[int], score: float, series: bool = True) -> Resolution:
        """All of them, the best known first."""
        unique = sorted(set(codes), key=lambda c: (-self._popularity[c], c))[:MOST_OF_ONE_NAME]
        return Resolution(
            "ambiguous" if len(unique) > 1 else "resolved", tuple(self._catalogue.ids[c] for c in unique), score, series
        )

    def _with_namesakes(self, codes: list[int], ranks: Mapping[int, int]) -> list[int]:
        """Films that are called so elsewhere and are about as well known: 101忠狗 is two films."""
        known = max((self._popularity[c] for c in codes), default=0.0)
        return [*codes, *(c for c, rank in ranks.items() if rank == 1 and NAMESAKE * self._popularity[c] >= known)]

    def _called(self, name: str) -> list[int]:
        """Items that are called exactly so, or sound so."""
        han = bool(HAN.search(name))
        key = self._series.expanded(han_key(name)) if han else latin_key(name)
        exact = [c for c, rank in self._names.exact.get(key, {}).items() if rank < 2]
        forms = [self._names.by_sound(name)] if han else self._names.by_letters(name)
        numbered = self._numbered(key) if han else None
        return (
            exact
            or next((list(codes) for codes in forms if codes), [])
            or (self._catalogue.codes(numbered.items).tolist() if numbered else [])
        )

    def _latin(self, key: str) -> dict[int, int]:
        """Ranks of the items of a name in Latin letters, with or without its spaces: Oldboy, Old Boy."""
        exact, close = self._names.exact.get(key, {}), self._names.squeezed(key)
        return {code: min(exact.get(code, rank), rank) for code, rank in (exact | close).items()}

    def _whole(self, stem: str) -> Resolution | None:
        """All parts of a series, or those of the person who is named with it."""
        members = self._series.members(stem)
        if not members:
            for person in self._people.find(stem):
                rest = self._series.expanded(f"{stem[: person.start]}{stem[person.end :]}".strip("的版演导"))
                members = self._series.members(rest) & self._people.films(person.name) if len(rest) > 1 else set()
        return self._ambiguous(members, 0.99) if len(members) > 1 else None

    def _parts_with(self, text: str, name: str) -> set[int]:
        """The parts of a series that the people named in the mention made: 甄子丹叶问."""
        films = [self._people.films(person.name) for person in self._people.find(text)]
        members = self._series.members(han_key(name)) if films else set()
        return {code for code in members if all(code in made for made in films)}

    def _numbered(self, key: str) -> Resolution | None:
        """星际迷航3 when no part is called so: the third of the series by year."""
        match = _ORDINAL.match(key)
        if not match or not (match[2] or match[3]):
            return None
        stem = match[1]
        called = self._names.starting(f"{stem}{match[2]}") if match[2] else set()
        if called:
            return self._choose(called, 0.95)
        family = self._names.starting(stem) | {c for c, rank in self._names.exact.get(stem, {}).items() if rank == 0}
        parts = sorted(family, key=lambda c: self._names.years[c])
        own = [c for c, rank in self._names.exact.get(stem, {}).items() if rank < 2]
        if own and match[2] == "1":
            return self._choose([c for c in own if c == min(own, key=lambda o: self._names.years[o])], 0.9)
        position = len(parts) if match[3] in _LAST else 1 if match[3] else int(match[2])
        if len(parts) < 2 or not 1 <= position <= len(parts):
            return None
        return Resolution("resolved", (self._catalogue.ids[parts[position - 1]],), 0.9)

    def _filtered(self, codes: Iterable[int], clues: Clues) -> list[int]:
        return clues.filtered(codes, self._catalogue, self._names.years)


def _whole_words(text: str, first: int, last: int) -> bool:
    before, after = text[first - 1 : first], text[last : last + 1]
    return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())
