"""Calls of the platforms' APIs: a shared access token, a pace, and errors that say whether trying again helps."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
import orjson
from sqlalchemy import Connection, delete, insert, select

from bot.gateway.db.engine import Database
from bot.gateway.db.models import AccessToken
from models.errors import WenyuError

CALL_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 1024 * 1024
# A token is fetched again this long before it expires, so that no call under way meets an expired one.
EARLY_S = 300.0
Result = TypeVar("Result")
Fetch = Callable[[], Awaitable[tuple[str, float]]]
Check = Callable[[dict[str, Any]], object]


class PlatformError(WenyuError):
    """A platform did not do what was asked.

    Args:
        reason: the platform's code, such as ``errcode_45015`` or ``http_502``; never its text, which may quote.
        permanent: trying again will not help.
        retry_after_s: how long the platform asks to wait.
        bad_token: the access token was not accepted.
    """

    code = "platform_failed"
    status = 502

    def __init__(
        self, reason: str, *, permanent: bool = False, retry_after_s: float = 0.0, bad_token: bool = False
    ) -> None:
        super().__init__("消息平台暂时没有响应。")
        self.reason = reason[:64]
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.bad_token = bad_token


class TokenStore:
    """Access tokens, fetched once and shared by every gateway process through the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[str, float]] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, name: str, fetch: Fetch, rejected: str = "") -> str:
        """The valid token of ``name``.

        Args:
            fetch: gets a new one from the platform: the token and how many seconds it is valid.
            rejected: a token that the platform did not accept; it is not given out again.
        """
        async with self._locks[name]:
            value, expires = self._known.get(name, ("", 0.0))
            if not _usable(value, expires, rejected):
                value, expires = await self._database.read(lambda c: _stored(c, name))
            if not _usable(value, expires, rejected):
                value, lasts_s = await fetch()
                expires = time.time() + lasts_s
                await self._database.write(lambda c: _store(c, name, value, expires))
            self._known[name] = (value, expires)
            return value


def _usable(value: str, expires: float, rejected: str) -> bool:
    return bool(value) and value != rejected and time.time() < expires - EARLY_S


def _stored(connection: Connection, name: str) -> tuple[str, float]:
    row = connection.execute(
        select(AccessToken.value, AccessToken.expires_at).where(AccessToken.name == name)
    ).one_or_none()
    return (row.value, row.expires_at) if row else ("", 0.0)


def _store(connection: Connection, name: str, value: str, expires: float) -> None:
    connection.execute(delete(AccessToken).where(AccessToken.name == name))
    connection.execute(insert(AccessToken).values(name=name, value=value, expires_at=expires))


class Pace:
    """Lets at most ``per_second`` calls a second begin."""

    def __init__(self, per_second: float) -> None:
        self._interval_s = 1.0 / per_second
        self._next = 0.0

    async def wait(self) -> None:
        """Wait for this call's place."""
        now = time.monotonic()
        place = max(now, self._next)
        self._next = place + self._interval_s
        if place > now:
            await asyncio.sleep(place - now)


class PlatformApi:
    """HTTP calls of one platform.

    Args:
        tokens: shared with the other platforms.
        per_second: how many calls a second may begin.
    """

    def __init__(self, tokens: TokenStore, per_second: float) -> None:
        self.tokens = tokens
        self._pace = Pace(per_second)
        self._http: aiohttp.ClientSession | None = None

    @property
    def http(self) -> aiohttp.ClientSession:
        """The pool of connections, opened when it is first needed."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT_S), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._http

    async def close(self) -> None:
        """Close the pool."""
        if self._http is not None:
            await self._http.close()

    async def with_token(self, name: str, fetch: Fetch, work: Callable[[str], Awaitable[Result]]) -> Result:
        """What ``work`` makes of the token of ``name``; one that the platform does not accept is fetched anew once.

        Raises:
            PlatformError: what ``work`` raises.
        """
        token = await self.tokens.get(name, fetch)
        try:
            return await work(token)
        except PlatformError as error:
            if not error.bad_token:
                raise
        return await work(await self.tokens.get(name, fetch, rejected=token))

    async def call(self, method: str, url: str, **request: Any) -> dict[str, Any]:
        """The JSON object that the platform answers.

        Raises:
            PlatformError: no connection, a status of 400 or more without a JSON object, or no JSON object.
        """
        await self._pace.wait()
        try:
            async with self.http.request(method, url, allow_redirects=False, **request) as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
                body = await _read(response, MAX_ANSWER_BYTES)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise PlatformError(type(error).__name__) from None
        answer = _object(body)
        if status >= 500 or status == 429:
            raise PlatformError(f"http_{status}", retry_after_s=_wait_s(retry_after, answer))
        if answer is None:
            raise PlatformError(f"http_{status}", permanent=400 <= status < 500, bad_token=status == 401)
        return {**answer, "_status": status}

    async def file(
        self, method: str, url: str, max_bytes: int, *, check: Check | None = None, **request: Any
    ) -> tuple[str, bytes]:
        """Content type and bytes of a file.

        Args:
            check: raises what a JSON object means that came in place of the file with a status of 400 or more.

        Raises:
            PlatformError: not there, or more than ``max_bytes`` bytes.
        """
        await self._pace.wait()
        try:
            async with self.http.request(method, url, **request) as response:
                status, kind = response.status, response.content_type
                data = await _read(response, max_bytes)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise PlatformError(type(error).__name__) from None
        if status >= 400:
            answer = _object(data)
            if check is not None and answer is not None:
                check({**answer, "_status": status})
            raise PlatformError(
                f"http_{status}", permanent=status < 500 and status not in (401, 429), bad_token=status == 401
            )
        return kind, data


def _object(data: bytes) -> dict[str, Any] | None:
    """The JSON object in ``data``, if there is one."""
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _wait_s(header: str, answer: dict[str, Any] | None) -> float:
    """How long the platform asks to wait, by its header or (Telegram) by its answer."""
    parameters = (answer or {}).get("parameters")
    wait = str(parameters.get("retry_after") if isinstance(parameters, dict) else header)
    return float(wait) if wait.isdigit() else 0.0


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    received = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        received += chunk
        if len(received) > max_bytes:
            raise PlatformError("file_too_large", permanent=True)
    return bytes(received)
