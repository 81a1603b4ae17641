"""What a mention of a title stands for, and where a title was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
