"""What the classifying skill remembers within a conversation; the slot ``classify_state`` holds it as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

SLOT = "classify_state"


@dataclass(frozen=True)
class State:
    """Between two turns.

    Attributes:
        waiting: whether a text was asked for.
        wants: what is to be said of it, or was said.
        texts: what was classified last.
        english: whether labels are shown in English.
    """

    waiting: bool = False
    wants: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    english: bool = False

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
