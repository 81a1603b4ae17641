"""Asks the dialogue process for the answer to one message, and tries again while there is time.

The dialogue process knows a message by its id: asked again for its last one, it repeats the answer instead of
running the turn twice. So every failure in transit may be tried again.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import aiohttp
import orjson
import structlog
from pydantic import ValidationError

from actions.reply import Reply
from bot.gateway.inbox import Message

log = structlog.get_logger(__name__)
MAX_ANSWER_BYTES = 2 * 1024 * 1024
CONNECTIONS = 64
PAUSES_S = (0.0, 0.05, 0.1, 0.2, 0.3)
PROBE_TIMEOUT_S = 1.0
LOOK_PAUSE_S = 0.1


class TurnFailed(Exception):
    """No usable answer; ``reason`` is a word for the log and the metrics."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class DialogueClient:
    """A pool of kept-alive connections to the dialogue process.

    Args:
        base_url: ``http://127.0.0.1:5005``
        token: the processes' shared secret.
        uploads_dir: where attachments lie; the dialogue process gets absolute paths.
    """

    def __init__(self, base_url: str, token: str, uploads_dir: Path) -> None:
        self._base_url = base_url
        self._token = token
        self._uploads_dir = uploads_dir.resolve()
        self._http: aiohttp.ClientSession | None = None
        self.reachable = True
        self._refused = False
        self._scout = asyncio.Lock()

    async def start(self) -> None:
        """Open the pool."""
        self._http = aiohttp.ClientSession(
            base_url=self._base_url,
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"X-Wenyu-Token": self._token, "Content-Type": "application/json"},
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the pool."""
        if self._http is not None:
            await self._http.close()

    async def turn(self, message: Message, budget_s: float) -> list[Reply]:
        """The replies to ``message``, at least one.

        Args:
            budget_s: seconds until the answer must be there, all attempts together.

        Raises:
            TurnFailed: when there is no valid answer in time.
        """
        body = orjson.dumps(
            {
                "conversation": message.conversation,
                "message_id": message.id,
                "text": message.text,
                "attachments": [
                    {
                        "id": a["id"],
                        "kind": a["kind"],
                        "mime": a["mime"],
                        "path": str(self._uploads_dir / a["file"]),
                    }
                    for a in message.attachments
                ],
                "channel": message.channel,
            }
        )
        deadline = time.monotonic() + budget_s
        attempt = 0
        while True:
            try:
                await self._until_there(deadline)
                replies = await self._attempt(body, deadline - time.monotonic())
            except TurnFailed as failure:
                pause = PAUSES_S[min(attempt, len(PAUSES_S) - 1)]
                if failure.final or time.monotonic() + pause >= deadline:
                    self.reachable = failure.final
                    raise
                await asyncio.sleep(pause)
                attempt += 1
            else:
                self.reachable = True
                return replies

    async def _until_there(self, deadline: float) -> None:
        """Wait while connections are refused: one turn looks for all, so that waiting costs next to nothing."""
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                while self._refused:
                    async with self._scout:
                        if self._refused and not await self.probe():
                            await asyncio.sleep(LOOK_PAUSE_S)
                        else:
                            self._refused = False
        except TimeoutError:
            raise TurnFailed("unreachable") from None

    async def _attempt(self, body: bytes, timeout_s: float) -> list[Reply]:
        if self._http is None:
            raise RuntimeError("start() was not called")
        try:
            async with asyncio.timeout(timeout_s):
                async with self._http.post("/webhooks/wenyu/turn", data=body) as response:
                    status = response.status
                    answer = await response.content.read(MAX_ANSWER_BYTES) if status == 200 else b""
                    while status == 200 and not response.content.at_eof():
                        answer += await response.content.read(MAX_ANSWER_BYTES)
                        if len(answer) > MAX_ANSWER_BYTES:
                            raise TurnFailed("too_large", final=True)
        except TimeoutError:
            raise TurnFailed("timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            self._refused = isinstance(error, aiohttp.ClientConnectorError)
            raise TurnFailed("unreachable") from None
        if status != 200:
            # A request that is refused (a wrong token, for one) is refused again.
            raise TurnFailed(f"status_{status}", final=status < 500)
        return parse_answer(answer)

    async def probe(self) -> bool:
        """Whether the dialogue process says that it is loaded."""
        return await probe(self._base_url + "/health")


def parse_answer(answer: bytes) -> list[Reply]:
    """The replies in the dialogue process's answer; those that break the contract are left out.

    Raises:
        TurnFailed: not JSON of the agreed shape (may be tried again), or no valid reply in it (final).
    """
    try:
        messages = orjson.loads(answer)["messages"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise TurnFailed("garbage") from None
    if not isinstance(messages, list):
        raise TurnFailed("garbage")
    replies = []
    for message in messages:
        custom = message.get("custom") if isinstance(message, dict) else None
        try:
            if custom:
                replies.append(Reply.model_validate(custom))
            elif isinstance(message, dict) and message.get("text"):
                replies.append(Reply(text=message["text"], capability="system"))
        except ValidationError as error:
            log.error("reply_breaks_contract", fields=[".".join(map(str, e["loc"])) for e in error.errors()])
    if not replies:
        raise TurnFailed("no_reply", final=True)
    return replies


async def probe(url: str) -> bool:
    """Whether ``GET url`` on the loopback address answers 200 within a second."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PROBE_TIMEOUT_S)) as http,
            http.get(url) as response,
        ):
            return response.status == 200
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False
