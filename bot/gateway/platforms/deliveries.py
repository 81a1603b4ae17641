"""Deliveries: which replies a messaging platform still has to get, kept in the database until it has them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update

from bot.gateway.db.models import DELIVERIES, OUTBOX, PLATFORM_MESSAGES, SEEN_CALLS
from bot.gateway.inbox import Message
from bot.gateway.outbox import Entry

WAITING, SENT, FAILED = "waiting", "sent", "failed"
LEASE_S = 60.0
SEEN_FOR_S = 86_400.0
BATCH = 64
SEEN = select(SEEN_CALLS.c.seen_at).where(SEEN_CALLS.c.id == bindparam("key"))
earlier = DELIVERIES.alias("earlier")
DUE = (
    select(
        DELIVERIES.c.reply,
        DELIVERIES.c.message,
        DELIVERIES.c.conversation,
        DELIVERIES.c.channel,
        DELIVERIES.c.sent_parts,
        DELIVERIES.c.attempts,
        DELIVERIES.c.lease_until,
        DELIVERIES.c.created_at,
        OUTBOX.c.reply.label("entry"),
        PLATFORM_MESSAGES.c.address,
    )
    .join(OUTBOX, OUTBOX.c.id == DELIVERIES.c.reply)
    .join(PLATFORM_MESSAGES, PLATFORM_MESSAGES.c.message == DELIVERIES.c.message)
    .where(
        DELIVERIES.c.state == WAITING,
        DELIVERIES.c.lease_until < bindparam("now"),
        # Only the first that waits in its conversation: what a person reads keeps its order.
        ~exists().where(
            earlier.c.conversation == DELIVERIES.c.conversation,
            earlier.c.state == WAITING,
            earlier.c.position < DELIVERIES.c.position,
        ),
    )
    .order_by(DELIVERIES.c.due_at)
    .limit(BATCH)
)


@dataclass(frozen=True)
class Job:
    """A delivery that is due."""

    reply: str
    message: str
    conversation: str
    channel: str
    sent_parts: int
    attempts: int
    lease_until: float
    created_at: float
    entry: Entry
    address: dict[str, Any]


def add(connection: Connection, message: Message, entries: list[Entry], due_at: float) -> None:
    """Note that the platform has to get ``entries``; part of the transaction that stores them."""
    rows = [
        {
            "reply": entry["id"],
            "message": message.id,
            "conversation": message.conversation,
            "channel": message.channel,
            "position": entry["position"],
            "state": WAITING,
            "sent_parts": 0,
            "carried": 0,
            "attempts": 0,
            "due_at": due_at,
            "lease_until": 0.0,
            "error": "",
            "created_at": time.time(),
        }
        for entry in entries
    ]
    connection.execute(insert(DELIVERIES), rows)


def due(connection: Connection, channels: tuple[str, ...]) -> list[Job]:
    """What may be sent now to ``channels``, at most one a conversation."""
    now = time.time()
    query = DUE.where(DELIVERIES.c.due_at <= now, DELIVERIES.c.channel.in_(channels))
    return [Job(**row._mapping) for row in connection.execute(query, {"now": now})]


def next_waiting(connection: Connection, conversation: str) -> Job | None:
    """The first that waits in a conversation, due or not."""
    query = DUE.where(DELIVERIES.c.conversation == conversation)
    row = connection.execute(query, {"now": time.time()}).first()
    return None if row is None else Job(**row._mapping)


def claim(connection: Connection, job: Job) -> bool:
    """Take the lease; False when another task or process has it or has finished the delivery."""
    taken = connection.execute(
        update(DELIVERIES)
        .where(
            DELIVERIES.c.reply == job.reply,
            DELIVERIES.c.state == WAITING,
            DELIVERIES.c.lease_until == job.lease_until,
            DELIVERIES.c.sent_parts == job.sent_parts,
        )
        .values(lease_until=time.time() + LEASE_S)
    )
    return taken.rowcount == 1


def note_sent(connection: Connection, reply: str, parts: int, *, last: bool) -> None:
    """The platform has taken the first ``parts`` parts."""
    values: dict[str, Any] = {"sent_parts": parts, "lease_until": time.time() + LEASE_S}
    if last:
        values |= {"state": SENT, "finished_at": time.time(), "error": "", "lease_until": 0.0}
    connection.execute(update(DELIVERIES).where(DELIVERIES.c.reply == reply).values(values))


def postpone(connection: Connection, reply: str, due_at: float, error: str) -> None:
    """Try again at ``due_at``."""
    connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.reply == reply)
        .values(due_at=due_at, attempts=DELIVERIES.c.attempts + 1, lease_until=0.0, error=error)
    )


def note_carried(connection: Connection, job: Job, *, last: bool) -> bool:
    """An acknowledgement takes along the next part; False when another task or process has the delivery."""
    if not claim(connection, job):
        return False
    part = job.sent_parts + 1
    note_sent(connection, job.reply, part, last=last)
    values = {"carried": part, "lease_until": 0.0}
    connection.execute(update(DELIVERIES).where(DELIVERIES.c.reply == job.reply).values(values))
    return True


def carried_by(connection: Connection, message: str) -> tuple[Entry, int] | None:
    """The reply and the number of its part that the acknowledgement of ``message`` took along."""
    row = connection.execute(
        select(OUTBOX.c.reply, DELIVERIES.c.carried)
        .join(OUTBOX, OUTBOX.c.id == DELIVERIES.c.reply)
        .where(DELIVERIES.c.message == message, DELIVERIES.c.carried == 1)
        .order_by(DELIVERIES.c.position)
    ).first()
    return None if row is None else (row.reply, row.carried)


def release(connection: Connection, message: str) -> None:
    """What waits of the replies to ``message`` is due now."""
    waits = (DELIVERIES.c.message == message) & (DELIVERIES.c.state == WAITING) & (DELIVERIES.c.attempts == 0)
    connection.execute(update(DELIVERIES).where(waits).values(due_at=time.time()))


def fail(connection: Connection, reply: str, error: str) -> None:
    """Give up."""
    values = {"state": FAILED, "finished_at": time.time(), "lease_until": 0.0, "error": error}
    connection.execute(update(DELIVERIES).where(DELIVERIES.c.reply == reply).values(values))


def was_seen(connection: Connection, key: str) -> float:
    """When a signed call was taken, in seconds since the epoch; 0 when it was not in the last 24 hours."""
    seen_at = connection.scalar(SEEN, {"key": key})
    return float(seen_at) if seen_at is not None and seen_at > time.time() - SEEN_FOR_S else 0.0


def remember(connection: Connection, *keys: str) -> None:
    """Note that a signed call was taken."""
    connection.execute(insert(SEEN_CALLS), [{"id": key, "seen_at": time.time()} for key in keys])


def forget_old_calls(connection: Connection) -> None:
    """Forget the calls of yesterday."""
    connection.execute(delete(SEEN_CALLS).where(SEEN_CALLS.c.seen_at < time.time() - SEEN_FOR_S))


def summary(connection: Connection, since: float) -> list[tuple[str, str, str, int]]:
    """``(channel, state, error, count)`` of what waits and of what failed since ``since``."""
    query = (
        select(DELIVERIES.c.channel, DELIVERIES.c.state, DELIVERIES.c.error, func.count())
        .where((DELIVERIES.c.state == WAITING) | ((DELIVERIES.c.state == FAILED) & (DELIVERIES.c.finished_at >= since)))
        .group_by(DELIVERIES.c.channel, DELIVERIES.c.state, DELIVERIES.c.error)
        .order_by(DELIVERIES.c.channel)
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]
