"""Two parts of Rasa, replaced.

How it calls the action server: Rasa 3.6 opens a connection a call, checks a constant JSON schema anew every time, sends
the whole history and the whole domain, waits 300 seconds, and leaves the user without an answer when the call fails.
How it reads an event: it walks through all classes of events for each one.
"""

import asyncio
import logging
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Dict, List, Optional, Type

import aiohttp
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction, create_bot_utterance
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActiveLoop, Event, SlotSet, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.shared.utils.common import all_subclasses

from bot.dialogue.logs import log
from bot.dialogue.messages import apology, reference

MIN_CALL_S = 0.05
VALIDATE, ASK = "validate_", "action_ask_"
turn_ends: ContextVar[float] = ContextVar("turn_ends")
"""Time of the event loop at which the actions of this turn have to be done."""


class ActionFailed(Exception):
    """The action server could not be reached, was too slow, or answered nonsense."""


class ActionClient:
    """Calls the action server over connections that stay open.

    Args:
        url: the webhook of the action server.
        timeout_s: time for all actions of one turn together.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url, self._timeout_s = url, timeout_s
        self._session: Optional[aiohttp.ClientSession] = None

    def begin_turn(self) -> None:
        """Start the clock of the current turn."""
        turn_ends.set(asyncio.get_running_loop().time() + self._timeout_s)

    async def call(self, name: str, tracker: DialogueStateTracker) -> Dict[str, Any]:
        """Run one action.

        The action server gets the slots and the last message, not the history: its actions read nothing else.

        Raises:
            ActionExecutionRejection: when the action rejects to run.
            ActionFailed: for every other failure.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession()
        body = {
            "next_action": name,
            "sender_id": tracker.sender_id,
            "tracker": {**tracker.current_state(EventVerbosity.NONE), "events": []},
            "domain": {},
        }
        left = max(MIN_CALL_S, turn_ends.get() - asyncio.get_running_loop().time())
        try:
            async with self._session.post(self._url, json=body, timeout=aiohttp.ClientTimeout(total=left)) as response:
                answer = await response.json(content_type=None)
                if response.status == 400 and answer.get("error") == "rejected":
                    raise ActionExecutionRejection(name)
                if response.status != 200:
                    raise ActionFailed(f"status_{response.status}")
        except asyncio.TimeoutError:
            raise ActionFailed("timeout") from None
        except (aiohttp.ClientError, ValueError, AttributeError) as error:
            raise ActionFailed(type(error).__name__) from None
        if not isinstance(answer, dict):
            raise ActionFailed("not_an_object")
        for part in ("events", "responses"):
            if not all(isinstance(item, dict) for item in answer.get(part) or []):
                raise ActionFailed(f"bad_{part}")
        return answer

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()


def _events_of(answer: Dict[str, Any]) -> List[Event]:
    said: List[Event] = []
    for response in answer.get("responses") or []:
        filled = {key: value for key, value in response.items() if value}
        if filled:
            said.append(create_bot_utterance(filled))
    return said + deserialise_events(answer.get("events") or [])


def _after_failure(name: str, tracker: DialogueStateTracker, domain: Domain) -> List[Event]:
    """What the visitor gets when an action failed, and a state from which the next message can go on.

    * A form whose question could not be asked is closed: asking for it again starts it again.
    * A form whose last step failed is opened again at its last slot: giving the answer again completes it.
    """
    message = tracker.latest_message
    number = reference(tracker.sender_id, (message.message_id if message else None) or "")
    events: List[Event] = [create_bot_utterance({"custom": apology(number)})]
    form = tracker.latest_action_name
    if name.startswith(ASK):
        events += [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)]
    elif form in domain.form_names:
        slots = domain.required_slots_for_form(form)
        if slots and all(tracker.get_slot(slot) is not None for slot in slots):
            events += [SlotSet(slots[-1], None), ActiveLoop(form), SlotSet(REQUESTED_SLOT, slots[-1])]
    return events


def _event_class(type_name: str, default: Optional[Type[Event]] = None) -> Optional[Type[Event]]:
    found = _event_classes().get(type_name, default)
    if found is None:
        raise ValueError(f"unknown event type {type_name}")
    return found


@lru_cache(maxsize=1)
def _event_classes() -> Dict[str, Type[Event]]:
    return {each.type_name: each for each in all_subclasses(Event)}


def install(client: ActionClient) -> None:
    """Make every remote action of this process run through ``client``, and events read by a look-up."""

    async def run(
        self: RemoteAction, output_channel: Any, nlg: Any, tracker: DialogueStateTracker, domain: Domain
    ) -> List[Event]:
        try:
            return _events_of(await client.call(self.name(), tracker))
        except ActionFailed as error:
            log(logging.ERROR, "action_failed", action=self.name(), error=str(error))
            if self.name().startswith(VALIDATE):
                raise
            return _after_failure(self.name(), tracker, domain)

    RemoteAction.run = run
    Event.resolve_by_type = staticmethod(_event_class)
