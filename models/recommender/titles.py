"""Which film is meant: mentions resolved through titles, aliases, partial names, typos, sounds, pinyin and years.

A mention is resolved, ambiguous or unknown; the answer is always made of items of the catalogue.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel

from knowledge.normalise import normalise
from models.recommender.catalogue import Catalogue, Item
from models.recommender.descriptions import Descriptions
from models.recommender.people import People
from models.recommender.title_keys import HAN, Sounds, han_key, latin_key, spoken

Status = Literal["resolved", "ambiguous", "unknown"]
Scores = NDArray[np.float32]

ACCEPT = 0.72
"""Least similarity that counts as the same name; four characters of which one is wrong have 0.75."""
SURE = 0.85
LONG_PHRASE = 8
ALONE = 0.66
"""Enough when no other name comes near."""
MARGIN = 0.06
"""Two names whose similarities differ less are equally likely."""
NEAR = 0.45
CANDIDATES = 6
NEAREST = 3
DOMINANT = 12
"""A film with so many times the ratings of all others of its name is the one that is meant."""
LONGEST_NAME = 30
SHORT_NAME = 3

_FILLER_FRONT = re.compile(
    r"^(?:那个|那部|这部|这个|一部|一个|叫做?|名叫|就是|我说的是?|是|看|老?电影|影片|片子|动画片?|经典|老片|港片|什么|的|啥|有个)+"
)
_FILLER_BACK = re.compile(
    r"(?:那个|那部|这部|这个|那一部|电影版?|影片|片子|动画片?|老片|大片|来着|吧|呢|啊|呀|嘛|吗|的|片|系列|那种)+$"
)
_YEAR = re.compile(
    r"[(（]?((?:19|20)\d\d)(?:年|版|年版)*(?:的|那版|那部)*[)）]?|(?<!\d)(\d\d)(?:年版?|版)(?:的|那版|那部)*"
)
_OLD = re.compile(r"(?:老|旧|原)版(?:的)?|最早的?(?:那版|那部)?|第一版的?")
_NEW = re.compile(r"(?:新|重拍|翻拍)版?的")
_NEW_END = re.compile(r"(?:新|重拍|翻拍)版(?:的)?")
_LIVE = re.compile(r"真人版?(?:的)?")
_DRAWN = re.compile(r"(?:动画|卡通)版(?:的)?")
_ORDINAL = re.compile(r"^(.{2,}?)(?:的)?(?:(\d{1,2})|(首|最后一|最新一|前传)部?|最早)?$")
_PHRASE = re.compile(r"那部|那个|那片|这部|的|演|拍|导|讲|里|版|片")
_PHRASE_END = re.compile(r"(?:主演|导演|演|拍|导|版)?(?:的?那部|的?那个|的?那片|的?这部|的?这个|[的版里讲])|主演|导演|[,，。 ]")
_TELLS = re.compile(r"讲|关于|会|有|在|把|被|跟|和|去")
_END_NUMBER = re.compile(r"(?<!\d)(\d{1,2})$")
_LAST = {"最后一", "最新一"}
_BY = re.compile(r"^(?:版|主演|演|导演?|拍|执导|配音)?的?(?:那部|那个|那版|电影|片子)*")
_BY_END = re.compile(r"^(?:主演|演|导演?|拍|执导|配音|版)?的?(?:那部|那个|那版|电影|片子)*[)）]?$")
_BY_FRONT = re.compile(r"[(（]?(?:主演|导演)?(?:是|:)?$")


@dataclass(frozen=True)
class Resolution:
    """What a mention stands for.

    Attributes:
        status: resolved (one item), ambiguous (several equally likely ones), unknown (``items`` are merely near).
        items: identifiers, the likeliest first; may be empty when unknown.
        score: similarity of the best name, in [0, 1].
    """

    status: Status
    items: tuple[str, ...] = ()
    score: float = 0.0


UNKNOWN = Resolution("unknown")


@dataclass(frozen=True)
class Found:
    """A name found in running text, [start, end) in the normalised text."""

    start: int
    end: int
    codes: tuple[int, ...]


@dataclass(frozen=True)
class _Clues:
    """What a mention says beside the name."""

    year: int | None = None
    oldest: bool = False
    newest: bool = False
    drawn: bool | None = None
    codes: frozenset[int] | None = None

    @property
    def any(self) -> bool:
        return self != _Clues()


class TitleIndex:
    """All names of all items of a catalogue; immutable after it was built, safe to share between threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        people: People,
        popularity: Sequence[float] | None = None,
        further: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Read all names.

        Args:
            people: of the same catalogue; "诺兰的那部…" narrows the search to their films.
            popularity: number of ratings of each item in the catalogue's order; decides between equal names.
            further: more names by item id, such as the English title of a French film.
        """
        self._catalogue = catalogue
        self._people = people
        self._descriptions = Descriptions(catalogue)
        further = further or {}
        self._names = [list(_names(item, further.get(item.id, ()))) for item in map(catalogue.at, range(len(catalogue)))]
        self._popularity = np.asarray(popularity if popularity is not None else np.ones(len(catalogue)), np.float32)
        self._exact: dict[str, dict[int, int]] = defaultdict(dict)
        self._sounds = Sounds()
        han: list[tuple[str, str, int]] = []
        latin: list[tuple[str, int]] = []
        self._years: list[int] = []
        for code in range(len(catalogue)):
            item = catalogue.at(code)
            self._years.append(item.year or 0)
            for rank, name in self._names[code]:
                key = han_key(name) if HAN.search(name) else latin_key(name)
                if not key or rank > self._exact[key].get(code, 9):
                    continue
                fresh = code not in self._exact[key]
                self._exact[key][code] = rank
                if fresh and HAN.search(key):
                    han.append((key, "".join(spoken(name)), code))
                elif fresh:
                    latin.append((key, code))
        self._han = [key for key, _, _ in han]
        self._heard = [self._sounds.learn(spoken(key)) for key in self._han]
        self._letters = [letters for _, letters, _ in han]
        self._typed = [_typed(key) for key in self._han]
        self._han_codes = np.array([code for _, _, code in han], np.int32)
        self._latin = [key for key, _ in latin]
        self._latin_codes = np.array([code for _, code in latin], np.int32)
        self._by_sound: dict[str, set[int]] = defaultdict(set)
        self._by_letters: dict[str, set[int]] = defaultdict(set)
        for heard, letters, code in zip(self._heard, self._letters, self._han_codes.tolist(), strict=True):
            self._by_sound[heard].add(code)
            self._by_letters[letters].add(code)
        for typed, code in zip(self._typed, self._han_codes.tolist(), strict=True):
            self._by_letters[typed].add(code)
        self._squeezed: dict[str, set[int]] = defaultdict(set)
        for key, code in latin:
            self._squeezed[key.replace(" ", "")].add(code)
            for article in ("the", "a", "an"):
                self._squeezed[article + key.replace(" ", "")].add(code)
        self._latin_squeezed = [key.replace(" ", "") for key in self._latin]
        self._initials = self._all_initials()

    def resolve(self, mention: str, *, thorough: bool = True) -> Resolution:
        """The item that ``mention`` names. ``thorough`` False looks up exact names only (for long lists)."""
        text = normalise(mention).strip("《》<>〈〉“”\"'「」『』 ")
        if not text or len(text) > 4 * LONGEST_NAME:
            return UNKNOWN
        found = self._lookup(text, _Clues())
        if found is not None:
            return found
        core, clues = self._clues(text)
        if core != text or clues.any:
            found = self._lookup(core, clues)
            if found is not None:
                return found
        numbered = self._numbered(han_key(core))
        if numbered is not None:
            return numbered
        if not thorough:
            return UNKNOWN
        similar = self._similar(core or text, clues)
        if similar.status == "unknown" and core != text:
            whole = self._similar(text, _Clues())
            similar = whole if whole.score > similar.score else similar
        return similar if similar.status != "unknown" else self._described(text) or similar

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
                codes = self._exact.get(han_key(piece) if han else latin_key(piece))
                if codes and (han or len(piece) > 3):
                    best = min(codes.values())
                    found.append(Found(first, last, tuple(c for c, rank in codes.items() if rank == best)))
                    start += length - 1
                    break
            start += 1
        return found

    def _lookup(self, text: str, clues: _Clues) -> Resolution | None:
        """Exact names: as written, as heard, as typed in letters."""
        han = bool(HAN.search(text))
        ranks = self._exact.get(han_key(text) if han else latin_key(text))
        if ranks:
            best = min(ranks.values())
            codes = self._filtered([c for c, rank in ranks.items() if rank == best or clues.any], clues)
            if best > 0 and han and not clues.any and len(self._starting(han_key(text)) - set(codes)) > 1:
                return self._choose(self._starting(han_key(text)) | set(codes), 0.99)
            if codes:
                return self._choose(codes, 1.0)
        if han:
            heard = self._sounds.encode(spoken(han_key(text)))
            codes = self._filtered(self._by_sound.get(heard, ()), clues) if len(heard) > 1 else []
            if len(codes) > 1:
                key = han_key(text)
                close = {c: self._closeness(key, c) for c in codes}
                codes = [c for c in codes if close[c] >= max(close.values()) - 1e-6]
            return self._choose(codes, 0.97) if codes else None
        letters = re.sub(r"[^a-z0-9]", "", latin_key(text))
        codes = self._filtered(self._squeezed.get(letters, ()), clues)
        codes = codes or self._filtered(self._by_letters.get(re.sub(r"[^a-z0-9]", "", text), ()), clues)
        codes = codes or self._filtered(self._initials.get(letters, ()), clues)
        return self._choose(codes, 0.97) if codes and len(letters) > 1 else None

    def _named(self, part: str) -> Resolution:
        """A piece of a phrase: short ones have to be whole names."""
        found = self._lookup(part, _Clues())
        return found or (self._similar(part, _Clues()) if len(part) >= SHORT_NAME else UNKNOWN)

    def _all_initials(self) -> dict[str, set[int]]:
        """Items by first letters, of at least three words or four syllables: lotr, xskdjs."""
        initials: dict[str, set[int]] = defaultdict(set)
        for code, names in enumerate(self._names):
            for rank, name in names:
                words = spoken(name) if HAN.search(name) else re.findall(r"[a-z0-9]+", name.lower())
                if rank < 2 and len(words) >= (4 if HAN.search(name) else 3):
                    initials["".join(word[0] for word in words)].add(code)
        return initials

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

    def _similar(self, text: str, clues: _Clues) -> Resolution:
        """The items whose names are most alike, by whichever form fits best."""
        scores = np.zeros(len(self._catalogue), np.float32)
        key = han_key(text)
        if HAN.search(key):
            named = self._han_scores(key)
            np.maximum.at(scores, self._han_codes, named)
        else:
            latin = latin_key(text)
            np.maximum.at(scores, self._latin_codes, self._latin_scores(latin))
            letters = re.sub(r"[^a-z0-9]", "", normalise(text))
            if len(letters) >= 4:
                forms = (self._letters, self._typed) if re.search(r"\d", letters) else (self._letters,)
                typed = np.max(
                    [process.cdist([letters], form, scorer=Indel.normalized_similarity)[0] for form in forms], axis=0
                )
                np.maximum.at(scores, self._han_codes, np.where(typed >= 0.84, typed * 0.95, 0).astype(np.float32))
        if clues.any:
            allowed = np.zeros(len(scores), bool)
            allowed[self._filtered(range(len(scores)), clues)] = True
            scores = np.where(allowed, scores, scores * 0.5)
        return self._decide(scores)

    def _decide(self, scores: Scores) -> Resolution:
        top = float(scores.max()) if len(scores) else 0.0
        if ALONE <= top < ACCEPT and int((scores > top - 0.25).sum()) == 1:
            return self._choose([int(scores.argmax())], top)
        if top < ACCEPT:
            near = [c for c in np.argsort(-scores, kind="stable")[:NEAREST].tolist() if scores[c] >= NEAR]
            return Resolution("unknown", tuple(self._catalogue.ids[c] for c in near), top)
        return self._choose(np.flatnonzero(scores >= top - MARGIN).tolist(), top, scores)

    def _choose(self, codes: Iterable[int], score: float, scores: Scores | None = None) -> Resolution:
        """One item when there is only one, or one that everybody means; else all of them."""
        unique = sorted(set(codes), key=lambda c: (-self._popularity[c], c))
        ids = tuple(self._catalogue.ids[c] for c in unique)
        if len(unique) > 1 and self._popularity[unique[0]] < DOMINANT * self._popularity[unique[1]]:
            return Resolution("ambiguous", ids[: max(CANDIDATES, 30 if scores is None else 0)], score)
        return Resolution("resolved", ids[:1], score)

    def _han_scores(self, key: str) -> Scores:
        """Similarity to each Chinese name: by characters and sounds, or as a part of it."""
        heard = self._sounds.encode(spoken(key))
        written = process.cdist([key], self._han, scorer=OSA.normalized_similarity)[0]
        sounded = process.cdist([heard], self._heard, scorer=OSA.normalized_similarity)[0]
        scores = np.maximum(written, 0.5 * written + 0.5 * sounded).astype(np.float32)
        scores = np.maximum(scores, np.where(sounded > 0.99, 0.95, 0.93 * sounded if len(heard) > 3 else 0))
        if len(key) == SHORT_NAME:
            # One of three characters may be wrong when the other two stand where they should.
            for n in np.flatnonzero((written > 0.6) & (written < 0.7)).tolist():
                name = self._han[n]
                if len(name) == SHORT_NAME and sum(a == b for a, b in zip(key, name, strict=True)) == SHORT_NAME - 1:
                    scores[n] = max(scores[n], ACCEPT)
        if len(key) >= 2:
            for n, name in enumerate(self._han):
                if key in name:
                    scores[n] = max(scores[n], 0.80 + 0.15 * len(key) / len(name))
                elif len(key) >= SHORT_NAME and 2 * len(key) >= len(name) and _within(key, name):
                    scores[n] = max(scores[n], 0.72 + 0.15 * len(key) / len(name))
                elif len(name) >= 3 and name in key and len(name) * 3 >= len(key) * 2:
                    scores[n] = max(scores[n], 0.70 + 0.2 * len(name) / len(key))
        if len(heard) >= 3 and "\uffff" not in heard:
            for n, name in enumerate(self._heard):
                if heard in name:
                    scores[n] = max(scores[n], 0.74 + 0.15 * len(heard) / len(name))
        if part := _END_NUMBER.search(key):
            # The ninth part of a series of which there are six is not the first one.
            other = np.array([part[1] not in name for name in self._han])
            scores = np.where(other, np.minimum(scores, ALONE - 0.01), scores)
        return scores

    def _latin_scores(self, key: str) -> Scores:
        """Similarity to each name in Latin letters."""
        if len(key) < 3:
            return np.zeros(len(self._latin), np.float32)
        scores = process.cdist([key], self._latin, scorer=Indel.normalized_similarity)[0].astype(np.float32)
        squeezed = process.cdist([key.replace(" ", "")], self._latin_squeezed, scorer=Indel.normalized_similarity)[0]
        scores = np.maximum(scores, np.float32(0.99) * squeezed.astype(np.float32))
        scores = np.where(scores >= 0.8, scores, np.minimum(scores, ALONE - 0.01)).astype(np.float32)
        padded = f" {key} "
        if len(key) >= 4:
            for n, name in enumerate(self._latin):
                if name.startswith(key) and len(key) >= 6:
                    scores[n] = max(scores[n], 0.76 + 0.17 * len(key) / len(name))
                if padded in f" {name} ":
                    scores[n] = max(scores[n], 0.78 + 0.17 * len(key) / len(name))
        return scores

    def _closeness(self, key: str, code: int) -> float:
        names = [han_key(name) for _, name in self._names[code]]
        return max(OSA.normalized_similarity(key, name) for name in names)

    def _starting(self, key: str) -> set[int]:
        """Items whose own title goes on from ``key``."""
        return {
            code
            for name, code in zip(self._han, self._han_codes.tolist(), strict=True)
            if name.startswith(key) and name != key and self._exact[name].get(code) == 0
        }

    def _numbered(self, key: str) -> Resolution | None:
        """星际迷航3 when no part is called so: the third of the series by year."""
        match = _ORDINAL.match(key)
        if not match or not (match[2] or match[3]):
            return None
        stem = match[1]
        family = self._starting(stem) | {c for c, rank in self._exact.get(stem, {}).items() if rank <= 1}
        parts = sorted(family, key=lambda c: self._years[c])
        position = len(parts) if match[3] in _LAST else 1 if match[3] else int(match[2])
        if len(parts) < 2 or not 1 <= position <= len(parts):
            return None
        return Resolution("resolved", (self._catalogue.ids[parts[position - 1]],), 0.9)

    def _clues(self, text: str) -> tuple[str, _Clues]:
        """The name without what surrounds it, and what that says: a year, a version, a person."""
        year: int | None = None
        if (match := _YEAR.search(text)) and match.span() != (0, len(text)):
            year = int(match[1]) if match[1] else (1900 if int(match[2]) > 25 else 2000) + int(match[2])
            text = text[: match.start()] + text[match.end() :]
        flags: dict[str, bool] = {}
        for name, pattern in (
            ("oldest", _OLD),
            ("newest", _NEW_END),
            ("newest", _NEW),
            ("live", _LIVE),
            ("drawn", _DRAWN),
        ):
            shorter = pattern.sub("", text)
            if shorter != text and shorter:
                flags[name], text = True, shorter
        drawn = True if flags.get("drawn") else False if flags.get("live") else None
        text = _FILLER_BACK.sub("", text.strip()) or text
        text, codes = self._without_person(text)
        text = _FILLER_FRONT.sub("", text) or text
        oldest, newest = flags.get("oldest", False), flags.get("newest", False)
        return text, _Clues(year, oldest, newest, drawn, frozenset(codes) if codes else None)

    def _without_person(self, text: str) -> tuple[str, set[int] | None]:
        """The name without the director or actor before or after it, and that person's films."""
        for person in self._people.find(text):
            rest = ""
            if person.start == 0 and (match := _BY.match(text[person.end :])) and match[0]:
                rest = text[person.end + match.end() :]
            elif person.start and (
                _BY_END.match(text[person.end :]) and (text[person.start - 1] in "(（,，、 " or person.end < len(text))
            ) and len(text) - person.end >= (0 if text[person.start - 1] in "(（,，、 " else 2):
                rest = _BY_FRONT.sub("", text[: person.start])
            if rest := rest.strip("()（）,，、 "):
                return rest, self._people.films(person.name)
        return text, None

    def _filtered(self, codes: Iterable[int], clues: _Clues) -> list[int]:
        kept = list(codes)
        if clues.codes is not None:
            kept = [c for c in kept if c in clues.codes]
        if clues.year is not None:
            kept = [c for c in kept if abs(self._years[c] - clues.year) <= 1]
        if clues.drawn is not None:
            kept = [c for c in kept if ("动画" in self._catalogue.at(c).genres) == clues.drawn]
        if (clues.oldest or clues.newest) and len(kept) > 1 and len(kept) < 20:
            pick = min if clues.oldest else max
            kept = [pick(kept, key=lambda c: self._years[c])]
        return kept


def _within(key: str, name: str) -> bool:
    """Whether the characters of ``key`` appear in ``name`` in this order, beginning with its first."""
    rest = iter(name)
    return name[0] == key[0] and all(character in rest for character in key)


def _typed(key: str) -> str:
    """A name as somebody types it in letters who leaves its digits as they are."""
    runs = re.findall(r"[a-z0-9]+|[^a-z0-9]+", key)
    return "".join(run if run[0].isascii() else "".join(spoken(run)) for run in runs)


def _whole_words(text: str, first: int, last: int) -> bool:
    before, after = text[first - 1 : first], text[last : last + 1]
    return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())


def _names(item: Item, further: Sequence[str]) -> Iterable[tuple[int, str]]:
    """Every name with its rank: 0 the title and the original one, 1 another title, 2 part of one."""
    yield 0, item.title
    originals = [part for name in (item.original, *further) if name for part in re.split(r" \(|\)", name) if part.strip()]
    for name in originals:
        yield 0, name
    for name in item.aliases:
        yield 1, name
    for name in (item.title, *originals, *item.aliases):
        for part in re.split(r"[：:]| - ", name)[1:]:
            if len(part.strip()) >= (3 if HAN.search(part) else 6):
                yield 2, part
