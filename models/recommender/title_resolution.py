"""What a mention of a title stands for, and where a title was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

CANDIDATES = 6
MOST_OF_ONE_NAME = 30
DOMINANT = 5
"""A film with so many times the ratings of all others of its name is the one that is meant."""
DOMINANT_PART = 3

Status = Literal["resolved", "ambiguous", "unknown"]


@dataclass(frozen=True)
class Resolution:
    """What a mention stands for.

    Attributes:
        status: resolved (one item), ambiguous (several equally likely ones), unknown (``items`` are merely near).
        items: identifiers, the likeliest first; may be empty when unknown.
        score: similarity of the best name, in [0, 1].
        series: the candidates are the parts of one series.
    """

    status: Status
    items: tuple[str, ...] = ()
    score: float = 0.0
    series: bool = False


UNKNOWN = Resolution("unknown")


@dataclass(frozen=True)
class Found:
    """A name found in running text, [start, end) in the normalised text."""

    start: int
    end: int
    codes: tuple[int, ...]


class Choice:
    """Decides between items by how well they are known; immutable."""

    def __init__(self, ids: Sequence[str], popularity: Sequence[float] | None) -> None:
        """popularity: number of ratings of each item of ``ids``; all alike when None."""
        self._ids = ids
        self._popularity: NDArray[np.float32] = np.asarray(
            popularity if popularity is not None else np.ones(len(ids)), np.float32
        )

    def known(self, code: int) -> float:
        """How often the item was rated."""
        return float(self._popularity[code])

    def one(self, codes: Iterable[int], score: float, likeness: bool = False) -> Resolution:
        """One item when there is only one, or one that everybody means; else all of them.

        ``likeness``: they were found by likeness, so that fewer are worth asking about.
        """
        unique = sorted(set(codes), key=lambda c: (-self._popularity[c], c))
        ids = tuple(self._ids[c] for c in unique)
        dominant = DOMINANT_PART if likeness else DOMINANT
        if len(unique) > 1 and self._popularity[unique[0]] < dominant * self._popularity[unique[1]]:
            return Resolution("ambiguous", ids[: CANDIDATES if likeness else MOST_OF_ONE_NAME], score)
        return Resolution("resolved", ids[:1], score)

    def all(self, codes: Iterable[int], score: float, series: bool = True) -> Resolution:
        """All of them, the best known first."""
        unique = sorted(set(codes), key=lambda c: (-self._popularity[c], c))[:MOST_OF_ONE_NAME]
        return Resolution(
            "ambiguous" if len(unique) > 1 else "resolved", tuple(self._ids[c] for c in unique), score, series
        )
