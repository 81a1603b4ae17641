"""How much one visitor may ask for. The limits that an operator may change are in :mod:`bot.settings`."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from aiohttp import web

from bot.gateway.errors import RequestError

WINDOW_S = 60.0
PRUNE_EVERY = 1000
MAX_ATTACHMENTS = 4
MAX_COMMENT_CHARS = 1000
MAX_UPLOADS_PER_SESSION = 50
MAX_SOCKETS_PER_SESSION = 5
MAX_SOCKETS = 2000
MAX_ADDRESS_CHARS = 64


class RateLimiter:
    """At most ``per_minute`` events of one key in any 60 seconds.

    Args:
        message: the Chinese sentence of the refusal.
        clock: seconds, monotonic.
    """

    def __init__(self, per_minute: int, message: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._message = message
        self._clock = clock
        self._events: dict[str, deque[float]] = {}
        self._checks = 0

    def check(self, key: str) -> None:
        """Count one event.

        Raises:
            RequestError: 429 with the seconds to wait; the event is then not counted.
        """
        now = self._clock()
        self._checks += 1
        if self._checks % PRUNE_EVERY == 0:
            self._prune(now)
        events = self._events.setdefault(key, deque())
        while events and events[0] <= now - WINDOW_S:
            events.popleft()
        if len(events) >= self._per_minute:
            wait_s = max(1, math.ceil(events[0] + WINDOW_S - now))
            raise RequestError(429, "too_many_requests", self._message, retry_after_s=wait_s)
        events.append(now)

    def _prune(self, now: float) -> None:
        for key in [key for key, events in self._events.items() if events[-1] <= now - WINDOW_S]:
            del self._events[key]


def client_address(request: web.Request, *, trust_proxy: bool) -> str:
    """The visitor's address; behind a trusted proxy the one that the proxy appended last to X-Forwarded-For."""
    if trust_proxy:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded[:MAX_ADDRESS_CHARS]
    return request.remote or "unknown"
