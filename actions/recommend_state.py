"""What the recommendation skill remembers within a conversation; the slot ``recommend_state`` holds it as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from actions.stored_state import StoredState, listed, tupled
from models.recommender.constraints import Constraints
from models.recommender.language import Message

SLOT = "recommend_state"
TASTE_SLOT = "taste"
MOST_SHOWN = 300
SHORT_WISH = 4
"""A kind of film said in so few characters (西部片) goes on from a country or a decade."""
LISTS = ("genres", "moods", "countries", "directors", "actors")


@dataclass(frozen=True)
class State(StoredState):
    """Between two turns.

    Attributes:
        domain: film, or what the operator imported.
        wishes: of the request that is being refined; similar: the items it should be like.
        count: how many items a list has; diversity: how far popular items are held back.
        items: ids of the list shown last; reasons: a sentence for each.
        shown: ids shown before, the latest last; they do not come again in this conversation.
        focus: the item spoken of last.
        asked: how many questions about taste were asked; asking: whether the last turn was one.
        pending: candidates of a title that was asked back; pending_role: what was said about it.
        better: whether well rated items come first.
    """

    domain: str = "film"
    wishes: Constraints = field(default_factory=Constraints)
    similar: tuple[str, ...] = ()
    count: int | None = None
    diversity: float | None = None
    items: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    focus: str | None = None
    asked: int = 0
    asking: bool = False
    better: bool = False
    pending: tuple[str, ...] = ()
    pending_role: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As it is stored; only JSON types, and of the wishes only those that are set."""
        return super().as_dict() | {"wishes": wishes_as_dict(self.wishes)}

    @classmethod
    def from_dict(cls, stored: object) -> Self:
        """The inverse of as_dict; what another release stored and this one does not know is left out."""
        wishes = stored.get("wishes") if isinstance(stored, Mapping) else None
        return replace(super().from_dict(stored), wishes=Constraints(**tupled(dict(wishes or {}))))

    def showing(self, items: tuple[str, ...], reasons: tuple[str, ...]) -> State:
        """After a list was shown."""
        shown = tuple(dict.fromkeys((*self.shown, *items)))[-MOST_SHOWN:]
        return replace(self, items=items, reasons=reasons, shown=shown, focus=None)


def wishes_as_dict(wishes: Constraints) -> dict[str, Any]:
    """The wishes that are set, JSON types."""
    return listed({name: value for name, value in asdict(wishes).items() if value})


def merged(state: State, message: Message) -> State:
    """The request after this message: a new one, or the last one changed by what was said."""
    new, old = message.wishes, state.wishes
    goes_on = len(message.text) <= SHORT_WISH and bool(old.fields) and not old.genres and not message.similar_to
    if message.fresh and not goes_on and (message.wishes.fields or message.similar_to) and not message.drops:
        # A request of its own; what was turned down before stays turned down.
        kept = {f"exclude_{f}": getattr(old, f"exclude_{f}") for f in LISTS}
        old = Constraints(**kept)
        state = replace(state, similar=(), diversity=None, better=False, count=None)
    values: dict[str, Any] = {}
    for name in LISTS:
        wanted, turned_down = getattr(new, name), getattr(new, f"exclude_{name}")
        before = getattr(old, name)
        if wanted and name in ("genres", "actors", "directors") and message.adds and not message.replaces:
            before = (*before, *wanted)
        elif wanted:
            before = wanted
        values[name] = tuple(dict.fromkeys(t for t in before if t not in turned_down or t in wanted))
        against = (*getattr(old, f"exclude_{name}"), *turned_down)
        values[f"exclude_{name}"] = tuple(dict.fromkeys(t for t in against if t not in wanted or t in turned_down))
    for name in ("years", "runtime", "audience"):
        values[name] = getattr(new, name) or getattr(old, name)
    wishes = Constraints(**values)
    for name in message.drops:
        wishes = wishes.without(name)
    return replace(
        state,
        wishes=wishes,
        similar=message.similar_to or state.similar,
        count=message.count or state.count,
        diversity={"obscure": 1.0, "popular": 0.0}.get(message.change or "", state.diversity),
        better=state.better or message.change == "better",
    )
