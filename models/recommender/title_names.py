"""All names of a catalogue in the forms in which they are compared, and how alike a mention is to each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel

from knowledge.normalise import normalise
from models.recommender.catalogue import Catalogue, Item
from models.recommender.confusable import confusable
from models.recommender.title_keys import END_NUMBER, HAN, Sounds, han_key, latin_key, spoken

Scores = NDArray[np.float32]

ACCEPT = 0.72
"""Least similarity that counts as the same name; four characters of which one is wrong have 0.75."""
OTHER_NAME = 0.8
"""At most, of a part of a name that the film has beside its title; less than two thirds of it are too little."""
ALONE = 0.66
"""Enough when no other name comes near."""
SHORT_NAME = 3
LONGEST_SHORT = 4
"""In a longer name one character may be any other: what is left names no other film."""
TYPED_LETTERS = 4
"""Fewer letters are too few to be compared with names in pinyin."""
LEAST_PINYIN = 0.84
LEAST_LATIN = 0.8
LEAST_WORD = 3
"""Letters of the longest Latin word of a mention in two scripts."""
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_HEAD = re.compile(r"[：:（(]|与|之(?!.$)|归来| - ")


class Names:
    """Immutable after it was built.

    Attributes:
        exact: key → item code → rank (0 a title, 1 an alias, 2 part of one); han: (key, item code, rank) of the Chinese ones;
            heads: (key, item code) → what stands before the subtitle.
    """

    def __init__(self, catalogue: Catalogue, further: Mapping[str, Sequence[str]]) -> None:
        self.exact: dict[str, dict[int, int]] = defaultdict(dict)
        self.years: list[int] = []
        self._sounds = Sounds()
        self._of: list[list[tuple[int, str]]] = []
        han: list[tuple[str, str, int]] = []
        latin: list[tuple[str, int]] = []
        for code in range(len(catalogue)):
            item = catalogue.at(code)
            self.years.append(item.year or 0)
            self._of.append(list(_names(item, further.get(item.id, ()))))
            for rank, name in self._of[code]:
                key = han_key(name) if HAN.search(name) else latin_key(name)
                if not key or rank > self.exact[key].get(code, 9):
                    continue
                fresh = code not in self.exact[key]
                self.exact[key][code] = rank
                if fresh and HAN.search(key):
                    han.append((key, "".join(spoken(name)), code))
                elif fresh:
                    latin.append((key, code))
        self.exact = dict(self.exact)
        self._han = [key for key, _, _ in han]
        self.han = [(key, code, self.exact[key][code]) for key, _, code in han]
        self._beginning: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for key, code, rank in self.han:
            if rank < 2:
                self._beginning[key[:2]].append((key, code))
        self.heads = {
            (han_key(name), code): han_key(head)
            for code, names in enumerate(self._of)
            for _, name in names
            if (head := _HEAD.split(name, maxsplit=1)[0]) != name
        }
        self._lengths = np.array([len(key) for key in self._han], np.int32)
        self._heard = [self._sounds.learn(spoken(key)) for key in self._han]
        self._letters = [letters for _, letters, _ in han]
        self._typed = [_typed(key) for key in self._han]
        self._han_codes = np.array([code for _, _, code in han], np.int32)
        self._latin = [key for key, _ in latin]
        self._latin_squeezed = [key.replace(" ", "") for key in self._latin]
        self._latin_codes = np.array([code for _, code in latin], np.int32)
        codes = self._han_codes.tolist()
        self._by_sound = _grouped(self._heard, codes)
        self._ranks: dict[tuple[str, int], set[int]] = defaultdict(set)
        for heard, (_, code, rank) in zip(self._heard, self.han, strict=True):
            self._ranks[heard, code].add(rank)
        self._by_letters = _grouped([*self._letters, *self._typed], codes * 2)
        articles = ("", "the", "a", "an")
        squeezed = [article + key for article in articles for key in self._latin_squeezed]
        self._squeezed = _grouped(squeezed, self._latin_codes.tolist() * len(articles))
        self._initials = self._all_initials()

    def by_sound(self, text: str, syllables: list[str] | None = None) -> list[int]:
        """Items with a name that sounds the same; of several those that are written most like it.

        Args:
            syllables: those of the text's key where they are known already.
        """
        key = han_key(text)
        heard = self._sounds.encode(spoken(key) if syllables is None else syllables)
        codes = self._by_sound.get(heard, set()) if len(heard) > 1 else set()
        rank = min((r for c in codes for r in self._ranks[heard, c]), default=0)
        codes = {c for c in codes if rank in self._ranks[heard, c]}
        close = {c: max(OSA.normalized_similarity(key, han_key(name)) for _, name in self._of[c]) for c in codes}
        return [c for c in codes if close[c] >= max(close.values()) - 1e-6]

    def by_letters(self, text: str) -> Iterable[set[int]]:
        """Items by letters alone: the name without spaces, its pinyin, its initials; the surest first."""
        letters = re.sub(r"[^a-z0-9]", "", latin_key(text))
        if len(letters) > 1:
            yield self._squeezed.get(letters, set())
            yield self._by_letters.get(re.sub(r"[^a-z0-9]", "", text), set())
            yield self._initials.get(letters, set())

    def turned(self, text: str) -> set[int]:
        """Items of which a Chinese title begins with the end of the mention and ends with its beginning: 小霸王虎豹."""
        key = han_key(text)
        return {
            code
            for n in range(2, len(key) - 1)
            for name, code in self._beginning.get(key[n : n + 2], ())
            if name.startswith(key[n:]) and name.endswith(key[:n])
            and len(key) * 3 >= len(name) * 2 and len(key) <= len(name) and name != key
        }  # fmt: skip

    def in_two_scripts(self, text: str) -> set[int]:
        """Items with every Latin word of the mention in one of their names and every Chinese piece in one of them."""
        words = set(latin_key(text).split()) - {"of", "the", "and"}
        pieces = [han_key(run) for run in _HAN_RUN.findall(text)]
        if not words or not any(pieces) or max(map(len, words)) < LEAST_WORD:
            return set()
        latin = {
            c for name, c in zip(self._latin, self._latin_codes.tolist(), strict=True) if words <= set(name.split())
        }
        return {c for c in latin if all(any(p in han_key(name) for _, name in self._of[c]) for p in pieces if p)}

    def squeezed(self, key: str) -> dict[int, int]:
        """Ranks of the items with a name in Latin letters that differs at most by spaces and an article."""
        close = key.replace(" ", "")
        ranks = {
            c: [r for r, name in self._of[c] if latin_key(name).replace(" ", "") == close]
            for c in self._squeezed.get(close, ())
        }
        return {code: min(found) for code, found in ranks.items() if found}

    def starting(self, key: str) -> set[int]:
        """Items whose own title goes on from ``key``."""
        return {
            code
            for name, code in zip(self._han, self._han_codes.tolist(), strict=True)
            if name.startswith(key) and name != key and self.exact[name].get(code) == 0
        }

    def ending(self, key: str) -> set[int]:
        """Items whose own title ends with ``key``."""
        return {code for name, code, rank in self.han if rank == 0 and name.endswith(key)}

    def numbers(self, stem: str, code: int) -> set[str]:
        """The numbers that an item's own Chinese titles have behind ``stem``."""
        own = (name[len(stem) :] for name, c, rank in self.han if c == code and rank == 0 and name.startswith(stem))
        return {match[0] for rest in own if (match := re.match(r"\d{1,2}", rest))}

    def scores(self, text: str, n_items: int) -> Scores:
        """Similarity of a mention to each item, in [0, 1], by whichever name and form fits best."""
        scores = np.zeros(n_items, np.float32)
        key = han_key(text)
        if HAN.search(key):
            np.maximum.at(scores, self._han_codes, self._han_scores(key))
            return np.asarray(scores, np.float32)
        np.maximum.at(scores, self._latin_codes, self._latin_scores(latin_key(text)))
        letters = re.sub(r"[^a-z0-9]", "", normalise(text))
        if len(letters) >= TYPED_LETTERS:
            forms = (self._letters, self._typed) if re.search(r"\d", letters) else (self._letters,)
            each = [process.cdist([letters], form, scorer=Indel.normalized_similarity)[0] for form in forms]
            typed = np.max(each, axis=0)
            np.maximum.at(scores, self._han_codes, np.where(typed >= LEAST_PINYIN, typed * 0.95, 0).astype(np.float32))
        return np.asarray(scores, np.float32)

    def _han_scores(self, key: str) -> Scores:
        """Similarity of a key to each Chinese name, shape (n,): by characters and sounds, or as a part of it."""
        heard = self._sounds.encode(spoken(key))
        written = process.cdist([key], self._han, scorer=OSA.normalized_similarity)[0]
        sounded = process.cdist([heard], self._heard, scorer=OSA.normalized_similarity)[0]
        scores = np.maximum(written, 0.5 * written + 0.5 * sounded).astype(np.float32)
        scores = np.maximum(scores, np.where(sounded > 0.99, 0.95, 0.93 * sounded if len(heard) > 3 else 0))
        self._one_wrong(key, written, scores)
        if len(key) >= 2:
            for n, name in enumerate(self._han):
                if key in name:
                    part = 0.80 + 0.15 * len(key) / len(name)
                    if self.han[n][2]:
                        part = min(part, OTHER_NAME if 3 * len(key) >= 2 * len(name) else ALONE - 0.01)
                    scores[n] = max(scores[n], part)
                elif _shortened(key, name):
                    scores[n] = max(scores[n], 0.72 + 0.15 * len(key) / len(name))
                elif len(name) >= 3 and name in key and len(name) * 3 >= len(key) * 2:
                    scores[n] = max(scores[n], 0.70 + 0.2 * len(name) / len(key))
        if len(heard) >= 3 and "\uffff" not in heard:
            for n, name in enumerate(self._heard):
                if heard in name:
                    scores[n] = max(scores[n], 0.70 + 0.15 * len(heard) / len(name))
        if number := END_NUMBER.search(key):
            # The ninth part of a series of which there are six is not the first one.
            other = np.array([number[1] not in name for name in self._han])
            scores = np.where(other, np.minimum(scores, ALONE - 0.01), scores)
        return np.asarray(scores, np.float32)

    def _one_wrong(self, key: str, written: Scores, scores: Scores) -> None:
        """Judge the names that differ from a short mention by one character: a slip (冼澡 for 洗澡), or another film."""
        if not 1 < len(key) <= LONGEST_SHORT:
            return
        one = 1 - 1 / len(key)
        for n in np.flatnonzero((self._lengths == len(key)) & (np.abs(written - one) < 1e-3)).tolist():
            wrong = [(a, b) for a, b in zip(key, self._han[n], strict=True) if a != b]
            if len(wrong) != 1:
                continue
            if confusable(*wrong[0]):
                scores[n] = max(scores[n], ACCEPT)
            elif len(key) < LONGEST_SHORT:
                scores[n] = min(scores[n], ALONE - 0.01)

    def _latin_scores(self, key: str) -> Scores:
        """Similarity to each name in Latin letters."""
        if len(key) < 3:
            return np.zeros(len(self._latin), np.float32)
        scores = process.cdist([key], self._latin, scorer=Indel.normalized_similarity)[0].astype(np.float32)
        squeezed = process.cdist([key.replace(" ", "")], self._latin_squeezed, scorer=Indel.normalized_similarity)[0]
        scores = np.maximum(scores, np.float32(0.99) * squeezed.astype(np.float32))
        scores = np.where(scores >= LEAST_LATIN, scores, np.minimum(scores, ALONE - 0.01)).astype(np.float32)
        if number := END_NUMBER.search(key):
            other = np.array([number[1] not in name for name in self._latin])
            scores = np.where(other, np.minimum(scores, ALONE - 0.01), scores).astype(np.float32)
        padded = f" {key} "
        if len(key) >= 4:
            for n, name in enumerate(self._latin):
                if name.startswith(key) and len(key) >= 6:
                    scores[n] = max(scores[n], 0.76 + 0.17 * len(key) / len(name))
                if padded in f" {name} ":
                    scores[n] = max(scores[n], 0.78 + 0.17 * len(key) / len(name))
        return np.asarray(scores, np.float32)

    def _all_initials(self) -> dict[str, set[int]]:
        """Items by first letters, of at least three words or four syllables: lotr, xskdjs."""
        initials: dict[str, set[int]] = defaultdict(set)
        for code, names in enumerate(self._of):
            for rank, name in names:
                words = spoken(name) if HAN.search(name) else re.findall(r"[a-z0-9]+", name.lower())
                if rank < 2 and len(words) >= (4 if HAN.search(name) else 3):
                    initials["".join(word[0] for word in words)].add(code)
        return initials


