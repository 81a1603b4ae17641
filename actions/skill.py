"""What a skill is, and the turn that it is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from actions.reply import Button, Capability, Reply
from actions.services import Services


@dataclass(frozen=True)
class Turn:
    """One user message as a skill sees it.

    Attributes:
        text: normalised text (NFKC, simplified characters), at most 2,000 characters, may be empty with attachments.
        conversation: opaque id of the conversation; the key of everything that is remembered about it.
        message_id: id of the message, unique in its conversation.
        intent: name of the best intent, ``intent_confidence`` in [0, 1].
        entities: (entity name, value) in order of appearance.
        slots: the conversation's memory before this turn.
        attachments: uploaded files: id, kind (image or audio), mime and path on this machine.
    """

    text: str
    conversation: str
    message_id: str
    intent: str
    intent_confidence: float
    entities: tuple[tuple[str, str], ...] = ()
    slots: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Mapping[str, str], ...] = ()


ANSWERED: Mapping[str, Any] = {"misses": 0, "offer": None}
"""Slots of a turn that got an answer: the row of misses, after which a person is offered, is over."""


@dataclass(frozen=True)
class Outcome:
    """What a skill returns: the reply, and the slots that it changes (None forgets one)."""

    reply: Reply
    slots: Mapping[str, Any] = field(default_factory=dict)


SkillFunction = Callable[[Turn, Services], Awaitable[Outcome]]


@dataclass(frozen=True)
class Skill:
    """An entry of the registry: one skill, reached by one action.

    Attributes:
        name: also the name of its module in actions/, its domain file and its rules file.
        capability: what its replies carry.
        intents: the intents that reach it; each has a file in nlu_data/nlu/.
        run: the coroutine function that does the work.
        title: what the skill is called when the assistant introduces itself.
        examples: sentences that a visitor may say to try it; shown as buttons. Empty while it is not available.
        also: further actions of the same skill, by their full Rasa name, such as the question of a form.
        claims: whether a message that was understood as something else carries on what this skill did last; asked only
            while this skill answered last.
    """

    name: str
    capability: Capability
    intents: tuple[str, ...]
    run: SkillFunction
    title: str
    examples: tuple[str, ...] = ()
    also: Mapping[str, SkillFunction] = field(default_factory=dict)
    claims: Callable[[Turn], bool] | None = None

    @property
    def action(self) -> str:
        """Name of the Rasa action."""
        return f"action_{self.name}"


def example_buttons(skills: tuple[Skill, ...], limit: int = 4) -> tuple[Button, ...]:
    """One button a skill with its first example, at most ``limit``."""
    return tuple(Button(title=s.examples[0], payload=s.examples[0]) for s in skills if s.examples)[:limit]
