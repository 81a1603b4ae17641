"""DingTalk's stream: opens the connection, acknowledges what is stored, and connects again when it is cut.

The frames are those of the dingtalk-stream SDK. Its own client is not used: it asks for the connection with a
blocking call on the event loop, writes the ticket and unknown messages to the log, and acknowledges in any case.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import orjson
import structlog
from dingtalk_stream.chatbot import ChatbotMessage
from dingtalk_stream.frames import AckMessage, CallbackMessage, SystemMessage

from bot.gateway.errors import origin
from bot.gateway.platforms.api import PlatformApi, PlatformError
from models.errors import WenyuError

log = structlog.get_logger(__name__)
HEARTBEAT_S = 30.0
PAUSES_S = (0.2, 1.0, 3.0, 10.0, 30.0)
MAX_FRAME_BYTES = 1024 * 1024
Receive = Callable[[dict[str, Any]], Awaitable[None]]


class StreamClient:
    """One connection of one robot.

    Args:
        receive: stores the body of a message; an error leaves it without acknowledgement, and it comes again.
    """

    def __init__(self, api: PlatformApi, base_url: str, client_id: str, client_secret: str, receive: Receive) -> None:
        self._api = api
        self._base_url = base_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._receive = receive
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, in the background, for as long as the gateway runs."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Disconnect."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._connect()
                failures = 0
            except (PlatformError, aiohttp.ClientError, OSError, TimeoutError, KeyError) as error:
                reason = error.reason if isinstance(error, PlatformError) else type(error).__name__
                log.warning("stream_not_connected", channel="dingtalk", reason=reason)
                failures += 1
            await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])

    async def _connect(self) -> None:
        body = {
            "clientId": self._client_id,
            "clientSecret": self._client_secret,
            "subscriptions": [{"type": CallbackMessage.TYPE, "topic": ChatbotMessage.TOPIC}],
            "ua": "wenyu",
        }
        answer = await self._api.call("POST", f"{self._base_url}/v1.0/gateway/connections/open", json=body)
        if answer["_status"] >= 400:
            raise PlatformError(f"code_{answer.get('code', answer['_status'])}")
        async with self._api.http.ws_connect(
            str(answer["endpoint"]),
            params={"ticket": str(answer["ticket"])},
            heartbeat=HEARTBEAT_S,
            max_msg_size=MAX_FRAME_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
        ) as socket:
            log.info("stream_connected", channel="dingtalk")
            async for frame in socket:
                if frame.type is not aiohttp.WSMsgType.TEXT or not await self._take(socket, frame.data):
                    return

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, data: str) -> bool:
        """Answer one frame; False when the platform asks to connect anew."""
        try:
            frame = orjson.loads(data)
            kind = frame["type"]
            if kind == SystemMessage.TYPE:
                message = SystemMessage.from_dict(frame)
                await self._acknowledge(socket, message, message.data)
                return bool(message.headers.topic != SystemMessage.TOPIC_DISCONNECT)
            if kind == CallbackMessage.TYPE:
                message = CallbackMessage.from_dict(frame)
                await self._receive(message.data)
                await self._acknowledge(socket, message, {"response": None})
        except WenyuError as error:
            log.warning("stream_message_not_taken", channel="dingtalk", code=error.code)
        except (aiohttp.ClientError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - a frame that is not understood must not end the stream
            log.error("stream_frame_fault", channel="dingtalk", error=type(error).__name__, origin=origin(error))
        return True

    @staticmethod
    async def _acknowledge(socket: aiohttp.ClientWebSocketResponse, message: Any, data: object) -> None:
        answer = AckMessage()
        answer.code = AckMessage.STATUS_OK
        answer.headers.message_id = message.headers.message_id
        answer.headers.content_type = "application/json"
        answer.message = "OK"
        answer.data = data
        await socket.send_str(orjson.dumps(answer.to_dict()).decode())
