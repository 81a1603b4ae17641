"""Makes Rasa actions out of the registry: limits, errors and the reply contract in one place for all skills."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import handoff
from actions.registry import SKILLS, skill_for_intent
from actions.reply import Reply
from actions.services import Services
from actions.skill import Outcome, Skill, SkillFunction, Turn
from models.errors import WenyuError

log = structlog.get_logger(__name__)
Events = list[dict[str, Any]]
TOPIC = "topic"
"""Slot with the name of the skill that answered last, where that skill may claim the next message."""
STARTING = "我刚刚启动，这项本领还在准备，请过几秒再说一次。"


def turn_of(tracker: Tracker) -> Turn:
    """The current turn, read from the part of the tracker that Rasa sends."""
    message = tracker.latest_message
    metadata = message.get("metadata") or {}
    intent = message.get("intent") or {}
    entities = tuple((str(e["entity"]), str(e["value"])) for e in message.get("entities") or ())
    return Turn(
        text=str(message.get("text") or ""),
        conversation=str(tracker.sender_id),
        message_id=str(metadata.get("message_id") or message.get("message_id") or ""),
        intent=str(intent.get("name") or ""),
        intent_confidence=float(intent.get("confidence") or 0.0),
        entities=entities,
        slots=tracker.slots,
        attachments=tuple(metadata.get("attachments") or ()),
    )


def reference(turn: Turn) -> str:
    """A short number that the visitor can quote and the log holds."""
    return "W" + hashlib.sha256(f"{turn.conversation}\0{turn.message_id}".encode()).hexdigest()[:8].upper()


def carried_on(turn: Turn) -> Skill | None:
    """The skill that answered last, when this message carries on what it did, whatever the intent seems to be."""
    last = next((skill for skill in SKILLS if skill.name == turn.slots.get(TOPIC)), None)
    return last if last is not None and last.claims is not None and last.claims(turn) else None


class SkillAction(Action):  # type: ignore[misc]
    """One Rasa action that runs one function of a skill within its time limit and never answers with an error text."""

    def __init__(
        self, name: str, function: SkillFunction, services: Services, timeout_s: float, skill: Skill | None = None
    ) -> None:
        """``skill``: given for the main action of a skill, which another skill may take over in ``carried_on``."""
        self._name, self._function, self._services, self._timeout_s = name, function, services, timeout_s
        self._skill = skill

    def name(self) -> str:
        return self._name

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        """Run the skill; the dispatcher receives exactly one reply of the contract."""
        turn = turn_of(tracker)
        last = carried_on(turn) if self._skill else None
        outcome = await self._outcome(turn, last.run if last else self._function)
        dispatcher.utter_message(json_message=outcome.reply.model_dump(mode="json"))
        skill = last or self._skill
        slots = {**outcome.slots, TOPIC: skill.name if skill and skill.claims else None}
        changed = {k: v for k, v in slots.items() if tracker.slots.get(k) != v}
        return [SlotSet(key, value) for key, value in changed.items()]

    async def _outcome(self, turn: Turn, function: SkillFunction) -> Outcome:
        number = reference(turn)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await function(turn, self._services)
        except TimeoutError:
            log.warning("skill_timeout", action=self._name, reference=number)
            text = (
                STARTING
                if self._services.loading()
                else f"这一步花的时间太长，我先停下来了，请稍后再试。（编号 {number}）"
            )
        except WenyuError as error:
            log.warning("skill_refused", action=self._name, reference=number, code=error.code, hint=error.hint)
            text = error.user_message
        except Exception as error:  # noqa: BLE001 - whatever fails, the visitor gets a sentence and a number
            where = error.__traceback__
            while where and where.tb_next:
                where = where.tb_next
            place = f"{where.tb_frame.f_code.co_filename}:{where.tb_lineno}" if where else ""
            log.error("skill_failed", action=self._name, reference=number, error=type(error).__name__, place=place)
            text = f"抱歉，我这边出了点问题，没能完成。请稍后再试，或者说“转人工”。（编号 {number}）"
        reply = Reply(text=text, capability="fallback", band="refuse", confidence=0.0, data={"reference": number})
        return Outcome(reply)


class ValidateHandoffForm(Action):  # type: ignore[misc]
    """Reads the answer to the question for a contact; a message about something else leaves the form for its skill."""

    def name(self) -> str:
        return "validate_handoff_form"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        """Fill ``handoff_contact``, or close the form and let the skill of the message's intent answer."""
        if tracker.slots.get("requested_slot") != "handoff_contact":
            return []
        turn = turn_of(tracker)
        contact = handoff.read_contact(turn)
        if contact is not None:
            return [SlotSet("handoff_contact", contact)]
        skill = skill_for_intent(turn.intent)
        if skill.name == "handoff":
            return [SlotSet("handoff_contact", handoff.SKIP)]
        return [
            SlotSet("handoff_contact", None),
            SlotSet("requested_slot", None),
            SlotSet("ticket_id", None),
            ActiveLoop(None),
            FollowupAction(skill.action),
        ]


def rasa_actions(services: Services, timeout_s: float) -> tuple[Action, ...]:
    """Every action that the domain names, ready to be registered with a rasa-sdk executor."""
    actions: list[Action] = [ValidateHandoffForm()]
    for skill in SKILLS:
        actions.append(SkillAction(skill.action, skill.run, services, timeout_s, skill))
        actions += [SkillAction(name, run, services, timeout_s) for name, run in skill.also.items()]
    return tuple(actions)
