"""Asks a dialogue process for the answer to one message, and tries again while there is time.

A dialogue process knows a message by its id: asked again for its last one, it repeats the answer instead of
running the turn twice. So every failure in transit may be tried again.
"""

from __future__ import annotations

import asyncio
import time
import zlib
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
    """A pool of kept-alive connections to the dialogue processes.

    A conversation has a home among them. While that is gone, another one takes its turns; they all keep their memory
    in the one database, and which of them stores a turn first decides.

    Args:
        base_urls: of each process, such as ``http://127.0.0.1:5005``
        token: the processes' shared secret.
        uploads_dir: where attachments lie; a dialogue process gets absolute paths.
    """

    def __init__(self, base_urls: tuple[str, ...], token: str, uploads_dir: Path) -> None:
        self._base_urls = base_urls
        self._token = token
        self._uploads_dir = uploads_dir.resolve()
        self._http: aiohttp.ClientSession | None = None
        self.reachable = True
        # Processes that refuse connections; for each of them one task looks whether it is there again.
        self._gone: dict[str, asyncio.Task[None]] = {}
        self._some_there = asyncio.Event()
        self._some_there.set()

    async def start(self) -> None:
        """Open the pool."""
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"X-Wenyu-Token": self._token, "Content-Type": "application/json"},
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the pool."""
        for task in self._gone.values():
            task.cancel()
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
                base_url = await self._process_for(message.conversation, deadline)
                replies = await self._attempt(base_url, body, deadline - time.monotonic())
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

    async def _process_for(self, conversation: str, deadline: float) -> str:
        """The process that a turn goes to; waits while all of them refuse connections."""
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                await self._some_there.wait()
        except TimeoutError:
            raise TurnFailed("unreachable") from None
        home = zlib.crc32(conversation.encode()) % len(self._base_urls)
        in_order = self._base_urls[home:] + self._base_urls[:home]
        return next(url for url in in_order if url not in self._gone)

    def _refused(self, base_url: str) -> None:
        """Note that a process is gone and look for it; waiting for it costs the turns next to nothing."""
        if base_url not in self._gone:
            self._gone[base_url] = asyncio.create_task(self._look_for(base_url))
        if len(self._gone) == len(self._base_urls):
            self._some_there.clear()

    async def _look_for(self, base_url: str) -> None:
        while not await probe(base_url + "/health"):  # noqa: ASYNC110 - another process says nothing by itself
            await asyncio.sleep(LOOK_PAUSE_S)
        del self._gone[base_url]
        self._some_there.set()

    async def _attempt(self, base_url: str, body: bytes, timeout_s: float) -> list[Reply]:
        if self._http is None:
            raise RuntimeError("start() was not called")
        try:
            async with asyncio.timeout(timeout_s):
                async with self._http.post(base_url + "/webhooks/wenyu/turn", data=body) as response:
                    status = response.status
                    answer = await response.content.read(MAX_ANSWER_BYTES) if status == 200 else b""
                    while status == 200 and not response.content.at_eof():
                        answer += await response.content.read(MAX_ANSWER_BYTES)
                        if len(answer) > MAX_ANSWER_BYTES:
                            raise TurnFailed("too_large", final=True)
        except TimeoutError:
            raise TurnFailed("timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                self._refused(base_url)
            raise TurnFailed("unreachable") from None
        if status != 200:
            # A request that is refused (a wrong token, for one) is refused again.
            raise TurnFailed(f"status_{status}", final=status < 500)
        return parse_answer(answer)

    async def probe(self) -> bool:
        """Whether a dialogue process says that it is loaded."""
        return any(await asyncio.gather(*(probe(url + "/health") for url in self._base_urls)))


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
