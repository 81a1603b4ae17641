"""The web channel: what the widget and any client of the public API call to hold a conversation."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.gateway import outbox, text
from bot.gateway.context import GATEWAY, Gateway, conversation_of
from bot.gateway.http import json_response, read_body
from bot.gateway.inbox import Draft, Message
from bot.gateway.limits import MAX_ATTACHMENTS, client_address
from bot.gateway.sessions import iso_time, open_conversation

CHANNEL = "web"
# The turn may use its whole time limit; storing and sending the apology takes a little more.
GRACE_S = 0.5
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]


class MessageBody(BaseModel):
    """The body of POST /api/v1/messages, and of a ``message`` frame on the WebSocket."""

    model_config = ConfigDict(strict=True)

    client_message_id: Id
    text: str = ""
    attachments: Annotated[list[Id], Field(max_length=MAX_ATTACHMENTS)] = []


async def accept(gateway: Gateway, conversation: str, body: MessageBody) -> Message:
    """Take a message of the web channel, whichever way it came.

    Raises:
        RequestError: when it is refused.
    """
    readable = text.readable(body.text, gateway.settings.max_text_chars, may_be_empty=bool(body.attachments))
    return await gateway.worker.accept(
        Draft(conversation, CHANNEL, body.client_message_id, readable, body.text, tuple(body.attachments))
    )


async def post_session(request: web.Request) -> web.Response:
    """POST /api/v1/sessions"""
    gateway = request.app[GATEWAY]
    gateway.session_rate.check(client_address(request, trust_proxy=gateway.settings.trust_proxy))
    session = gateway.sessions.issue()
    await gateway.database.write(lambda c: open_conversation(c, session.id, CHANNEL))
    return json_response({"session": session.id, "token": session.token, "expires": iso_time(session.expires)}, 201)


async def post_message(request: web.Request) -> web.Response:
    """POST /api/v1/messages"""
    gateway = request.app[GATEWAY]
    conversation = conversation_of(request)
    gateway.message_rate.check(conversation)
    message = await accept(gateway, conversation, await read_body(request, MessageBody))
    replies = await gateway.worker.replies(message, gateway.settings.turn_deadline_s + GRACE_S)
    if replies is None:
        return json_response({"status": "accepted", "client_message_id": message.client_message_id}, 202)
    return json_response({"messages": replies})


async def get_messages(request: web.Request) -> web.Response:
    """GET /api/v1/messages?after=ID"""
    gateway = request.app[GATEWAY]
    conversation = conversation_of(request)
    after = request.query.get("after", "")
    page = await gateway.database.read(
        lambda c: outbox.history(c, conversation, outbox.position_of(c, conversation, after), outbox.PAGE_SIZE + 1)
    )
    return json_response({"messages": page[: outbox.PAGE_SIZE], "more": len(page) > outbox.PAGE_SIZE})
