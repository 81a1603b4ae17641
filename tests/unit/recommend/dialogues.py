"""Plays a written dialogue against the skill, with a stand-in for the slots that Rasa keeps between turns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actions.recommend_conversation import converse
from actions.recommend_service import RecommendService
from actions.reply import Reply
from actions.skill import Turn
from models.recommender.catalogue import Catalogue, Item

SAME_GENRE = {"音乐": "歌舞"}


@dataclass
class Memory:
    """Slots as Rasa keeps them: JSON, set by events, kept until they are set again."""

    stored: dict[str, str] = field(default_factory=dict)

    def slots(self) -> dict[str, Any]:
        return {name: json.loads(value) for name, value in self.stored.items()}

    def set(self, changed: Mapping[str, Any]) -> None:
        self.stored |= {name: json.dumps(value, ensure_ascii=False) for name, value in changed.items()}


def say(text: str, memory: Memory, service: RecommendService, number: int = 0) -> Reply:
    """One turn; the reply is read back through the contract."""
    turn = Turn(text, "dialogue", f"m{number}", "recommend", 0.9, slots=memory.slots())
    outcome = converse(turn, service)
    memory.set(outcome.slots)
    return Reply.model_validate(outcome.reply.model_dump(mode="json"))


def play(dialogue: Mapping[str, Any], service: RecommendService) -> list[list[str]]:
    """What was wrong in each turn; turns that another skill answers are left out."""
    memory, shown, faults = Memory(), set(), []
    catalogue = service.shelves["film"].recommender.catalogue
    for number, turn in enumerate(dialogue["turns"]):
        expect = turn.get("expect") or {}
        if expect.get("capability", "recommend") != "recommend":
            continue
        reply = say(turn["user"], memory, service, number)
        faults.append(wrong(reply, expect, catalogue, shown))
        shown |= {item["id"] for item in reply.data.get("items", ())}
    return faults


def wrong(reply: Reply, expect: Mapping[str, Any], catalogue: Catalogue, shown: set[str]) -> list[str]:
    """Names of the expectations that a reply does not meet."""
    items = [catalogue[row["id"]] for row in reply.data.get("items", ())]
    return [key for key, value in expect.items() if not _met(key, value, reply, items, shown)]


def _met(key: str, value: Any, reply: Reply, items: list[Item], shown: set[str]) -> bool:
    tests = {
        "min_items": lambda: len(items) >= value,
        "max_items": lambda: len(items) <= value,
        "all_genre": lambda: all(genre(g) in i.genres for i in items for g in listed(value)),
        "any_genre": lambda: any(genre(g) in i.genres for i in items for g in listed(value)),
        "no_genre": lambda: not any(genre(g) in i.genres for i in items for g in listed(value)),
        "all_country": lambda: all(value in i.countries for i in items),
        "all_director": lambda: all(value in i.directors for i in items),
        "any_actor": lambda: any(value in i.actors for i in items),
        "family": lambda: all(i.family for i in items),
        "year_min": lambda: all((i.year or 0) >= value for i in items),
        "year_max": lambda: all((i.year or 9999) <= value for i in items),
        "runtime_max": lambda: all((i.runtime or 999) <= value for i in items),
        "not_items": lambda: not {str(v) for v in value} & {i.id for i in items},
        "no_repeat": lambda: not shown & {i.id for i in items},
        "asks_back": lambda: reply.band == "suggest" and bool(reply.buttons or reply.cards),
        "explains": lambda: (
            bool(reply.data.get("explanation")) or (all(c.reason for c in reply.cards) and bool(reply.cards))
        ),
        "profile": lambda: "profile" in reply.data,
        "forgets": lambda: bool(reply.data.get("forgotten")),
        "text_contains_any": lambda: any(v in everything(reply) for v in value),
        "capability": lambda: reply.capability == value,
    }
    return bool(tests[key]())


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def genre(name: str) -> str:
    return SAME_GENRE.get(name, name)


def everything(reply: Reply) -> str:
    """What the person reads: the text and the cards."""
    return "\n".join([reply.text, *(f"{c.title} {c.subtitle} {c.reason}" for c in reply.cards)])
