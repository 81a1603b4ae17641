"""Rasa's REST channel, for clients that already speak it: POST /webhooks/rest/webhook.

``{"sender": "…", "message": "…"}`` → ``[{"recipient_id", "text", "buttons"?, "custom"}]``, where ``custom`` is the
whole reply. Server to server only: the caller names the conversation, so it has to show the operator's key.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StringConstraints

from bot.gateway.channels.web import GRACE_S, Id
from bot.gateway.context import GATEWAY
from bot.gateway.errors import RequestError
from bot.gateway.http import json_response, read_body
from bot.gateway.inbox import Draft
from bot.gateway.outbox import Entry
from bot.gateway.sessions import bearer_token, open_conversation
from bot.gateway.text import readable

CHANNEL = "rest"
STILL_WORKING = "这条消息还在处理，请稍后再来取回复。"


class RestMetadata(BaseModel):
    """``message_id`` makes a repeated request the same message; Rasa's own clients leave it out."""

    model_config = ConfigDict(strict=True)

    message_id: Id | None = None


class RestBody(BaseModel):
    """The body of Rasa's REST channel."""

    model_config = ConfigDict(strict=True)

    sender: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    message: str
    metadata: RestMetadata | None = None


def _check_key(request: web.Request, key: str) -> None:
    if not key:
        raise RequestError(403, "rest_disabled", "这个接口没有开启，请联系管理员设置 API 密钥。")
    authorization = request.headers.get("Authorization", "")
    given = request.headers.get("X-API-Key") or bearer_token(authorization) or authorization
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), key.encode()):
        raise RequestError(401, "wrong_api_key", "API 密钥不正确。")


def conversation_of_sender(sender: str) -> str:
    """The conversation of a sender; a hash, because a sender may be any text."""
    return "rest-" + hashlib.sha256(sender.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def to_rasa(sender: str, reply: Entry) -> dict[str, Any]:
    """A reply in the shape of Rasa's REST channel."""
    message: dict[str, Any] = {"recipient_id": sender, "text": reply["text"], "custom": reply}
    if reply["buttons"]:
        message["buttons"] = reply["buttons"]
    return message


async def post_webhook(request: web.Request) -> web.Response:
    """POST /webhooks/rest/webhook"""
    gateway = request.app[GATEWAY]
    _check_key(request, gateway.settings.rest_api_key)
    body = await read_body(request, RestBody)
    conversation = conversation_of_sender(body.sender)
    gateway.message_rate.check(conversation)
    message_id = (body.metadata and body.metadata.message_id) or uuid.uuid4().hex
    text = readable(body.message, gateway.settings.max_text_chars)
    draft = Draft(conversation, CHANNEL, message_id, text, body.message)
    message = await gateway.worker.accept(draft, open_conversation)
    replies = await gateway.worker.replies(message, gateway.settings.turn_deadline_s + GRACE_S)
    if replies is None:
        return json_response([{"recipient_id": body.sender, "text": STILL_WORKING}])
    return json_response([to_rasa(body.sender, reply) for reply in replies])
