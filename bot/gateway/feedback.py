"""Thumbs up and down on a reply."""

from __future__ import annotations

import time
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Connection, insert, select, update

from bot.gateway.context import GATEWAY, conversation_of
from bot.gateway.db.models import Feedback, Outbox
from bot.gateway.http import json_response, read_body
from bot.gateway.limits import MAX_COMMENT_CHARS
from bot.gateway.outbox import ENTRY_ID, unknown_message
from bot.gateway.sessions import require_conversation
from bot.gateway.text import UNREADABLE


def _thumb(value: int) -> int:
    # Literal[1, -1] would take true and 1.0 for 1.
    if value not in (1, -1):
        raise ValueError("1 or -1")
    return value


class FeedbackBody(BaseModel):
    """The body of POST /api/v1/messages/{id}/feedback."""

    model_config = ConfigDict(strict=True)

    value: Annotated[int, AfterValidator(_thumb), Field(json_schema_extra={"enum": [1, -1]})]
    comment: Annotated[str, StringConstraints(max_length=MAX_COMMENT_CHARS)] = ""


def store_feedback(connection: Connection, conversation: str, reply: str, value: int, comment: str) -> None:
    """Keep the visitor's last opinion on a reply.

    Raises:
        RequestError: 401 unknown conversation; 404 when the reply is not in it.
    """
    require_conversation(connection, conversation)
    query = select(Outbox.id).where(Outbox.id == reply, Outbox.conversation == conversation)
    if not ENTRY_ID.fullmatch(reply) or connection.scalar(query) is None:
        raise unknown_message()
    values = {"value": value, "comment": comment, "created_at": time.time()}
    if connection.execute(update(Feedback).where(Feedback.reply == reply).values(values)).rowcount == 0:
        connection.execute(insert(Feedback).values(reply=reply, conversation=conversation, **values))


async def post_feedback(request: web.Request) -> web.Response:
    """POST /api/v1/messages/{id}/feedback"""
    gateway = request.app[GATEWAY]
    conversation = conversation_of(request)
    gateway.message_rate.check(conversation)
    body = await read_body(request, FeedbackBody)
    comment = UNREADABLE.sub("", body.comment)
    reply = request.match_info["id"]
    await gateway.database.write(lambda c: store_feedback(c, conversation, reply, body.value, comment))
    gateway.metrics.feedback.labels(str(body.value)).inc()
    return json_response({"status": "stored"})
