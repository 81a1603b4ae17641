"""/hooks/{channel}: what the platforms call. Verified first, stored next, acknowledged last."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from sqlalchemy import Connection

from bot.gateway.context import GATEWAY, Gateway
from bot.gateway.errors import RequestError
from bot.gateway.platforms import deliveries
from bot.gateway.platforms.adapter import Adapter, Call, Opened, call_key, refused
from bot.gateway.platforms.service import conversation_name, message_name

log = structlog.get_logger(__name__)
# A platform that repeats a call byte by byte does so within this time.
REPEAT_WITHIN_S = 30.0
SAME_MOMENT_S = 2.0
STILL_THINKING = "还在想，请过几秒回复“继续”查看。"


def hook_routes(gateway: Gateway) -> list[web.RouteDef]:
    """The addresses of the configured platforms."""
    routes = []
    for adapter in gateway.platforms.adapters.values():
        if adapter.webhook:
            path = f"/hooks/{adapter.name}"
            routes += [web.post(path, _handler(adapter)), web.get(path, _handler(adapter), allow_head=False)]
    return routes


def _handler(adapter: Adapter) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def receive(request: web.Request) -> web.StreamResponse:
        gateway = request.app[GATEWAY]
        calls = gateway.metrics.platform_calls
        try:
            response, outcome = await _receive(gateway, adapter, request)
        except RequestError as error:
            calls.labels(adapter.name, "refused" if error.status == 401 else "not_taken").inc()
            if error.status == 401:
                log.warning("platform_call_refused", channel=adapter.name)
            raise
        calls.labels(adapter.name, outcome).inc()
        return response

    return receive


async def _receive(gateway: Gateway, adapter: Adapter, request: web.Request) -> tuple[web.Response, str]:
    call = Call(request.method, request.query, request.headers, await request.read())
    opened = adapter.open(call)
    arrival = opened.arrival
    if arrival is None:
        return opened.answer(), "acknowledged"
    platforms = gateway.platforms
    if not adapter.active and arrival.text.strip() == "继续":
        conversation = conversation_name(adapter.name, arrival.chat)
        text = await platforms.passive_text(adapter, message_name(arrival), conversation)
        if text:
            return _answer(opened, text), "taken"
    try:
        message = await platforms.take(adapter, arrival, _memory(adapter, call, opened) if opened.signature else None)
    except RequestError as error:
        if error.status == 503 and opened.passive is not None:
            # A platform that gives up after a few seconds tells the person nothing; this does.
            return opened.passive(error.user_message), "not_taken"
        raise
    text = ""
    if opened.passive is not None and adapter.passive_wait_s:
        if gateway.dialogue.reachable or not adapter.active:
            await gateway.worker.replies(message, adapter.passive_wait_s)
        text = await platforms.passive_text(adapter, message.id, message.conversation)
        if not text and not adapter.active:
            text = STILL_THINKING
        if not text and adapter.active:
            await platforms.release(message.id)
    return _answer(opened, text), "taken"


def _memory(adapter: Adapter, call: Call, opened: Opened) -> Callable[[Connection], None]:
    """What refuses a call that was taken before, and remembers this one, in the transaction that stores its message.

    Two exceptions. A platform that repeats a call byte by byte, because it missed the acknowledgement, gets it again,
    without any effect. Where the signature is over the time alone, other calls of the same moment may carry it.
    """
    signature = call_key(adapter.name, opened.signature)
    whole = call_key(adapter.name, opened.signature + hashlib.sha256(call.body).hexdigest())

    def check(connection: Connection) -> None:
        now = time.time()
        signature_at, whole_at = (deliveries.was_seen(connection, key) for key in (signature, whole))
        if not signature_at:
            deliveries.remember(connection, signature, whole)
        elif adapter.signs_time_only and not whole_at and now - signature_at < SAME_MOMENT_S:
            deliveries.remember(connection, whole)
        elif not adapter.repeats_verbatim or now - whole_at > REPEAT_WITHIN_S:
            raise refused()

    return check


def _answer(opened: Opened, text: str) -> web.Response:
    if text and opened.passive is not None:
        return opened.passive(text)
    return opened.answer()
