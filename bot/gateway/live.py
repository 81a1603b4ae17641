"""Live delivery inside this process: who listens to a conversation, and what has just been stored in it."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from bot.gateway.outbox import Entry

QUEUE_LENGTH = 256


class Listener:
    """One live client's queue. ``overflowed`` tells that it reads too slowly and has to come back later."""

    def __init__(self, conversation: str) -> None:
        self.conversation = conversation
        self.overflowed = False
        self._queue: asyncio.Queue[Entry | None] = asyncio.Queue(QUEUE_LENGTH)

    def offer(self, entry: Entry | None) -> None:
        """Queue an entry; None ends the stream."""
        try:
            self._queue.put_nowait(entry)
        except asyncio.QueueFull:
            self.overflowed = True
            self._queue.get_nowait()
            self._queue.put_nowait(None)

    async def next(self) -> Entry | None:
        """The next entry; None at the end of the stream."""
        return await self._queue.get()


class Hub:
    """The listeners of every conversation. Entries may arrive out of order; a listener goes by position."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = defaultdict(set)

    def count(self, conversation: str) -> int:
        """How many clients listen to ``conversation``."""
        return len(self._listeners.get(conversation, ()))

    def total(self) -> int:
        """How many clients listen at all."""
        return sum(len(listeners) for listeners in self._listeners.values())

    def listen(self, conversation: str) -> Listener:
        """Start to receive what is stored from now on."""
        listener = Listener(conversation)
        self._listeners[conversation].add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Stop receiving."""
        listeners = self._listeners.get(listener.conversation)
        if listeners is not None:
            listeners.discard(listener)
            if not listeners:
                del self._listeners[listener.conversation]

    def publish(self, conversation: str, entries: list[Entry]) -> None:
        """Hand committed entries to the listeners."""
        for listener in tuple(self._listeners.get(conversation, ())):
            for entry in entries:
                listener.offer(entry)

    def close(self) -> None:
        """End every stream."""
        for listeners in tuple(self._listeners.values()):
            for listener in tuple(listeners):
                listener.offer(None)
