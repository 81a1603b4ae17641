"""The tables. Every statement of the gateway is built on these classes, and alembic's migrations follow them.

Times are seconds since the epoch, UTC. A *position* counts the entries of one conversation (what the visitor
wrote and what the assistant answered, together) from 1 without gaps; it is what a client resumes by.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, Integer, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Root of the tables, with portable constraint names."""

    metadata = MetaData(naming_convention=NAMING)


class Conversation(Base):
    """One conversation, which a session token names. ``last_position`` is raised in the same transaction
    that adds an entry, so positions are committed in order."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[float] = mapped_column(Float)
    last_position: Mapped[int] = mapped_column(Integer, default=0)


class Inbox(Base):
    """What visitors wrote. ``state`` goes new → running → done or failed; the last two are final.

    ``text`` is normalised (what the dialogue reads), ``original`` is what the visitor typed. ``lease_until`` is
    when another process may take the message over.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "conversation", "client_message_id"),
        UniqueConstraint("conversation", "position"),
        Index("ix_inbox_state_lease_until", "state", "lease_until"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(32))
    client_message_id: Mapped[str] = mapped_column(String(128))
    position: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text)
    original: Mapped[str] = mapped_column(Text)
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    lease_until: Mapped[float] = mapped_column(Float)
    created_at: Mapped[float] = mapped_column(Float)
    finished_at: Mapped[float | None] = mapped_column(Float)


class Outbox(Base):
    """What the assistant answered: ``reply`` is the public reply object. ``capability`` and ``band`` repeat
    two of its fields so that missed questions can be counted by SQL."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("conversation", "position"),
        Index("ix_outbox_created_at", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    message: Mapped[str] = mapped_column(ForeignKey("inbox.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    reply: Mapped[dict[str, Any]] = mapped_column(JSON)
    capability: Mapped[str] = mapped_column(String(32))
    band: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[float] = mapped_column(Float)


class Upload(Base):
    """A checked and re-encoded file of one conversation, stored as ``file`` under var/uploads."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    mime: Mapped[str] = mapped_column(String(64))
    file: Mapped[str] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[float] = mapped_column(Float)


class Feedback(Base):
    """Thumbs up (1) or down (-1) on a reply; a later one replaces it."""

    __tablename__ = "feedback"

    reply: Mapped[str] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True)
    conversation: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    value: Mapped[int] = mapped_column(Integer)
    comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[float] = mapped_column(Float)


class Ticket(Base):
    """A conversation handed to a person. ``transcript`` is ``[{role, text, at}]`` up to the hand-over."""

    __tablename__ = "tickets"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[float] = mapped_column(Float)
    contact: Mapped[str] = mapped_column(Text, default="")
    summary: Mapped[str] = mapped_column(Text, default="")
    transcript: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(16), default="open")


class Tracker(Base):
    """The dialogue process's memory of a conversation; the gateway only exports and forgets it."""

    __tablename__ = "tracker"

    conversation: Mapped[str] = mapped_column(Text, primary_key=True)
    events: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[float] = mapped_column(Float)


class PlatformMessage(Base):
    """What a messaging platform adds to a message of the inbox.

    ``address`` is where its answers go, in the adapter's own keys. ``files`` are ``{kind, ref}`` that are still to
    be fetched from the platform. A message with a ``notice`` is answered by that sentence, without the dialogue.
    """

    __tablename__ = "platform_messages"

    message: Mapped[str] = mapped_column(ForeignKey("inbox.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[dict[str, Any]] = mapped_column(JSON)
    files: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    notice: Mapped[str] = mapped_column(Text, default="")


class Delivery(Base):
    """A reply on its way to a messaging platform. ``state`` goes waiting → sent or failed; the last two are final.

    ``sent_parts`` counts the calls that the platform has taken, so that a restart goes on behind them.
    ``carried`` is the number of the part (from 1) that an acknowledgement took along, 0 for none.
    ``lease_until`` is until when one process alone may send it, ``due_at`` when the next attempt is due, ``error``
    the platform's code of the last failure.
    """

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_state_due_at", "state", "due_at"),)

    reply: Mapped[str] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True)
    message: Mapped[str] = mapped_column(ForeignKey("inbox.id", ondelete="CASCADE"), index=True)
    conversation: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str] = mapped_column(String(32))
    position: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    sent_parts: Mapped[int] = mapped_column(Integer, default=0)
    carried: Mapped[int] = mapped_column(Integer, default=0)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[float] = mapped_column(Float)
    lease_until: Mapped[float] = mapped_column(Float, default=0.0)
    error: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[float] = mapped_column(Float)
    finished_at: Mapped[float | None] = mapped_column(Float)


class SeenCall(Base):
    """A signed call of a platform that was taken, by the hash of its signature; it is not taken again."""

    __tablename__ = "seen_calls"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_at: Mapped[float] = mapped_column(Float, index=True)


class AccessToken(Base):
    """A platform's access token, shared by every gateway process until ``expires_at``."""

    __tablename__ = "access_tokens"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[float] = mapped_column(Float)


# The turns' own statements are built once, on the tables themselves: building them anew costs more than running them.
CONVERSATIONS = Base.metadata.tables["conversations"]
INBOX = Base.metadata.tables["inbox"]
OUTBOX = Base.metadata.tables["outbox"]
PLATFORM_MESSAGES = Base.metadata.tables["platform_messages"]
DELIVERIES = Base.metadata.tables["deliveries"]
SEEN_CALLS = Base.metadata.tables["seen_calls"]
