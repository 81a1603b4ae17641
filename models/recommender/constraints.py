"""What somebody wants and does not want, apart from taste."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from models.recommender.errors import ContradictionError

Bounds = tuple[int | None, int | None]
Audience = Literal["family", "grown_up"]

NAMES = {"genres": "类型", "moods": "氛围", "countries": "国家或地区", "directors": "导演", "actors": "演员"}


@dataclass(frozen=True)
class Constraints:
    """Wishes that every recommended item meets.

    Attributes:
        genres, actors: all of them; moods, countries, directors: one of them.
        years: first and last year, either may be None; runtime: minutes likewise.
        audience: "family" for watching with children, "grown_up" for the rest.
        exclude_*: none of them.
    """

    genres: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    years: Bounds | None = None
    runtime: Bounds | None = None
    audience: Audience | None = None
    exclude_genres: tuple[str, ...] = ()
    exclude_moods: tuple[str, ...] = ()
    exclude_countries: tuple[str, ...] = ()
    exclude_directors: tuple[str, ...] = ()
    exclude_actors: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the wishes that are set."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name))

    def without(self, field: str) -> Constraints:
        """The same without one wish."""
        changes: dict[str, Any] = {field: getattr(Constraints(), field)}
        return replace(self, **changes)

    @property
    def required(self) -> Iterator[tuple[str, str]]:
        """(field, tag) that must be there."""
        for field in ("genres", "actors"):
            for tag in getattr(self, field):
                yield field, tag

    @property
    def alternatives(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(field, tags) of which one must be there."""
        for field in ("moods", "countries", "directors"):
            if getattr(self, field):
                yield field, getattr(self, field)

    @property
    def excluded(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(field, tags) of which none may be there."""
        for field in NAMES:
            if getattr(self, f"exclude_{field}"):
                yield field, getattr(self, f"exclude_{field}")

    def check(self) -> None:
        """Refuse wishes that nothing can meet.

        Raises:
            ContradictionError: something is wanted and excluded, or a range ends before it begins.
        """
        for field, name in NAMES.items():
            both = [tag for tag in getattr(self, field) if tag in getattr(self, f"exclude_{field}")]
            if both:
                raise ContradictionError(f"{name}“{both[0]}”既要又不要，我没法同时满足。您更想要哪一种？")
        for name, bounds in (("年代", self.years), ("片长", self.runtime)):
            if bounds and bounds[0] is not None and bounds[1] is not None and bounds[0] > bounds[1]:
                raise ContradictionError(f"{name}的要求互相矛盾，没有片子能同时满足，请再说一次。")
