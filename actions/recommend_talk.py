"""One turn of the recommendation skill in progress: what was said, what is remembered, what to mention in the reply."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from actions import recommend_replies as say
from actions.recommend_state import State
from actions.reply import Band, Button, Card, Reply
from models.recommender.catalogue import Catalogue
from models.recommender.constraints import Constraints
from models.recommender.language import Message
from models.recommender.model import Recommender
from models.recommender.taste import Taste

LIST_LENGTH = 5
TRY = (
    Button(title="推荐几部科幻片", payload="推荐几部科幻片"),
    Button(title="像《霸王别姬》的电影", payload="推荐几部像《霸王别姬》的电影"),
    Button(title="我的口味", payload="我的口味是什么"),
)


@dataclass
class Talk:
    """``state`` and ``taste`` are replaced as the message is taken in; ``notes`` are said before the answer."""

    recommender: Recommender
    state: State
    taste: Taste
    message: Message
    confidence: float
    notes: list[str] = field(default_factory=list)

    @property
    def catalogue(self) -> Catalogue:
        """The items of the domain."""
        return self.recommender.catalogue

    @property
    def unit(self) -> str:
        """Measure word of the domain."""
        return say.unit(self.state.domain)

    def wishes(self) -> Constraints:
        """What is wanted now, without what the person avoids in general."""
        return self.taste.avoiding(self.state.wishes)

    def reply(
        self,
        text: str,
        *,
        band: Band = "answer",
        cards: Iterable[Card] = (),
        buttons: Iterable[Button] = (),
        items: Sequence[dict[str, Any]] = (),
        **more: Any,
    ) -> Reply:
        """A reply of this skill; ``more`` goes into its data."""
        return Reply(
            text="\n".join([*self.notes, text]),
            capability="recommend",
            band=band,
            confidence=self.confidence,
            cards=tuple(cards),
            buttons=tuple(buttons),
            data=say.data(self.state, items, **more),
        )

    def chosen(self) -> tuple[str, ...] | None:
        """Which items are meant: titles, positions in the list, the one spoken of; None when a position does not exist."""
        message, items = self.message, self.state.items
        if message.titles:
            return message.titles
        if message.places:
            if any(place > len(items) or not items for place in message.places):
                return None
            return tuple(items[place - 1] if place > 0 else items[-1] for place in message.places)
        if self.state.focus and not message.all:
            return (self.state.focus,)
        return items if message.all or not message.it or len(items) == 1 else items[:1]

    def no_such_place(self) -> Reply:
        """A position that the list shown last does not have."""
        n = len(self.state.items)
        if not n:
            return self.reply("我还没有推荐过，先说说您想看什么吧。", band="suggest", buttons=TRY)
        return self.reply(f"刚才只有 {n} {self.unit}，请再说一下是第几{self.unit}。", band="suggest")
