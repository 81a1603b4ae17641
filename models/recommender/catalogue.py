"""The items that can be recommended: facts in columns, series, and which of them meet somebody's wishes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.recommender.constraints import Constraints
from models.recommender.series import series_of
from models.tsv import read_rows

COLUMNS = (
    "id", "title", "year", "genres", "aliases", "original", "countries", "directors", "actors", "runtime", "moods",
    "family", "plot",
)  # fmt: skip
TAGS = ("genres", "moods", "countries", "directors", "actors")

GENRES = {
    "Action": "动作", "Adventure": "冒险", "Animation": "动画", "Children": "儿童", "Comedy": "喜剧", "Crime": "犯罪",
    "Documentary": "纪录片", "Drama": "剧情", "Fantasy": "奇幻", "Film-Noir": "黑色电影", "Horror": "恐怖",
    "Musical": "歌舞", "Mystery": "悬疑", "Romance": "爱情", "Sci-Fi": "科幻", "Thriller": "惊悚", "War": "战争",
    "Western": "西部",
}  # fmt: skip
"""MovieLens genres in Chinese. IMAX is a projection format and "(no genres listed)" none: both are left out."""


def chinese_genres(genres: Iterable[str]) -> list[str]:
    """MovieLens genres in Chinese, those that are genres."""
    return [GENRES[genre] for genre in genres if genre in GENRES]


@dataclass(frozen=True, slots=True)
class Item:
    """Everything that is known about one item; what is not known is empty or None.

    ``title`` is the usual Chinese one, or the original one where there is none. ``family``: fit to watch with children.
    """

    id: str
    title: str
    year: int | None
    genres: tuple[str, ...]
    aliases: tuple[str, ...]
    original: str
    countries: tuple[str, ...]
    directors: tuple[str, ...]
    actors: tuple[str, ...]
    runtime: int | None
    moods: tuple[str, ...]
    family: bool | None
    plot: str


class Catalogue:
    """Items in a fixed order; an item's position in it is its code in the model.

    The facts are kept as columns of strings, so a million items fit in memory; an `Item` is made when it is asked for.
    """

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        self._columns = {name: list(columns[name]) for name in COLUMNS}
        self.ids: tuple[str, ...] = tuple(self._columns["id"])
        self._code = {item: code for code, item in enumerate(self.ids)}
        if len(self._code) != len(self.ids):
            raise ValueError("item ids are not unique")
        self._years = _numbers(self._columns["year"])
        self._runtimes = _numbers(self._columns["runtime"])
        self._family = np.array([value == "1" for value in self._columns["family"]], bool)
        self._grown_up = np.array([value == "0" for value in self._columns["family"]], bool)
        self._tags = {name: _inverted(self._columns[name]) for name in TAGS}
        self.series: NDArray[np.int32] = series_of(self._columns["title"], self._columns["original"])

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, str]]) -> Catalogue:
        """One mapping with the keys COLUMNS for each item."""
        return cls({name: [row[name] for row in rows] for name in COLUMNS})

    @classmethod
    def read(cls, path: Path) -> Catalogue:
        """A tab-separated file with the header COLUMNS; several values in a field are separated by "/"."""
        return cls.from_rows(list(read_rows(path)))

    def write(self, path: Path) -> None:
        """The inverse of read()."""
        lines = ["\t".join(COLUMNS)]
        lines += ["\t".join(row) for row in zip(*(self._columns[name] for name in COLUMNS), strict=True)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._code

    def __getitem__(self, item_id: str) -> Item:
        """The facts of one item. Raises KeyError when it is unknown."""
        return self.at(self._code[item_id])

    def code(self, item_id: str) -> int | None:
        """Position of an item; None when it is unknown."""
        return self._code.get(item_id)

    def codes(self, item_ids: Iterable[str]) -> NDArray[np.int32]:
        """Positions of the known ones among ``item_ids``, in their order."""
        known = (self._code[item] for item in item_ids if item in self._code)
        return np.fromiter(known, np.int32)

    def at(self, code: int) -> Item:
        """The facts of the item at one position."""
        row = {name: values[code] for name, values in self._columns.items()}
        parts = {name: tuple(p.strip() for p in row[name].split("/") if p.strip()) for name in (*TAGS, "aliases")}
        return Item(
            id=row["id"],
            title=row["title"],
            year=int(row["year"]) if row["year"] else None,
            original=row["original"],
            runtime=int(row["runtime"]) if row["runtime"] else None,
            family={"1": True, "0": False}.get(row["family"]),
            plot=row["plot"],
            **parts,
        )

    def tags(self, field: str) -> Counter[str]:
        """How many items have each genre, mood, country, director or actor."""
        return Counter({tag: len(codes) for tag, codes in self._tags[field].items()})

    def postings(self, field: str) -> Mapping[str, NDArray[np.int32]]:
        """Codes of the items that have each tag of one field."""
        return self._tags[field]

    @property
    def described(self) -> NDArray[np.bool_]:
        """Which items are known by more than title, year and genre, shape (n_items,)."""
        return np.array([bool(text) for text in self._columns["plot"]], bool)

    def with_facts(self, facts: Catalogue) -> Catalogue:
        """A copy in which every item that ``facts`` knows has its fields that are not empty there."""
        columns = {name: list(values) for name, values in self._columns.items()}
        for code, item in enumerate(self.ids):
            known = facts.code(item)
            if known is None:
                continue
            for name in COLUMNS:
                columns[name][code] = facts._columns[name][known] or columns[name][code]
        return Catalogue(columns)

    def allowed(self, wishes: Constraints) -> NDArray[np.bool_]:
        """Which items meet the wishes, shape (n_items,); an item whose fact is not known does not.

        Every wanted genre and actor has to be there, one of the wanted moods, countries and directors, and nothing
        that is excluded.
        """
        mask = np.ones(len(self), bool)
        for field, tag in wishes.required:
            mask &= self._having(field, (tag,))
        for field, tags in wishes.alternatives:
            mask &= self._having(field, tags)
        for field, tags in wishes.excluded:
            mask &= ~self._having(field, tags)
        for bounds, values in ((wishes.years, self._years), (wishes.runtime, self._runtimes)):
            if bounds is not None:
                mask &= (values >= (bounds[0] or 1)) & (values <= (bounds[1] or np.iinfo(np.int32).max))
        if wishes.audience == "family":
            mask &= self._family
        elif wishes.audience == "grown_up":
            mask &= self._grown_up
        return mask

    def relaxations(self, wishes: Constraints) -> tuple[tuple[str, int], ...]:
        """Which single wish has to be given up for how many items, the most helpful first: (field, count)."""
        counts = [(field, int(self.allowed(wishes.without(field)).sum())) for field in wishes.fields]
        return tuple(sorted((c for c in counts if c[1]), key=lambda c: -c[1]))

    def _having(self, field: str, tags: Sequence[str]) -> NDArray[np.bool_]:
        mask = np.zeros(len(self), bool)
        for tag in tags:
            # An unknown tag selects nothing; indexing with () would select everything.
            mask[self._tags[field].get(tag, np.zeros(0, np.int32))] = True
        return mask


def _numbers(values: Sequence[str]) -> NDArray[np.int32]:
    """Integers, 0 where a field is empty."""
    return np.array([int(value) if value else 0 for value in values], np.int32)


def _inverted(values: Sequence[str]) -> dict[str, NDArray[np.int32]]:
    """Codes of the items that have each tag."""
    codes: dict[str, list[int]] = defaultdict(list)
    for code, value in enumerate(values):
        for tag in value.split("/"):
            if tag:
                codes[tag].append(code)
    return {tag: np.array(found, np.int32) for tag, found in codes.items()}
