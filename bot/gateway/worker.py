"""Runs the turns: one at a time in a conversation, many conversations at once, each to exactly one end.

A turn costs two transactions. The first stores the message; the second stores the replies, the ticket and the
final state together, and takes the lease of the conversation's next message.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol
from weakref import WeakValueDictionary

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from actions.reply import Reply
from bot.gateway import inbox
from bot.gateway.db.engine import Database
from bot.gateway.dialogue_client import DialogueClient, TurnFailed
from bot.gateway.errors import RequestError, origin
from bot.gateway.inbox import Draft, Message
from bot.gateway.live import Hub
from bot.gateway.metrics import Metrics
from bot.gateway.outbox import Entry, replies_to, store_replies
from bot.gateway.sessions import forget_stray_memory
from bot.gateway.tickets import store_tickets

log = structlog.get_logger(__name__)
Prepare = Callable[[Connection, str, str], None]
Complete = Callable[[Connection, Message], None]
MAX_PENDING = 256
# A message that waited behind others while the dialogue process was gone gets this much and no more.
LEAST_BUDGET_S = 1.0
# Of a turn's time limit this much is for storing and sending the apology, so that it too is there in time.
STORING_S = 0.25
SWEEP_EVERY_S = 5.0
STORE_PAUSES_S = (0.1, 0.5, 1.0)


class TurnHooks(Protocol):
    """What a channel that is not live has to do around a turn; :class:`bot.gateway.platforms.service.Platforms`."""

    async def before(self, message: Message) -> Message | list[Reply]:
        """The message to be asked, or the replies that make asking needless."""

    def stored(self, connection: Connection, message: Message, entries: list[Entry]) -> None:
        """In the transaction that stores the replies."""

    def wake(self) -> None:
        """After it."""


def reference_number(message: Message) -> str:
    """What a visitor can tell the staff: ``W`` and eight characters that name the message in the log."""
    return "W" + message.id[1:9].upper()


def apology(message: Message) -> Reply:
    """What the visitor receives when there is no answer."""
    reference = reference_number(message)
    return Reply(
        text=f"抱歉，我这边暂时没能处理好这条消息，请稍后再试。如果一直这样，请把编号 {reference} 告诉工作人员。",
        capability="system",
        band="refuse",
        confidence=0.0,
        data={"reference": reference},
    )


class Lane:
    """The messages of one conversation that wait for their turn; ``lock`` keeps storing and queueing in step."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting: deque[Message] = deque()
        self.task: asyncio.Task[None] | None = None