def _grouped(keys: Sequence[str], codes: Sequence[int]) -> dict[str, set[int]]:
    groups: dict[str, set[int]] = defaultdict(set)
    for key, code in zip(keys, codes, strict=True):
        groups[key].add(code)
    return dict(groups)


def _within(key: str, name: str) -> bool:
    """Whether the characters of ``key`` appear in ``name`` in this order."""
    rest = iter(name)
    return all(character in rest for character in key)


def _shortened(key: str, name: str) -> bool:
    """Whether ``key`` is ``name`` with characters left out: half of them after the first, or a few anywhere."""
    if len(key) < SHORT_NAME or 2 * len(key) < len(name) or not _within(key, name):
        return False
    return name[0] == key[0] or (len(key) > SHORT_NAME and 3 * len(key) >= 2 * len(name))


def _typed(key: str) -> str:
    """A name as somebody types it in letters who leaves its digits as they are."""
    runs = re.findall(r"[a-z0-9]+|[^a-z0-9]+", key)
    return "".join(run if run[0].isascii() else "".join(spoken(run)) for run in runs)


def _names(item: Item, further: Sequence[str]) -> Iterable[tuple[int, str]]:
    """Every name with its rank: 0 the title and the original one, 1 another title, 2 part of one."""
    yield 0, item.title
    originals = [
        part for name in (item.original, *further) if name for part in re.split(r" \(|\)", name) if part.strip()
    ]
    for name in originals:
        yield 0, name
    for name in item.aliases:
        yield 1, name
    for name in (item.title, *originals, *item.aliases):
        for part in re.split(r"[：:]| - ", name)[1:]:
            if len(part.strip()) >= (3 if HAN.search(part) else 6):
                yield 2, part
