"""Keeps what Rasa remembers of each conversation: one row, bounded, in the database of the application.

Rasa's own SQL store keeps every event for ever and replays them all in every turn, so that a conversation gets slower
with each message. Here a row holds the last turns and, before them, the slots and the active form as they stood then.
"""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, Iterable, List, Optional, Tuple

from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine
from sqlalchemy.engine.url import make_url
from sqlalchemy.pool import QueuePool

TURNS_KEPT = 6
"""No policy looks further back than three turns; Rasa computes the state after each remembered event anew, several
times a turn, so that 30 turns cost three times the processor time of six. The whole conversation is in the outbox."""
TURNS_BEFORE_TRIMMING = 8
POOL = 4
BUSY_S = 2
"""How long a statement waits for another process's write to SQLite before the turn fails and is sent again."""

READ_AT = "wenyu_read_at"
"""On a tracker: the time at which the row that it was read from was stored."""

DROPPED = ("intent_ranking", "text_tokens")

CREATE = """CREATE TABLE IF NOT EXISTS tracker (
    conversation TEXT PRIMARY KEY, events TEXT NOT NULL, updated_at DOUBLE PRECISION NOT NULL)"""
READ = text("SELECT events, updated_at FROM tracker WHERE conversation = :conversation")
ADD = text(
    """INSERT INTO tracker (conversation, events, updated_at) VALUES (:conversation, :events, :updated_at)
    ON CONFLICT (conversation) DO NOTHING"""
)
REPLACE = text(
    """UPDATE tracker SET events = :events, updated_at = :updated_at
    WHERE conversation = :conversation AND updated_at = :read_at"""
)


class StoredMeanwhile(Exception):
    """Another process has stored a turn of the conversation since it was read; this one is not stored."""


def open_engine(url: str) -> Engine:
    """An engine with a small pool; SQLite in WAL mode, usable from threads."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_size=POOL, pool_pre_ping=True)
    engine = create_engine(
        url, poolclass=QueuePool, pool_size=POOL, connect_args={"check_same_thread": False, "timeout": BUSY_S}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def trimmed(events: List[Event], domain: Domain, sender: str) -> List[Event]:
    """The events of a conversation, bounded.

    With more than ``TURNS_BEFORE_TRIMMING`` user messages the last ``TURNS_KEPT`` turns stay. What came before is
    replaced by events that set the slots and the active form to what they were at that point.
    """
    starts = [n for n, e in enumerate(events) if isinstance(e, UserUttered)]
    if len(starts) <= TURNS_BEFORE_TRIMMING:
        return events
    cut = starts[-TURNS_KEPT]
    before = DialogueStateTracker.from_events(sender, events[:cut], slots=domain.slots)
    began = events[0].timestamp
    state: List[Event] = [
        ActionExecuted(ACTION_SESSION_START_NAME, timestamp=began),
        SessionStarted(timestamp=began),
        *(
            SlotSet(name, slot.value, timestamp=began)
            for name, slot in before.slots.items()
            if slot.value != slot.initial_value
        ),
    ]
    if before.active_loop_name:
        state.append(ActiveLoop(before.active_loop_name, timestamp=began))
    return [*state, ActionExecuted(ACTION_LISTEN_NAME, timestamp=began), *events[cut:]]


def as_json(events: Iterable[Event]) -> str:
    """Events as stored; without what only the turn itself needed: the intents that lost, and the tokens."""
    rows: List[Dict[str, Any]] = []
    for each in events:
        row = each.as_dict()
        if isinstance(each, UserUttered):
            row["parse_data"] = {k: v for k, v in row["parse_data"].items() if k not in DROPPED}
        rows.append(row)
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


class BoundedTrackerStore(TrackerStore):
    """Rasa's tracker store over the table ``tracker``; statements run in threads and never block the event loop."""

    def __init__(self, domain: Optional[Domain], url: str) -> None:
        super().__init__(domain)
        self._engine = open_engine(url)
        # SQLite lets one write at a time; threads that wait for each other there sleep longer than a write takes.
        threads = 1 if self._engine.dialect.name == "sqlite" else POOL
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="tracker")
        with self._engine.begin() as connection:
            connection.execute(text(CREATE))

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        """The tracker of a conversation, or None when it is new."""
        stored = await asyncio.get_running_loop().run_in_executor(self._threads, self._read, sender_id)
        if stored is None:
            return None
        tracker = DialogueStateTracker.from_dict(sender_id, json.loads(stored[0]), self.domain.slots)
        setattr(tracker, READ_AT, stored[1])
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store the conversation, trimmed.

        Raises:
            StoredMeanwhile: the conversation is no longer what ``retrieve`` read. So a turn that two processes run,
                because the first was thought dead, is stored once.
        """
        events = as_json(trimmed(list(tracker.events), self.domain, tracker.sender_id))
        values = (tracker.sender_id, events, getattr(tracker, READ_AT, None))
        stored_at = await asyncio.get_running_loop().run_in_executor(self._threads, self._write, *values)
        setattr(tracker, READ_AT, stored_at)

    def close(self) -> None:
        """Close the connections."""
        self._threads.shutdown()
        self._engine.dispose()

    def _read(self, conversation: str) -> Optional[Tuple[str, float]]:
        with self._engine.connect() as connection:
            row = connection.execute(READ, {"conversation": conversation}).first()
        return (row[0], row[1]) if row else None

    def _write(self, conversation: str, events: str, read_at: Optional[float]) -> float:
        # The time is the row's version too, so it never stands still.
        now = time.time() if read_at is None else max(time.time(), read_at + 1e-6)
        values = {"conversation": conversation, "events": events, "updated_at": now, "read_at": read_at}
        with self._engine.begin() as connection:
            stored = connection.execute(ADD if read_at is None else REPLACE, values).rowcount
        if stored != 1:
            raise StoredMeanwhile
        return now
