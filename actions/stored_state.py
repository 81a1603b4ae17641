"""What a skill remembers between two turns, as the slot holds it: JSON types only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


def listed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with tuples as lists."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def tupled(values: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`listed`."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


@dataclass(frozen=True)
class StoredState:
    """Base of a memory whose fields are JSON types and tuples of them, each with a default."""

    def as_dict(self) -> dict[str, Any]:
        """As it is stored; only JSON types."""
        return listed(asdict(self))

    @classmethod
    def from_dict(cls, stored: object) -> Self:
        """The inverse of as_dict; what another release stored and this one does not know is left out."""
        if not isinstance(stored, Mapping):
            return cls()
        known = {f.name for f in fields(cls)}
        return cls(**tupled({name: value for name, value in stored.items() if name in known}))
