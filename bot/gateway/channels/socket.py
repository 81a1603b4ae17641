"""GET /api/v1/ws: the conversation live. It sends what is stored, in order, each entry once.

A client names the last entry it has by ``after`` and misses nothing: the socket listens first, then reads what is
stored, and goes by position from there. The token comes in the ``Authorization`` header or, from a browser, as a
second subprotocol ``bearer.TOKEN``; never in the URL, which is logged on the way.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Literal

import orjson
import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel

from bot.gateway import outbox
from bot.gateway.channels.web import MessageBody, accept
from bot.gateway.context import GATEWAY, Gateway
from bot.gateway.errors import RequestError, error_body
from bot.gateway.http import parse_body
from bot.gateway.limits import MAX_SOCKETS, MAX_SOCKETS_PER_SESSION
from bot.gateway.live import Listener
from bot.gateway.outbox import Entry
from bot.gateway.sessions import bearer_token

log = structlog.get_logger(__name__)
PROTOCOL = "wenyu.v1"
TOKEN_PREFIX = "bearer."  # noqa: S105 - the name of a subprotocol
HEARTBEAT_S = 20.0


class Frame(BaseModel):
    """What a client may send: ``{"type": "ping"}``, or ``message`` with the fields of a message."""

    type: Literal["ping", "message"]


def token_of(request: web.Request) -> str:
    """The token of a WebSocket request: from its header or, in a browser, its subprotocol; empty without one."""
    header = bearer_token(request.headers.get("Authorization", ""))
    if header:
        return header
    for protocol in request.headers.get("Sec-WebSocket-Protocol", "").split(","):
        if protocol.strip().startswith(TOKEN_PREFIX):
            return protocol.strip().removeprefix(TOKEN_PREFIX)
    return ""


class Socket:
    """One open socket of one conversation."""

    def __init__(self, gateway: Gateway, ws: web.WebSocketResponse, listener: Listener, position: int) -> None:
        self._gateway = gateway
        self._ws = ws
        self._listener = listener
        self._position = position

    async def _send(self, frame: dict[str, Any]) -> None:
        await self._ws.send_str(orjson.dumps(frame).decode())

    async def _send_entry(self, entry: Entry) -> None:
        self._position = entry["position"]
        await self._send({"type": "message", "message": entry})

    async def _catch_up(self, upto: int | None = None) -> None:
        conversation = self._listener.conversation
        while upto is None or self._position < upto:
            query = partial(outbox.history, conversation=conversation, after=self._position)
            page = await self._gateway.database.read(query)
            for entry in page:
                await self._send_entry(entry)
            if not page or (upto is None and len(page) < outbox.PAGE_SIZE):
                return

    async def deliver(self) -> None:
        """Send the stored entries, then ``ready``, then what is published; ends with the stream."""
        try:
            await self._catch_up()
            await self._send({"type": "ready", "position": self._position})
            while (entry := await self._listener.next()) is not None:
                if entry["position"] == self._position + 1:
                    await self._send_entry(entry)
                elif entry["position"] > self._position:
                    await self._catch_up(entry["position"])
        except ConnectionError:
            return
        code = WSCloseCode.TRY_AGAIN_LATER if self._listener.overflowed else WSCloseCode.GOING_AWAY
        await self._ws.close(code=code)

    async def _take(self, data: str) -> None:
        if parse_body(Frame, data).type == "ping":
            await self._send({"type": "pong"})
            return
        body = parse_body(MessageBody, data)
        try:
            self._gateway.message_rate.check(self._listener.conversation)
            message = await accept(self._gateway, self._listener.conversation, body)
        except RequestError as error:
            await self._send_error(error, body.client_message_id)
        else:
            await self._send(
                {
                    "type": "accepted",
                    "client_message_id": message.client_message_id,
                    "position": message.position,
                }
            )

    async def _send_error(self, error: RequestError, client_message_id: str | None = None) -> None:
        self._gateway.metrics.refused.labels(error.code).inc()
        frame: dict[str, Any] = {"type": "error", **error_body(error.code, error.user_message)}
        if client_message_id is not None:
            frame["client_message_id"] = client_message_id
        if error.retry_after_s is not None:
            frame["retry_after"] = error.retry_after_s
        await self._send(frame)

    async def receive(self) -> None:
        """Answer the client's frames until it leaves."""
        async for frame in self._ws:
            if frame.type is not WSMsgType.TEXT:
                await self._ws.close(code=WSCloseCode.UNSUPPORTED_DATA)
                return
            try:
                await self._take(frame.data)
            except RequestError as error:
                await self._send_error(error)
            except ConnectionError:
                return


async def get_socket(request: web.Request) -> web.WebSocketResponse:
    """GET /api/v1/ws?after=ID"""
    gateway = request.app[GATEWAY]
    conversation = gateway.sessions.conversation_of(token_of(request))
    if gateway.worker.draining:
        raise RequestError(503, "restarting", "服务正在重启，请稍后再试。", retry_after_s=5)
    if gateway.hub.total() >= MAX_SOCKETS:
        raise RequestError(503, "busy", "现在咨询的人太多，请稍后再试。", retry_after_s=5)
    if gateway.hub.count(conversation) >= MAX_SOCKETS_PER_SESSION:
        raise RequestError(429, "too_many_sockets", "这个会话打开的窗口太多了，请关掉一些。", retry_after_s=10)
    after = request.query.get("after", "")
    ws = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S, protocols=(PROTOCOL,), max_msg_size=gateway.settings.max_body_bytes
    )
    if not ws.can_prepare(request).ok:
        raise RequestError(426, "websocket_only", "这个地址只接受 WebSocket 连接。")
    listener = gateway.hub.listen(conversation)
    gateway.metrics.sockets.set(gateway.hub.total())
    try:
        position = await gateway.database.read(lambda c: outbox.position_of(c, conversation, after))
        await ws.prepare(request)
        socket = Socket(gateway, ws, listener, position)
        delivery = asyncio.create_task(socket.deliver())
        try:
            await socket.receive()
        finally:
            delivery.cancel()
            await asyncio.gather(delivery, return_exceptions=True)
    finally:
        gateway.hub.leave(listener)
        gateway.metrics.sockets.set(gateway.hub.total())
    return ws
