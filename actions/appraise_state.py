"""What the appraising skill remembers within a conversation; the slot ``appraise_state`` holds it as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

SLOT = "appraise_state"


@dataclass(frozen=True)
class State:
    """Between two turns.

    Attributes:
        picture: path of the picture in hand; before: of the one before it. Empty when there is none.
        tone: "usual", "expert" or "simple"; child: whether a child drew it.
        insists: whether the visitor said that it is a painting after all.
        shown: ids of gallery works that were shown.
    """

    picture: str = ""
    before: str = ""
    tone: str = "usual"
    child: bool = False
    insists: bool = False
    shown: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As it is stored; only JSON types."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, stored: object) -> State:
        """The inverse of as_dict; what another release stored and this one does not know is left out."""
        if not isinstance(stored, Mapping):
            return cls()
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in stored.items() if n in known}
        return cls(**values)