class Worker:
    """Takes messages and sees them through.

    Args:
        deadline_s: the time limit of a turn, the storing of its answer included.
        hooks: what happens around it.
    """

    def __init__(
        self,
        database: Database,
        dialogue: DialogueClient,
        hub: Hub,
        metrics: Metrics,
        hooks: TurnHooks,
        *,
        deadline_s: float,
    ) -> None:
        self._database = database
        self._dialogue = dialogue
        self._hub = hub
        self._metrics = metrics
        self._hooks = hooks
        self._deadline_s = deadline_s
        self._lanes: WeakValueDictionary[str, Lane] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        self._results: dict[str, asyncio.Future[list[Entry]]] = {}
        self._sweeper: asyncio.Task[None] | None = None
        self.draining = False

    @property
    def pending(self) -> int:
        """Messages that wait or run."""
        return len(self._results)

    async def start(self) -> None:
        """Take over what a previous process left without an answer, and keep looking for such messages.

        In a database that several gateways share, what another one holds is left to it.
        """
        for message in await self._left_behind(starting=True):
            self._enqueue(message)
        self._sweeper = asyncio.create_task(self._sweep_for_ever())

    async def accept(self, draft: Draft, prepare: Prepare | None = None, complete: Complete | None = None) -> Message:
        """Store a message and queue its turn; a message that is stored already is not queued again.

        Args:
            prepare: runs before, in the same transaction, with the conversation and the channel; a channel
                without sessions opens its conversations so.
            complete: runs behind, in the same transaction, when the message is new.

        Raises:
            RequestError: 401 unknown conversation, 404 unknown attachment, 503 too many messages wait.
        """
        if self.draining:
            raise RequestError(503, "restarting", "服务正在重启，请稍后再试。", retry_after_s=5)
        if self.pending >= MAX_PENDING:
            raise RequestError(503, "busy", "现在咨询的人太多，请稍后再试。", retry_after_s=5)
        lane = self._lane(draft.conversation)
        async with lane.lock:
            state = inbox.RUNNING if lane.task is None and not lane.waiting else inbox.NEW

            def store(connection: Connection) -> tuple[Message, bool]:
                if prepare is not None:
                    prepare(connection, draft.conversation, draft.channel)
                message, fresh = inbox.accept(connection, draft, state, shared=self._database.shared)
                if fresh and complete is not None:
                    complete(connection, message)
                return message, fresh

            message, fresh = await self._database.write(store)
            if fresh:
                self._hub.publish(message.conversation, [message.entry()])
                if message.state == state:
                    self._enqueue(message)
        return message

    async def replies(self, message: Message, timeout_s: float) -> list[Entry] | None:
        """The replies to a stored message; None when they are not there within ``timeout_s`` seconds."""
        result = self._results.get(message.id)
        if result is not None:
            await asyncio.wait((result,), timeout=timeout_s)
            if not result.done():
                return None
            if not result.cancelled():
                return result.result()
        return await self._database.read(lambda c: replies_to(c, message.id)) or None

    async def drain(self) -> None:
        """Take nothing more, finish the turns that run; what waits stays stored for the next start."""
        self.draining = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=self._deadline_s + 1)
        for result in tuple(self._results.values()):
            result.cancel()

    def _lane(self, conversation: str) -> Lane:
        lane = self._lanes.get(conversation)
        if lane is None:
            lane = self._lanes[conversation] = Lane()
        return lane

    def _enqueue(self, message: Message) -> None:
        # While draining it stays stored for the next start.
        if message.id in self._results or self.draining:
            return
        lane = self._lane(message.conversation)
        self._results[message.id] = asyncio.get_running_loop().create_future()
        self._metrics.pending.set(self.pending)
        lane.waiting.append(message)
        if lane.task is None:
            lane.task = asyncio.create_task(self._run_lane(lane))
            self._tasks.add(lane.task)
            lane.task.add_done_callback(self._tasks.discard)

    async def _run_lane(self, lane: Lane) -> None:
        try:
            while lane.waiting and not self.draining:
                message = lane.waiting.popleft()
                entries = await self._run_turn(message, lane)
                result = self._results.pop(message.id)
                self._metrics.pending.set(self.pending)
                if entries is None:
                    result.cancel()
                elif not result.done():
                    result.set_result(entries)
        finally:
            lane.task = None

    async def _run_turn(self, message: Message, lane: Lane) -> list[Entry] | None:
        """One turn from the question to the stored answer; None when it could not be stored or was already."""
        started = time.time()
        budget_s = max(self._deadline_s - STORING_S, self._deadline_s / 2)
        if not self._dialogue.reachable:
            budget_s = min(budget_s, max(LEAST_BUDGET_S, message.created_at + self._deadline_s - started))
        state, outcome = inbox.DONE, "answered"
        try:
            asked = await self._hooks.before(message)
            replies = asked if isinstance(asked, list) else await self._dialogue.turn(asked, budget_s)
            if isinstance(asked, Message) and asked.heard:
                first = replies[0]
                replies = [first.model_copy(update={"text": f"（听到：{asked.heard}）\n{first.text}"}), *replies[1:]]
        except TurnFailed as failure:
            state, outcome, replies = inbox.FAILED, failure.reason, [apology(message)]
            log.error("turn_failed", reference=reference_number(message), reason=failure.reason)
        except Exception as error:  # noqa: BLE001 - no turn ends in silence
            state, outcome, replies = inbox.FAILED, "internal", [apology(message)]
            log.error(
                "turn_failed", reference=reference_number(message), reason=type(error).__name__, origin=origin(error)
            )
        entries = await self._store(message, state, replies, lane)
        if entries:
            self._hub.publish(message.conversation, entries)
            self._hooks.wake()
            self._metrics.turn(message.channel, replies[-1].capability, outcome, time.time() - message.created_at)
        return entries

    async def _store(self, message: Message, state: str, replies: list[Reply], lane: Lane) -> list[Entry] | None:
        following: list[Message] = []

        def finish(connection: Connection) -> list[Entry] | None:
            following.clear()
            if not inbox.close(connection, message.id, state):
                forget_stray_memory(connection, message.conversation)
                return None
            entries = store_replies(connection, message, replies)
            store_tickets(connection, message.conversation, entries)
            self._hooks.stored(connection, message, entries)
            if lane.waiting and not self.draining:
                inbox.mark_running(connection, lane.waiting[0].id)
            elif self._database.shared and not self.draining:
                # A message that another gateway took in while this one ran.
                follows = inbox.first_open(connection, message.conversation)
                if follows is not None:
                    inbox.mark_running(connection, follows.id)
                    following.append(follows)
            return entries

        for pause in (*STORE_PAUSES_S, None):
            try:
                entries = await self._database.write(finish)
                for follows in following:
                    self._enqueue(follows)
                return entries
            except SQLAlchemyError as error:
                log.error("reply_not_stored", reference=reference_number(message), error=type(error).__name__)
                if pause is not None:
                    await asyncio.sleep(pause)
        return None

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                for message in await self._left_behind():
                    self._enqueue(message)
            except SQLAlchemyError as error:
                log.error("sweep_failed", error=type(error).__name__)

    async def _left_behind(self, *, starting: bool = False) -> list[Message]:
        if self._database.shared:
            return await self._database.write(inbox.take_over)
        return await self._database.read(lambda c: inbox.unfinished(c, None if starting else time.time()))
