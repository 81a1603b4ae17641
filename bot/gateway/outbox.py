"""The outbox: the replies, and the history that shows them together with what the visitor wrote."""

from __future__ import annotations

import time
import uuid
from typing import Any

from sqlalchemy import Connection, insert, select

from actions.reply import Reply
from bot.gateway.db.models import Inbox, Outbox
from bot.gateway.errors import RequestError
from bot.gateway.inbox import COLUMNS, Message, next_position, to_message
from bot.gateway.sessions import iso_time, require_conversation

Entry = dict[str, Any]
PAGE_SIZE = 200


def _entry(reply: dict[str, Any], position: int, created_at: float) -> Entry:
    return {**reply, "position": position, "role": "assistant", "created_at": iso_time(created_at)}


def store_replies(connection: Connection, message: Message, replies: list[Reply]) -> list[Entry]:
    """Add the replies to ``message`` and return them as clients receive them."""
    first = next_position(connection, message.conversation, len(replies))
    now = time.time()
    entries = []
    rows = []
    for position, reply in enumerate(replies, start=first):
        public = {
            "id": "r" + uuid.uuid4().hex,
            "reply_to": message.client_message_id,
            **reply.model_dump(mode="json"),
        }
        rows.append(
            {
                "id": public["id"],
                "conversation": message.conversation,
                "message": message.id,
                "position": position,
                "reply": public,
                "capability": reply.capability,
                "band": reply.band,
                "created_at": now,
            }
        )
        entries.append(_entry(public, position, now))
    connection.execute(insert(Outbox), rows)
    return entries


def replies_to(connection: Connection, message_id: str) -> list[Entry]:
    """The stored replies to one message, in order."""
    rows = connection.execute(
        select(Outbox.reply, Outbox.position, Outbox.created_at)
        .where(Outbox.message == message_id)
        .order_by(Outbox.position)
    )
    return [_entry(row.reply, row.position, row.created_at) for row in rows]


def position_of(connection: Connection, conversation: str, after: str) -> int:
    """The position that ``after`` stands for: the id of an entry of this conversation, or a position.

    Raises:
        RequestError: 401 for an unknown conversation, 404 for an id that is not in it.
    """
    require_conversation(connection, conversation)
    if not after:
        return 0
    if after.isascii() and after.isdigit() and len(after) <= 9:
        return int(after)
    for table in (Outbox, Inbox):
        position = connection.scalar(
            select(table.position).where(table.id == after, table.conversation == conversation)
        )
        if position is not None:
            return int(position)
    raise RequestError(404, "unknown_message", "找不到这条消息。")


def history(connection: Connection, conversation: str, after: int, limit: int = PAGE_SIZE) -> list[Entry]:
    """The first ``limit`` entries behind position ``after``, in order."""
    written = connection.execute(
        select(*COLUMNS)
        .where(Inbox.conversation == conversation, Inbox.position > after)
        .order_by(Inbox.position)
        .limit(limit)
    )
    answered = connection.execute(
        select(Outbox.reply, Outbox.position, Outbox.created_at)
        .where(Outbox.conversation == conversation, Outbox.position > after)
        .order_by(Outbox.position)
        .limit(limit)
    )
    entries = [to_message(row).entry() for row in written]
    entries += [_entry(row.reply, row.position, row.created_at) for row in answered]
    return sorted(entries, key=lambda entry: int(entry["position"]))[:limit]
