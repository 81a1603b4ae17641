"""What the classifying skill remembers within a conversation; the slot ``classify_state`` holds it as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from actions.stored_state import StoredState

SLOT = "classify_state"


@dataclass(frozen=True)
class State(StoredState):
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
