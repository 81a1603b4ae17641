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
from models.recommender.title_keys import HAN, han_key, latin_key
from models.recommender.title_names import ACCEPT, ALONE, SHORT_NAME, Names, Scores
from models.recommender.title_parts import Parts
from models.recommender.title_pieces import OUT_OF_ORDER, POINTING, Pieces
from models.recommender.title_resolution import UNKNOWN, Choice, Found, Resolution
from models.recommender.title_series import SeriesNames, numbered_part, second_part
from models.recommender.title_spotting import LONGEST_NAME, Spotting

SURE = 0.85
"""Needed of a part of a longer phrase."""
LONG_PHRASE = 10
NAMESAKE = 2
APART = 0.25
MARGIN = 0.06
"""Two names whose similarities differ less are equally likely."""
NEAR = 0.45
NEAREST = 3

_PHRASE = re.compile(r"那部|那个|那片|这部|演|拍|导|讲|里|版|片|关于|的$")
_PHRASE_END = re.compile(
    r"(?:主演|导演|演|拍|导|版)?(?:的?那部|的?那个|的?那片|的?这部|的?这个|[的版里讲])|主演|导演|[,，。 ]"
)
_TELLS = re.compile(r"讲|关于|会|有|在|把|被|跟|和|去")
_LATIN = re.compile(r"[a-z][a-z' ]*")
_SOMEBODYS = re.compile(r"^[\u3400-\u9fffa-z·]{1,6}的《?([^《》]{3,})$")


