"""What the command line asks the database: missed questions, tickets, and one conversation's export and deletion.

Every function opens the database by its URL and closes it again; the gateway may run at the same time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, delete, func, select

from bot.gateway.db.engine import Database
from bot.gateway.db.models import (
    Base,
    Conversation,
    Delivery,
    Feedback,
    Inbox,
    Outbox,
    PlatformMessage,
    Ticket,
    Tracker,
    Upload,
)
from bot.gateway.media_files import NAME
from bot.gateway.outbox import history
from bot.gateway.sessions import DAY_S, iso_time
from models.errors import WenyuError

T = TypeVar("T")
# Apologies for a fault are no missed questions, and a hand-over is an answer.
NOT_MISSED = ("system", "handoff")
WHOLE_HISTORY = 1_000_000_000


class UnknownConversationError(WenyuError):
    """There is no conversation of this id."""

    code = "unknown_conversation"
    status = 404


@dataclass(frozen=True)
class MissedQuestion:
    """A question that was asked back about or refused; ``text`` is normalised, ``last_at`` is ISO 8601."""

    text: str
    band: str
    count: int
    last_at: str


async def _with_database(database_url: str, work: Callable[[Connection], T], *, write: bool = False) -> T:
    database = Database(database_url)
    try:
        return await (database.write(work) if write else database.read(work))
    finally:
        await database.close()


async def missed_questions(database_url: str, *, days: int, limit: int) -> list[MissedQuestion]:
    """The questions of the last ``days`` days without a sure answer, the most frequent first."""
    query = (
        select(Inbox.text, Outbox.band, func.count().label("times"), func.max(Outbox.created_at).label("last"))
        .join(Outbox, Outbox.message == Inbox.id)
        .where(
            Outbox.created_at >= time.time() - days * DAY_S,
            Outbox.band.in_(("suggest", "refuse")),
            Outbox.capability.not_in(NOT_MISSED),
            Inbox.text != "",
        )
        .group_by(Inbox.text, Outbox.band)
        .order_by(func.count().desc(), func.max(Outbox.created_at).desc())
        .limit(limit)
    )
    rows = await _with_database(database_url, lambda c: c.execute(query).all())
    return [MissedQuestion(row.text, row.band, row.times, iso_time(row.last)) for row in rows]


async def list_tickets(database_url: str) -> list[dict[str, Any]]:
    """All tickets with their transcripts, the newest first."""
    columns = Ticket.__table__.columns
    query = select(*columns).order_by(Ticket.created_at.desc())
    rows = await _with_database(database_url, lambda c: c.execute(query).mappings().all())
    return [_readable(row) for row in rows]


def _readable(row: RowMapping) -> dict[str, Any]:
    values = dict(row)
    return {**values, "created_at": iso_time(values["created_at"])}


def _rows(connection: Connection, table: type[Base], conversation: str) -> list[dict[str, Any]]:
    columns = table.__table__.columns
    query = select(*columns).where(columns["conversation"] == conversation).order_by(columns["created_at"])
    return [_readable(row) for row in connection.execute(query).mappings()]


def _addresses(connection: Connection, conversation: str) -> list[dict[str, Any]]:
    """Where a messaging platform gets the conversation's answers: the platform's names of the person and the chat."""
    query = (
        select(PlatformMessage.address)
        .join(Inbox, Inbox.id == PlatformMessage.message)
        .where(Inbox.conversation == conversation)
        .order_by(Inbox.position)
    )
    found: list[dict[str, Any]] = []
    for address in connection.scalars(query):
        found += [] if address in found else [address]
    return found


def _require(connection: Connection, conversation: str) -> float:
    created_at = connection.scalar(select(Conversation.created_at).where(Conversation.id == conversation))
    if created_at is None:
        raise UnknownConversationError(f"没有编号为 {conversation[:64]} 的会话。")
    return float(created_at)


async def export_conversation(database_url: str, session: str) -> dict[str, Any]:
    """Everything that is stored about one conversation, ready for JSON.

    Raises:
        UnknownConversationError: when there is none of this id.
    """

    def work(connection: Connection) -> dict[str, Any]:
        created_at = _require(connection, session)
        tracker = connection.scalar(select(Tracker.events).where(Tracker.conversation == session))
        return {
            "session": session,
            "created_at": iso_time(created_at),
            "messages": history(connection, session, 0, WHOLE_HISTORY),
            "uploads": _rows(connection, Upload, session),
            "feedback": _rows(connection, Feedback, session),
            "tickets": _rows(connection, Ticket, session),
            "deliveries": _rows(connection, Delivery, session),
            "addresses": _addresses(connection, session),
            "tracker": tracker,
        }

    return await _with_database(database_url, work)


def _files(connection: Connection, conversation: str) -> list[str]:
    """Names under var/uploads and var/media that belong to the conversation."""
    names = list(connection.scalars(select(Upload.file).where(Upload.conversation == conversation)))
    for reply in connection.scalars(select(Outbox.reply).where(Outbox.conversation == conversation)):
        names += [str(media["url"]).removeprefix("/media/") for media in reply["media"]]
    return [name for name in names if NAME.fullmatch(name)]


async def forget(database_url: str, session: str, var_dir: Path) -> int:
    """Delete everything of one conversation: rows, uploads, generated media and the dialogue's memory.

    Its token is invalid from then on.

    Args:
        var_dir: the folder whose uploads/ and media/ hold the files.

    Returns:
        how many rows were deleted.

    Raises:
        UnknownConversationError: when there is none of this id.
    """

    def work(connection: Connection) -> tuple[int, list[str]]:
        _require(connection, session)
        files = _files(connection, session)
        deleted = connection.execute(delete(Tracker).where(Tracker.conversation == session)).rowcount
        for table in (Feedback, Ticket, Upload, Outbox, Inbox):
            deleted += connection.execute(delete(table).where(table.conversation == session)).rowcount
        deleted += connection.execute(delete(Conversation).where(Conversation.id == session)).rowcount
        return deleted, files

    deleted, files = await _with_database(database_url, work, write=True)
    for name in files:
        for folder in ("uploads", "media"):
            (var_dir / folder / name).unlink(missing_ok=True)
    return deleted
