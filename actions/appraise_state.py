"""What the appraising skill remembers within a conversation; the slot ``appraise_state`` holds it as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from actions.stored_state import StoredState

SLOT = "appraise_state"


@dataclass(frozen=True)
class State(StoredState):
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
