"""What the composing skill remembers: the request that makes the piece again, and what was offered to choose from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from models.music.piece import Request, RequestError

SLOT = "compose_state"


@dataclass(frozen=True)
class State:
    """Attributes:
    request: of the piece in hand; instrument: its Chinese name; mood: a leading word of compose_moods, or empty.
    offered: seeds of the pieces that the last turn offered to choose from.
    made: how many pieces this conversation has had, so that "another one" is another one.
    """

    request: Request | None = None
    instrument: str = "钢琴"
    mood: str = ""
    offered: tuple[int, ...] = ()
    made: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As the slot holds it; only JSON types."""
        values = dataclasses.asdict(self)
        return {**values, "offered": list(self.offered), "request": values["request"] and _listed(values["request"])}

    @classmethod
    def from_dict(cls, stored: object) -> State:
        """The inverse of as_dict; what another release stored and this one does not know starts afresh."""
        if not isinstance(stored, Mapping):
            return cls()
        try:
            request = stored.get("request")
            made = Request(**_tupled(request)) if request else None
            if made is not None:
                made.check()
            return cls(
                made,
                str(stored["instrument"]),
                str(stored["mood"]),
                tuple(int(s) for s in stored["offered"]),
                int(stored["made"]),
            )
        except (KeyError, TypeError, ValueError, RequestError):
            return cls()

    def with_request(self, **changes: Any) -> State:
        """The same with changes to the request."""
        if self.request is None:
            raise ValueError("there is no piece yet")
        return replace(self, request=replace(self.request, **changes))


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    return {k: [list(e) if isinstance(e, tuple) else e for e in v] if isinstance(v, tuple) else v
            for k, v in values.items()}  # fmt: skip


def _tupled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(tuple(e) if isinstance(e, list) else e for e in v) if isinstance(v, list) else v
            for k, v in values.items()}  # fmt: skip
