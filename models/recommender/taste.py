"""What one person told us about taste: kept for long, shown on request, changed and forgotten in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from models.recommender.catalogue import Catalogue
from models.recommender.constraints import Constraints

LIKED_RATING = 5.0
MOST_TITLES = 400
"""Of each kind; the oldest are dropped first."""
SHOWN_TITLES = 12
T = TypeVar("T")
FIELDS = {"genres": "类型", "moods": "氛围", "countries": "国家或地区", "directors": "导演", "actors": "演员"}


@dataclass(frozen=True)
class Taste:
    """Immutable; every change returns a new one.

    Attributes:
        liked, disliked, seen: item ids, the latest last, each in one of liked and disliked at most.
        declined: item ids that were of no interest when they were shown; they stay away and weigh nothing.
        prefers, avoids: (field, tag), such as ("genres", "恐怖").
    """

    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    prefers: tuple[tuple[str, str], ...] = field(default=())
    avoids: tuple[tuple[str, str], ...] = field(default=())

    def __bool__(self) -> bool:
        return any((self.liked, self.disliked, self.seen, self.declined, self.prefers, self.avoids))

    @property
    def ratings(self) -> dict[str, float]:
        """Liked items as the recommender takes them, the latest last."""
        return dict.fromkeys(self.liked, LIKED_RATING)

    def with_titles(self, liked: Iterable[str] = (), disliked: Iterable[str] = (), seen: Iterable[str] = ()) -> Taste:
        """After something was said about titles; the last word counts."""
        liked, disliked, seen = tuple(liked), tuple(disliked), tuple(seen)
        return replace(
            self,
            liked=_latest([i for i in self.liked if i not in disliked], liked),
            disliked=_latest([i for i in self.disliked if i not in liked], disliked),
            seen=_latest(self.seen, seen),
            declined=tuple(i for i in self.declined if i not in liked),
        )

    def declining(self, items: Iterable[str]) -> Taste:
        """After "都不感兴趣" about a list."""
        return replace(self, declined=_latest(self.declined, (i for i in items if i not in self.liked)))

    def with_wishes(self, wishes: Constraints) -> Taste:
        """After "我喜欢科幻片" or "我讨厌恐怖片"."""
        wanted = [(f, tag) for f in FIELDS for tag in getattr(wishes, f)]
        turned_down = [(f, tag) for f in FIELDS for tag in getattr(wishes, f"exclude_{f}")]
        return replace(
            self,
            prefers=_latest([t for t in self.prefers if t not in turned_down], wanted),
            avoids=_latest([t for t in self.avoids if t not in wanted], turned_down),
        )

    def without(self, titles: Iterable[str], wishes: Constraints) -> Taste:
        """After "忘掉…": neither the titles nor the tags are remembered, whatever was said about them."""
        gone = set(titles)
        tags = {(f, tag) for f in FIELDS for tag in (*getattr(wishes, f), *getattr(wishes, f"exclude_{f}"))}
        return Taste(
            tuple(i for i in self.liked if i not in gone),
            tuple(i for i in self.disliked if i not in gone),
            tuple(i for i in self.seen if i not in gone),
            tuple(i for i in self.declined if i not in gone),
            tuple(t for t in self.prefers if t not in tags),
            tuple(t for t in self.avoids if t not in tags),
        )

    def avoiding(self, wishes: Constraints) -> Constraints:
        """``wishes`` with what is avoided in general, unless it is asked for now."""
        added: dict[str, Any] = {
            f"exclude_{f}": (*getattr(wishes, f"exclude_{f}"), *(tag for field, tag in self.avoids if field == f and tag not in getattr(wishes, f)))
            for f in FIELDS
        }  # fmt: skip
        unique: dict[str, Any] = {name: tuple(dict.fromkeys(tags)) for name, tags in added.items()}
        return replace(wishes, **unique)

    def described(self, catalogue: Catalogue) -> str:
        """In Chinese lines, for the person it belongs to."""
        lines = []
        for label, ids in (
            ("喜欢的影片", self.liked),
            ("不喜欢的影片", self.disliked),
            ("看过的影片", self.seen),
            ("不感兴趣的影片", self.declined),
        ):
            names = [f"《{catalogue[i].title}》" for i in reversed(ids) if i in catalogue]
            if names:
                more = f" 等 {len(names)} 部" if len(names) > SHOWN_TITLES else ""
                lines.append(f"· {label}：{'、'.join(names[:SHOWN_TITLES])}{more}")
        for label, tags in (("偏爱", self.prefers), ("不想看", self.avoids)):
            if tags:
                lines.append(f"· {label}：" + "、".join(f"{FIELDS[f]}“{tag}”" for f, tag in tags))
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """As it is stored; only JSON types."""
        return {
            "liked": list(self.liked), "disliked": list(self.disliked), "seen": list(self.seen), "declined": list(self.declined),
            "prefers": [list(t) for t in self.prefers], "avoids": [list(t) for t in self.avoids],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, stored: object) -> Taste:
        """The inverse of as_dict; what is missing or of another form is nothing said."""
        if not isinstance(stored, Mapping):
            return cls()
        titles = {
            name: tuple(str(i) for i in stored.get(name) or ()) for name in ("liked", "disliked", "seen", "declined")
        }
        tags = {
            name: tuple((str(t[0]), str(t[1])) for t in stored.get(name) or () if len(t) == 2 and t[0] in FIELDS)
            for name in ("prefers", "avoids")
        }
        return cls(
            titles["liked"], titles["disliked"], titles["seen"], titles["declined"], tags["prefers"], tags["avoids"]
        )


def _latest(old: Iterable[T], new: Iterable[T]) -> tuple[T, ...]:
    """Both in order, a repeated one at its latest place, bounded."""
    merged = dict.fromkeys(old)
    for each in new:
        merged.pop(each, None)
        merged[each] = None
    return tuple(merged)[-MOST_TITLES:]
