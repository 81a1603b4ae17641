"""How many slot values of labelled utterances are understood; the held-out file and our own have the same form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.recommender.constraints import Bounds
from models.recommender.language import Language, Message
from tests.unit.recommend.dialogues import genre

TITLES = ("liked", "disliked", "similar_to")
TAGS = ("genres", "moods", "countries", "directors", "actors", "exclude_genres", "exclude_moods")
RECENT_AT_LEAST = 2005
SHORT_AT_MOST = 120
MINUTES_APART = 15


@dataclass
class Score:
    """Values understood, out of those that are there and those that were read into it; utterances without a fault."""

    right: int = 0
    total: int = 0
    whole: int = 0
    utterances: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def accuracy(self) -> float:
        """Share of values, in [0, 1]; a value too many counts like one missed."""
        return self.right / self.total


def score(language: Language, utterances: Sequence[Mapping[str, Any]]) -> Score:
    """Understand each utterance and compare."""
    result = Score(utterances=len(utterances))
    for utterance in utterances:
        found = slots(language.understand(utterance["text"]))
        faults = 0
        for name in {*found, *utterance["slots"]}:
            also = utterance.get("also_ok", {}).get(name, [])
            right, total = _compare(name, found.get(name), utterance["slots"].get(name), also)
            result.right, result.total = result.right + right, result.total + total
            result.faults[name] += total - right
            faults += total - right
        result.whole += not faults
    return result


def slots(message: Message) -> dict[str, Any]:
    """A message in the form of the labels."""
    wishes = message.wishes
    found: dict[str, Any] = {name: {int(i) for i in getattr(message, name)} for name in TITLES}
    found |= {name: set(getattr(wishes, name)) for name in TAGS}
    found |= {"audience": wishes.audience, "era": wishes.years, "runtime": wishes.runtime, "count": message.count}
    return {name: value for name, value in found.items() if value}


def _compare(name: str, found: Any, wanted: Any, also: Sequence[Any]) -> tuple[int, int]:
    """(right, total) for one slot."""
    if name in TITLES or name in TAGS:
        expected, allowed = {genre(v) for v in wanted or ()}, {genre(v) for v in also}
        got = set(found or ())
        return len(got & expected), len(expected | (got - allowed))
    same = {"era": same_years, "runtime": same_runtime}.get(name, lambda a, b: a == b)
    if wanted is None:
        return 0, int(not any(same(found, other) for other in also))
    return int(found is not None and same(found, wanted)), 1


def same_years(found: Bounds, label: str | int) -> bool:
    """Whether a range is what the label says: 1994, 1990s, recent, before 1980, after 2000."""
    first, last = found
    if isinstance(label, int):
        return found == (label, label)
    if label == "recent":
        return last is None and (first or 0) >= RECENT_AT_LEAST
    if label.endswith("s"):
        return found == (int(label[:4]), int(label[:4]) + 9)
    side, year = label.split()
    if side == "before":
        return first is None and last in (int(year), int(year) - 1)
    return last is None and first in (int(year), int(year) + 1)


def same_runtime(found: Bounds, label: str | int) -> bool:
    """Whether a range of minutes is short, long, or at most the label, give or take a quarter of an hour."""
    least, most = found
    if label == "short":
        return least is None and most is not None and most <= SHORT_AT_MOST
    if label == "long":
        return most is None and least is not None
    return most is not None and abs(most - int(label)) <= MINUTES_APART
