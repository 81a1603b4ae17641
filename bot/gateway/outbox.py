"""The outbox: the replies, and the history that shows them together with what the visitor wrote."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from actions.reply import Reply
from bot.gateway.db.models import INBOX, OUTBOX
from bot.gateway.errors import RequestError
from bot.gateway.inbox import COLUMNS, Message, next_position, to_message
from bot.gateway.sessions import iso_time, require_conversation

Entry = dict[str, Any]
PAGE_SIZE = 200
ENTRY_ID = re.compile(r"[mr][0-9a-f]{32}")
STORE = insert(OUTBOX)
REPLIES = (
    select(OUTBOX.c.reply, OUTBOX.c.position, OUTBOX.c.created_at)
    .where(OUTBOX.c.message == bindparam("message"))
    .order_by(OUTBOX.c.position)
)


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
                # A fault that the dialogue process apologised for is no question that was missed.
                "capability": "system" if "reference" in reply.data else reply.capability,
                "band": reply.band,
                "created_at": now,
            }
        )
        entries.append(_entry(public, position, now))
    connection.execute(STORE, rows)
    return entries


def replies_to(connection: Connection, message_id: str) -> list[Entry]:
    """The stored replies to one message, in order."""
    rows = connection.execute(REPLIES, {"message": message_id})
    return [_entry(row.reply, row.position, row.created_at) for row in rows]


def unknown_message() -> RequestError:
    """There is no such entry in this conversation."""
    return RequestError(404, "unknown_message", "找不到这条消息。")


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
    for table in (OUTBOX, INBOX) if ENTRY_ID.fullmatch(after) else ():
        query = select(table.c.position).where(table.c.id == after, table.c.conversation == conversation)
        position = connection.scalar(query)
        if position is not None:
            return int(position)
    raise unknown_message()


def history(connection: Connection, conversation: str, after: int, limit: int = PAGE_SIZE) -> list[Entry]:
    """The first ``limit`` entries behind position ``after``, in order."""
    written = connection.execute(
        select(*COLUMNS)
        .where(INBOX.c.conversation == conversation, INBOX.c.position > after)
        .order_by(INBOX.c.position)
        .limit(limit)
    )
    answered = connection.execute(
        select(OUTBOX.c.reply, OUTBOX.c.position, OUTBOX.c.created_at)
        .where(OUTBOX.c.conversation == conversation, OUTBOX.c.position > after)
        .order_by(OUTBOX.c.position)
        .limit(limit)
    )
    entries = [to_message(row).entry() for row in written]
    entries += [_entry(row.reply, row.position, row.created_at) for row in answered]
    return sorted(entries, key=lambda entry: int(entry["position"]))[:limit]
