"""One turn of a conversation: order, repetition, and an answer in every case."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any, Dict, List
from weakref import WeakValueDictionary

from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.logs import log
from bot.dialogue.messages import Incoming, ReplyChannel, apology, reference, said_after
from bot.dialogue.patches import ActionClient
from bot.dialogue.tracker_store import BoundedTrackerStore

WARM_UP_TEXTS = ("会员怎么取消自动续费", "推荐一部周星驰的喜剧电影")


@dataclass(frozen=True)
class TurnResult:
    """The bot's messages, at least one; ``replayed`` when the message had been answered before."""

    messages: List[Dict[str, Any]]
    replayed: bool


class Turns:
    """Runs turns, one at a time in each conversation.

    Args:
        processor: Rasa's, with the trained archive loaded.
        store: where the trackers are; it replaces the processor's own, which hides a failing database behind an
            empty memory.
        actions: the connection to the action server.
    """

    def __init__(self, processor: MessageProcessor, store: BoundedTrackerStore, actions: ActionClient) -> None:
        self._processor, self._store, self._actions = processor, store, actions
        self._locks: "WeakValueDictionary[str, asyncio.Lock]" = WeakValueDictionary()

    async def run(self, incoming: Incoming) -> TurnResult:
        """Answer a message, or return the answer it has had.

        Raises:
            Exception: whatever the database raises; nothing of the turn is stored then and it can be sent again.
        """
        lock = self._locks.get(incoming.conversation)
        if lock is None:
            lock = self._locks[incoming.conversation] = asyncio.Lock()
        async with lock:
            return await self._run(incoming)

    async def _run(self, incoming: Incoming) -> TurnResult:
        began = time.perf_counter()
        tracker = await self._tracker(incoming.conversation)
        events = list(tracker.events)
        for position in range(len(events) - 1, -1, -1):
            each = events[position]
            if isinstance(each, UserUttered) and each.message_id == incoming.message_id:
                return TurnResult(said_after(events, position), replayed=True)
        channel = ReplyChannel()
        await self._answer(incoming, tracker, channel)
        await self._store.save(tracker)
        message = tracker.latest_message
        log(
            logging.INFO,
            "turn",
            reference=reference(incoming.conversation, incoming.message_id),
            intent=message.intent_name if message else None,
            messages=len(channel.messages),
            ms=round((time.perf_counter() - began) * 1000, 1),
        )
        return TurnResult(channel.messages, replayed=False)

    async def warm_up(self) -> None:
        """Load what is loaded on first use (jieba's dictionary, sounds, vectors); stores nothing, calls no action."""
        tracker = self._new_tracker("warm-up")
        tracker.update(ActionExecuted(ACTION_LISTEN_NAME), self._processor.domain)
        for text in WARM_UP_TEXTS:
            message = UserMessage(text, ReplyChannel(), "warm-up", input_channel=ReplyChannel.name())
            await self._processor._handle_message_with_tracker(message, tracker)
        self._processor.predict_next_with_tracker_if_should(tracker)

    async def _tracker(self, conversation: str) -> DialogueStateTracker:
        stored = await self._store.retrieve(conversation)
        return stored or self._new_tracker(conversation)

    def _new_tracker(self, conversation: str) -> DialogueStateTracker:
        return DialogueStateTracker(conversation, self._processor.domain.slots)

    async def _answer(self, incoming: Incoming, tracker: DialogueStateTracker, channel: ReplyChannel) -> None:
        """What Rasa's ``handle_message`` does, on a tracker that has been read once."""
        metadata = {
            "message_id": incoming.message_id,
            "attachments": list(incoming.attachments),
            "channel": incoming.channel,
        }
        message = UserMessage(
            incoming.text,
            channel,
            incoming.conversation,
            input_channel=incoming.channel,
            message_id=incoming.message_id,
            metadata=metadata,
        )
        processor = self._processor
        self._actions.begin_turn()
        await processor._update_tracker_session(tracker, channel)
        await processor._handle_message_with_tracker(message, tracker)
        await processor.run_action_extract_slots(channel, tracker)
        await processor._run_prediction_loop(channel, tracker)
        if not channel.messages:
            await self._apologise(incoming, tracker, channel)
        if tracker.latest_action_name != ACTION_LISTEN_NAME:
            tracker.update(ActionExecuted(ACTION_LISTEN_NAME), processor.domain)

    async def _apologise(self, incoming: Incoming, tracker: DialogueStateTracker, channel: ReplyChannel) -> None:
        """A turn that would end in silence gets a sentence, and the tracker remembers it for a repeat."""
        from rasa.core.actions.action import create_bot_utterance

        number = reference(incoming.conversation, incoming.message_id)
        log(logging.ERROR, "turn_without_answer", reference=number)
        said = create_bot_utterance({"custom": apology(number)})
        tracker.update(said, self._processor.domain)
        await channel.send_response(incoming.conversation, said.message())