class TitleIndex:
    """All names of all items of a catalogue; immutable after it was built, safe to share between threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        people: People,
        popularity: Sequence[float] | None = None,
        further: Mapping[str, Sequence[str]] | None = None,
        series: Mapping[str, str] | None = None,
        elsewhere: Iterable[str] = (),
    ) -> None:
        """Read all names.

        Args:
            people: of the same catalogue; "诺兰的那部…" narrows the search to their films.
            popularity: number of ratings of each item in the catalogue's order; decides between equal names.
            further: more names by item id, such as the English title of a French film.
            series: what series are also called, to the usual name.
            elsewhere: names of works that are not in the catalogue; who says one of them means no film with a name like it.
        """
        self._catalogue = catalogue
        self._people = people
        self._descriptions = Descriptions(catalogue)
        self._names = Names(catalogue, further or {})
        self._series = SeriesNames(self._names, series or {})
        self._pieces = Pieces(self._names.han, len(catalogue))
        self._choice = Choice(catalogue.ids, popularity)
        self._parts = Parts(self._names, self._series, people, self._choice)
        self._spotting = Spotting(self._names, self._series, elsewhere)

    def resolve(self, mention: str, *, thorough: bool = True) -> Resolution:
        """The item that ``mention`` names. ``thorough`` False looks up exact names only (for long lists)."""
        text = numbered_part(normalise(mention).strip("《》<>〈〉“”\"'「」『』 "))
        if not text or len(text) > 4 * LONGEST_NAME:
            return UNKNOWN
        if self._spotting.is_elsewhere(text):
            return self._nearest(text) if thorough else UNKNOWN
        if (found := self._written_out(text)) is not None:
            return found
        if (sequel := second_part(text)) != text:
            return self.resolve(sequel, thorough=thorough)
        core, clues = read_clues(text, self._people)
        found = self._with_more(text, core, clues)
        return found or (self._looked_for(text, core, clues) if thorough else UNKNOWN)

    def _looked_for(self, text: str, core: str, clues: Clues) -> Resolution:
        """A mention that is no name as it is written: by likeness, by pieces, by what the film is about."""
        if self._spotting.is_elsewhere(core):
            return self._nearest(core)
        if (found := self._after_somebody(text) or self._in_two_scripts(core)) is not None:
            return found
        similar = self._similar(core or text, clues)
        for other in (text, _LATIN.sub("", text)):
            # Without the clues, and without what is said in another script: 布达佩斯 hotel.
            if similar.status == "unknown" and other != core and len(other) >= SHORT_NAME:
                whole = self._similar(other, NO_CLUES)
                similar = whole if whole.score > similar.score else similar
        if similar.status != "unknown":
            return similar
        return self._out_of_order(core or text, clues) or self._described(text) or self._in_pieces(text) or similar

    def _in_two_scripts(self, text: str) -> Resolution | None:
        """Half of the original name and half of the Chinese one: wolf of 华尔街."""
        return self._if_one(self._names.in_two_scripts(text), likeness=True)

    def _nearest(self, text: str) -> Resolution:
        """Unknown, with the films whose names are most like it."""
        found = self._similar(text, NO_CLUES)
        return Resolution("unknown", found.items[:NEAREST], min(found.score, NEAR))

    def _after_somebody(self, text: str) -> Resolution | None:
        """小津的东京物语: a whole name behind somebody whom the catalogue does not know by that name."""
        match = _SOMEBODYS.match(text)
        titles = self._names.exact.get(han_key(match[1]), {}) if match else {}
        return self._choice.one(titles, SURE) if 0 in titles.values() else None

    def _out_of_order(self, text: str, clues: Clues) -> Resolution | None:
        """A name with its parts in another order, or with much of it left out."""
        parts = [text, *(part for part in re.split(r"[,，。 ]", text) if part != text)]
        for part in parts:
            scores = self._pieces.out_of_order(POINTING.sub("", part))
            codes = np.flatnonzero(scores >= max(OUT_OF_ORDER, float(scores.max()) - MARGIN)).tolist()
            if codes := self._filtered(codes, clues):
                return self._choice.one(codes, OUT_OF_ORDER)
        return None

    def _in_pieces(self, text: str) -> Resolution | None:
        """A piece that only one name has, from somebody who points at the film: 肖申克越狱那部."""
        if not POINTING.search(text):
            return None
        return self._if_one(self._pieces.holding(text))

    def _if_one(self, codes: set[int], *, likeness: bool = False) -> Resolution | None:
        """The item that everybody means, if there is one."""
        found = self._choice.one(codes, ACCEPT, likeness=likeness) if codes else UNKNOWN
        return found if found.status == "resolved" else None

    def _written_out(self, text: str) -> Resolution | None:
        """A mention that is a name and nothing more, of a series or of a film."""
        stem = self._series.nickname(text) or self._series.stem(text)
        if stem and (whole := self._parts.whole(stem)) is not None:
            return whole
        return self._lookup(self._series.usual(text), NO_CLUES)

    def _with_more(self, text: str, core: str, clues: Clues) -> Resolution | None:  # noqa: PLR0911
        """A name with something beside it: a year, a person, the number of a part, another name of the series."""
        if core != text or clues.any:
            found = self._lookup(core, clues)
            if found is not None:
                return found
        if (numbered := self._parts.of_person(text) or self._parts.numbered(han_key(core))) is not None:
            return numbered
        longer = self._series.expanded(key := han_key(core))
        if longer != key and (found := self._lookup(longer, clues) or self._parts.numbered(longer)) is not None:
            return found
        if HAN.search(core) and (turned := self._names.turned(core)):
            return self._choice.one(turned, SURE)
        codes, name = read_hints(text, self._people, self._catalogue, self._called)
        if codes and len(both := self._parts.made_by(text, name)) > 1:
            return self._choice.all(both, 0.95)
        if codes:
            return self._choice.one(codes, 0.95 if len(name) > 2 else SURE)
        return None

    def find(self, text: str) -> list[Found]:
        """Exact names in running text (normalised), longest first, not overlapping, in order of appearance."""
        return self._spotting.find(text)

    def item(self, item_id: str) -> Item:
        """The facts of an item."""
        return self._catalogue[item_id]

    def _lookup(self, text: str, clues: Clues) -> Resolution | None:  # noqa: PLR0911
        """Exact names: as written, as heard, as typed in letters."""
        han = bool(HAN.search(text))
        key = han_key(text) if han else latin_key(text)
        if ranks := self._names.exact.get(key) if han else self._latin(key):
            best = min(ranks.values())
            codes = self._filtered([c for c, rank in ranks.items() if rank == best or clues.any], clues)
            if best == 0 and han and not clues.any and (series := self._series.behind(key, set(codes))):
                return self._choice.all(series, 1.0)
            if best == 0 and han and not clues.any:
                halves = self._series.parts(key)
                if len(codes) > 1 or (len(halves) > 1 and set(codes) <= halves):
                    return self._choice.all({*codes, *halves}, 1.0, series=len(halves) > 1)
                codes = self._with_namesakes(codes, ranks)
            if best == 0 and clues.codes and len(both := self._series.members(key) & clues.codes) > 1:
                return self._choice.all(both, 0.99)
            if best > 1 and han and not clues.any:
                # 安魂曲 is the end of a subtitle, and of a better known title.
                return self._choice.one({*codes, *self._names.ending(key)}, SURE)
            if best > 0 and han and not clues.any:
                series = self._names.starting(key)
                if len(series - set(codes)) > 1 or len(self._series.parts(key)) > 1:
                    return self._choice.all(series | set(codes), 0.99)
            if codes:
                return self._choice.one(codes, 1.0)
        if han and not clues.any and len(parts := self._series.parts(key)) > 1:
            return self._choice.all(parts, 0.99)
        forms = [self._names.by_sound(text)] if han else self._names.by_letters(text)
        fitting = (self._filtered(form, clues) for form in forms)
        return next((self._choice.one(codes, 0.97) for codes in fitting if codes), None)

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
        spotted = self._spotting.find(text)
        for found in (found for found in spotted if found.end - found.start < SHORT_NAME):
            rest = f"{text[: found.start]} {text[found.end :]}"
            if (best := self._descriptions.best(rest, found.codes)) is not None:
                return Resolution("resolved", (self._catalogue.ids[best],), ACCEPT)
        inside = [found for found in spotted if found.end - found.start >= SHORT_NAME]
        if len(inside) == 1:
            return self._choice.one(inside[0].codes, 0.8)
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
            return self._choice.one([int(scores.argmax())], top)
        if top < ACCEPT:
            near = [c for c in np.argsort(-scores, kind="stable")[:NEAREST].tolist() if scores[c] >= NEAR]
            return Resolution("unknown", tuple(self._catalogue.ids[c] for c in near), top)
        return self._choice.one(np.flatnonzero(scores >= top - MARGIN).tolist(), top, likeness=True)

    def _with_namesakes(self, codes: list[int], ranks: Mapping[int, int]) -> list[int]:
        """Films that are called so elsewhere and are about as well known: 101忠狗 is two films."""
        known = max((self._choice.known(c) for c in codes), default=0.0)
        return [*codes, *(c for c, rank in ranks.items() if rank == 1 and NAMESAKE * self._choice.known(c) >= known)]

    def _called(self, name: str) -> list[int]:
        """Items that are called exactly so, or sound so."""
        han = bool(HAN.search(name))
        key = self._series.expanded(han_key(name)) if han else latin_key(name)
        exact = [c for c, rank in self._names.exact.get(key, {}).items() if rank < 2]
        forms = [self._names.by_sound(name)] if han else self._names.by_letters(name)
        numbered = self._parts.numbered(key) if han else None
        return (
            exact
            or next((list(codes) for codes in forms if codes), [])
            or (self._catalogue.codes(numbered.items).tolist() if numbered else [])
        )

    def _latin(self, key: str) -> dict[int, int]:
        """Ranks of the items of a name in Latin letters, with or without its spaces: Oldboy, Old Boy."""
        exact, close = self._names.exact.get(key, {}), self._names.squeezed(key)
        return {code: min(exact.get(code, rank), rank) for code, rank in (exact | close).items()}

    def _filtered(self, codes: Iterable[int], clues: Clues) -> list[int]:
        return clues.filtered(codes, self._catalogue, self._names.years)
