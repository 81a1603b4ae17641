"""Tickets: conversations that were handed to a person."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.gateway.db.models import Ticket
from bot.gateway.outbox import Entry, history

TRANSCRIPT_ENTRIES = 200


def transcript(connection: Connection, conversation: str, upto: int) -> list[dict[str, Any]]:
    """``[{role, text, at}]``: the last entries of the conversation, up to position ``upto``."""
    entries = history(connection, conversation, max(0, upto - TRANSCRIPT_ENTRIES), TRANSCRIPT_ENTRIES)
    return [{"role": e["role"], "text": e["text"], "at": e["created_at"]} for e in entries]


def store_tickets(connection: Connection, conversation: str, entries: list[Entry]) -> None:
    """Open or complete the ticket that a hand-over names in ``data``; other replies are passed over."""
    for entry in entries:
        ticket = entry["data"].get("ticket_id")
        if entry["capability"] != "handoff" or not isinstance(ticket, str) or not ticket:
            continue
        values: dict[str, Any] = {"transcript": transcript(connection, conversation, entry["position"])}
        for field in ("contact", "summary"):
            if entry["data"].get(field):
                values[field] = str(entry["data"][field])
        known = connection.scalar(select(Ticket.conversation).where(Ticket.id == ticket))
        if known == conversation:
            connection.execute(update(Ticket).where(Ticket.id == ticket).values(values))
        elif known is None:
            row = {"contact": "", "summary": "", **values}
            connection.execute(
                insert(Ticket).values(
                    id=ticket, conversation=conversation, created_at=time.time(), status="open", **row
                )
            )
