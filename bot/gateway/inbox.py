"""The inbox: what visitors wrote, stored before anything else happens with it.

A message is named by its channel, conversation and ``client_message_id``; a second one with the same name is
the same message. Its state goes new → running → done or failed, and only the first final state counts.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, insert, select, update

from bot.gateway.db.models import CONVERSATIONS, INBOX, Upload
from bot.gateway.errors import RequestError
from bot.gateway.sessions import iso_time, unknown_session

NEW, RUNNING, DONE, FAILED = "new", "running", "done", "failed"
OPEN_STATES = (NEW, RUNNING)
LEASE_S = 30.0


@dataclass(frozen=True)
class Draft:
    """A message that is checked but not stored; ``attachments`` are upload ids."""

    conversation: str
    channel: str
    client_message_id: str
    text: str
    original: str
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Message:
    """A stored message; ``attachments`` are ``{id, kind, mime, file}``. ``heard`` is what was understood of a voice message
    in this turn: the reply begins with it, so that the person sees what is answered."""

    id: str
    conversation: str
    channel: str
    client_message_id: str
    position: int
    text: str
    original: str
    attachments: tuple[dict[str, Any], ...]
    state: str
    created_at: float
    heard: str = ""

    @property
    def final(self) -> bool:
        """Whether its replies are in the outbox."""
        return self.state not in OPEN_STATES

    def entry(self) -> dict[str, Any]:
        """The message as history and live clients receive it."""
        return {
            "id": self.id,
            "position": self.position,
            "role": "user",
            "client_message_id": self.client_message_id,
            "text": self.original,
            "attachments": [
                {"id": a["id"], "kind": a["kind"], "mime": a["mime"], "url": f"/media/{a['file']}"}
                for a in self.attachments
            ],
            "created_at": iso_time(self.created_at),
        }


COLUMNS = [INBOX.c[name] for name in Message.__dataclass_fields__ if name in INBOX.c]
FIND = select(*COLUMNS).where(
    INBOX.c.channel == bindparam("channel"),
    INBOX.c.conversation == bindparam("conversation"),
    INBOX.c.client_message_id == bindparam("client_message_id"),
)
RESERVE = (
    update(CONVERSATIONS)
    .where(CONVERSATIONS.c.id == bindparam("conversation"))
    .values(last_position=CONVERSATIONS.c.last_position + bindparam("count"))
    .returning(CONVERSATIONS.c.last_position)
)
STORE = insert(INBOX)
MARK_RUNNING = (
    update(INBOX)
    .where(INBOX.c.id == bindparam("message"), INBOX.c.state.in_(OPEN_STATES))
    .values(state=RUNNING, lease_until=bindparam("lease"))
)
CLOSE = (
    update(INBOX)
    .where(INBOX.c.id == bindparam("message"), INBOX.c.state.in_(OPEN_STATES))
    .values(state=bindparam("final"), finished_at=bindparam("now"))
)
EARLIER = INBOX.alias("earlier")
HAS_EARLIER = exists().where(
    EARLIER.c.conversation == INBOX.c.conversation,
    EARLIER.c.state.in_(OPEN_STATES),
    EARLIER.c.position < INBOX.c.position,
)
OPEN_IN_CONVERSATION = (
    select(*COLUMNS)
    .where(INBOX.c.conversation == bindparam("conversation"), INBOX.c.state.in_(OPEN_STATES))
    .order_by(INBOX.c.position)
    .limit(1)
)
ABANDONED = (
    select(*COLUMNS)
    .where(INBOX.c.state.in_(OPEN_STATES), INBOX.c.lease_until < bindparam("now"), ~HAS_EARLIER)
    .order_by(INBOX.c.created_at)
    .limit(64)
    .with_for_update(skip_locked=True)
)
UNFINISHED = select(*COLUMNS).where(INBOX.c.state.in_(OPEN_STATES)).order_by(INBOX.c.created_at, INBOX.c.position)


def to_message(row: Row[Any]) -> Message:
    """A row of :data:`COLUMNS` as a message."""
    values = dict(row._mapping)
    return Message(**values | {"attachments": tuple(values["attachments"])})


def next_position(connection: Connection, conversation: str, count: int = 1) -> int:
    """Reserve ``count`` positions and return the first.

    On PostgreSQL this locks the conversation's row until the transaction ends, so positions are committed in order.

    Raises:
        RequestError: 401 when the conversation does not exist.
    """
    last = connection.scalar(RESERVE, {"conversation": conversation, "count": count})
    if last is None:
        raise unknown_session()
    return int(last) - count + 1


def find(connection: Connection, conversation: str, channel: str, client_message_id: str) -> Message | None:
    """The stored message of this name."""
    names = {"channel": channel, "conversation": conversation, "client_message_id": client_message_id}
    row = connection.execute(FIND, names).one_or_none()
    return None if row is None else to_message(row)


def _attachments(connection: Connection, draft: Draft) -> list[dict[str, Any]]:
    if not draft.attachments:
        return []
    rows = connection.execute(
        select(Upload.id, Upload.kind, Upload.mime, Upload.file).where(
            Upload.conversation == draft.conversation, Upload.id.in_(draft.attachments)
        )
    )
    found = {row.id: dict(row._mapping) for row in rows}
    if len(found) < len(set(draft.attachments)):
        raise RequestError(404, "unknown_attachment", "找不到这个附件，请重新上传。")
    return [found[upload] for upload in dict.fromkeys(draft.attachments)]


def accept(connection: Connection, draft: Draft, state: str, *, shared: bool = False) -> tuple[Message, bool]:
    """Store ``draft`` in ``state`` unless a message of this name is stored.

    Args:
        shared: other gateway processes use the database. A message that would run now is then left waiting, without
            a lease, when an earlier one of its conversation is open: whoever closes that one takes it.

    Returns:
        the stored message and whether it is new.

    Raises:
        RequestError: 401 for an unknown conversation, 404 for an attachment that is not this conversation's.
    """
    stored = find(connection, draft.conversation, draft.channel, draft.client_message_id)
    if stored is not None:
        return stored, False
    position = next_position(connection, draft.conversation)
    now = time.time()
    lease_until = now + LEASE_S
    if shared and state == RUNNING and first_open(connection, draft.conversation) is not None:
        state, lease_until = NEW, 0.0
    message = Message(
        id="m" + uuid.uuid4().hex,
        conversation=draft.conversation,
        channel=draft.channel,
        client_message_id=draft.client_message_id,
        position=position,
        text=draft.text,
        original=draft.original,
        attachments=tuple(_attachments(connection, draft)),
        state=state,
        created_at=now,
    )
    row = vars(message) | {"attachments": list(message.attachments), "lease_until": lease_until}
    connection.execute(STORE, row)
    return message, True


def first_open(connection: Connection, conversation: str) -> Message | None:
    """The first message of a conversation without a final state."""
    row = connection.execute(OPEN_IN_CONVERSATION, {"conversation": conversation}).one_or_none()
    return None if row is None else to_message(row)


def take_over(connection: Connection) -> list[Message]:
    """Take the lease of messages that nobody holds: each is the first open one of its conversation.

    Rows that another process takes at this moment are passed over (``SKIP LOCKED``).
    """
    rows = connection.execute(ABANDONED, {"now": time.time()}).all()
    for row in rows:
        mark_running(connection, row.id)
    return [to_message(row) for row in rows]


def mark_running(connection: Connection, message_id: str) -> None:
    """Take the lease of a message that waited behind another one."""
    connection.execute(MARK_RUNNING, {"message": message_id, "lease": time.time() + LEASE_S})


def close(connection: Connection, message_id: str, state: str) -> bool:
    """Give a message its final ``state``.

    Returns:
        False when it has one already (or was deleted); the caller then stores nothing.
    """
    closed = connection.execute(CLOSE, {"message": message_id, "final": state, "now": time.time()})
    return closed.rowcount == 1


def unfinished(connection: Connection, lease_before: float | None = None) -> list[Message]:
    """Messages without a final state, oldest first; with ``lease_before`` only those whose lease ended by then."""
    query = UNFINISHED if lease_before is None else UNFINISHED.where(INBOX.c.lease_until < lease_before)
    return [to_message(row) for row in connection.execute(query)]
