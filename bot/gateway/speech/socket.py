"""GET /api/v1/speech/ws: audio in and out, live. docs/语音.md describes the protocol.

Text frames are JSON, binary frames from the client are 16-bit mono samples. Between ``start`` and ``stop`` the client streams
what the microphone hears; it receives interim texts, then the final one. In a conversation the final text is a message like
any other: the replies come as they are stored, then sentence by sentence as sound.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import orjson
from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, Field

from bot.gateway.channels.socket import HEARTBEAT_S, PROTOCOL, token_of
from bot.gateway.channels.web import GRACE_S, Id, MessageBody, accept
from bot.gateway.context import GATEWAY, Gateway
from bot.gateway.errors import RequestError, error_body
from bot.gateway.http import parse_body
from bot.gateway.limits import MAX_SOCKETS_PER_SESSION
from bot.gateway.sessions import require_conversation
from bot.gateway.speech.endpoints import Speed, Voice
from bot.gateway.speech.recognition import Heard
from bot.gateway.speech.spoken_reply import spoken_reply
from bot.gateway.speech.synthesis import Manner

INTERIM_EVERY_S = 0.8
"""Seconds of new sound after which an interim text is made, if the recogniser is free."""
HANDS_FREE_PAUSE_S = 0.9
"""So long after the last speech an utterance is over when the client leaves that to the server."""
HANDS_FREE_LEAD_S = 1.0
"""What is kept of the silence before an utterance."""
SAMPLE_BYTES = 2


class Start(BaseModel):
    """Begin an utterance.

    Attributes:
        id: names the utterance, and the message that it becomes in a conversation.
        rate: samples a second.
        converse: the text is sent as a message and the replies are spoken; otherwise the text is all.
        hands_free: the server finds out when the utterance is over, and listens again.
        speak: replies come as sound too.
    """

    id: Id
    rate: Annotated[int, Field(ge=8000, le=48000)] = 16_000
    converse: bool = False
    hands_free: bool = False
    speak: bool = True
    voice: Voice = ""
    speed: Speed = 1.0
    format: Literal["mp3", "wav", "opus", "pcm"] = "mp3"


class Frame(BaseModel):
    """What a client may send."""

    type: Literal["start", "stop", "cancel", "hush", "ping"]


class Utterance:
    """What has been heard since ``start``."""

    def __init__(self, start: Start, max_s: int) -> None:
        self.start = start
        self.samples = bytearray()
        self.number = 1
        self._max_bytes = max_s * start.rate * SAMPLE_BYTES
        self._told = 0
        self.spoken_to = False

    @property
    def id(self) -> str:
        """Its name: in hands-free mode, those after the first are numbered."""
        return self.start.id if self.number == 1 else f"{self.start.id}.{self.number}"

    @property
    def full(self) -> bool:
        """Whether it is as long as it may be."""
        return len(self.samples) >= self._max_bytes

    def hear(self, data: bytes) -> bool:
        """Add samples; whether it is time for an interim text."""
        self.samples += data[: max(0, self._max_bytes - len(self.samples))]
        return len(self.samples) - self._told >= INTERIM_EVERY_S * self.start.rate * SAMPLE_BYTES

    def told(self) -> None:
        """An interim text is being made of what is there."""
        self._told = len(self.samples)

    def forget(self, keep_s: float) -> None:
        """Keep only the last seconds: there was no speech."""
        keep = int(keep_s * self.start.rate) * SAMPLE_BYTES
        if len(self.samples) > keep:
            del self.samples[:-keep]
            self._told = len(self.samples)

    def next(self) -> bytes:
        """Take what was heard and begin the next utterance."""
        taken = bytes(self.samples)
        self.samples.clear()
        self._told = 0
        self.spoken_to = False
        self.number += 1
        return taken


class SpeechSocket:
    """One open socket of one conversation."""

    def __init__(self, gateway: Gateway, ws: web.WebSocketResponse, conversation: str) -> None:
        self._gateway = gateway
        self._ws = ws
        self._conversation = conversation
        self._utterance: Utterance | None = None
        self._interim: asyncio.Task[None] | None = None
        self._turns: set[asyncio.Task[None]] = set()
        self._sending = asyncio.Lock()

    async def _send(self, frame: dict[str, Any], sound: bytes | None = None) -> None:
        async with self._sending:
            await self._ws.send_str(orjson.dumps(frame).decode())
            if sound is not None:
                await self._ws.send_bytes(sound)

    async def _send_error(self, error: RequestError, name: str | None = None) -> None:
        self._gateway.metrics.refused.labels(error.code).inc()
        frame: dict[str, Any] = {"type": "error", **error_body(error.code, error.user_message)}
        if name is not None:
            frame["id"] = name
        if error.retry_after_s is not None:
            frame["retry_after"] = error.retry_after_s
        await self._send(frame)

    async def receive(self) -> None:
        """Answer the client's frames until it leaves."""
        await self._send({"type": "ready"})
        try:
            async for frame in self._ws:
                if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                try:
                    if frame.type is WSMsgType.BINARY:
                        await self._hear(frame.data)
                    else:
                        await self._take(frame.data)
                except RequestError as error:
                    await self._send_error(error)
        except ConnectionError:
            pass
        finally:
            tasks = [task for task in (self._interim, *self._turns) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, data: str) -> None:
        kind = parse_body(Frame, data).type
        if kind == "ping":
            await self._send({"type": "pong"})
        elif kind == "start":
            self._hush()
            self._utterance = Utterance(parse_body(Start, data), self._gateway.settings.speech_max_s)
        elif kind == "hush":
            self._hush()
        elif kind == "cancel":
            self._utterance = None
        elif kind == "stop" and self._utterance is not None:
            utterance, self._utterance = self._utterance, None
            self._finish(utterance)

    def _hush(self) -> None:
        for task in self._turns:
            task.cancel()

    async def _hear(self, data: bytes) -> None:
        utterance = self._utterance
        if utterance is None or len(data) % SAMPLE_BYTES:
            return
        due = utterance.hear(data)
        if utterance.full and not utterance.start.hands_free:
            self._utterance = None
            await self._send({"type": "limit", "id": utterance.id, "seconds": self._gateway.settings.speech_max_s})
            self._finish(utterance)
        elif utterance.full:
            self._finish(utterance)
        elif due and self._gateway.recognition.ready_for_interim and (self._interim is None or self._interim.done()):
            utterance.told()
            self._interim = asyncio.create_task(self._tell_interim(utterance))

    async def _tell_interim(self, utterance: Utterance) -> None:
        number, name = utterance.number, utterance.id
        try:
            heard = await self._gateway.recognition.samples(
                bytes(utterance.samples), utterance.start.rate, interim=True
            )
            if utterance is not self._utterance or utterance.number != number:
                return
            if heard.text:
                utterance.spoken_to = True
                await self._send({"type": "partial", "id": name, "text": heard.text})
            if utterance.start.hands_free:
                self._look_for_the_end(utterance, heard)
        except RequestError as error:
            await self._send_error(error, name)
        except ConnectionError:
            return

    def _look_for_the_end(self, utterance: Utterance, heard: Heard) -> None:
        if heard.speech_s == 0 and not utterance.spoken_to:
            utterance.forget(HANDS_FREE_LEAD_S)
        elif heard.quiet_s >= HANDS_FREE_PAUSE_S:
            self._finish(utterance)

    def _finish(self, utterance: Utterance) -> None:
        name, start = utterance.id, utterance.start
        task = asyncio.create_task(self._turn(name, start, utterance.next()))
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)

    async def _turn(self, name: str, start: Start, samples: bytes) -> None:
        try:
            self._gateway.message_rate.check(self._conversation)
            heard = await self._gateway.recognition.samples(samples, start.rate)
            if start.hands_free and not heard.text:
                await self._send({"type": "ignored", "id": name})
                return
            text = heard.require()
            await self._send({"type": "final", "id": name, "text": text})
            if start.converse:
                await self._converse(name, start, text)
        except RequestError as error:
            await self._send_error(error, name)
        except ConnectionError:
            return

    async def _converse(self, name: str, start: Start, text: str) -> None:
        gateway = self._gateway
        message = await accept(gateway, self._conversation, MessageBody(client_message_id=name, text=text))
        replies = await gateway.worker.replies(message, gateway.settings.turn_deadline_s + GRACE_S)
        for entry in replies or ():
            await self._send({"type": "message", "message": entry})
        for entry in (replies or ()) if start.speak else ():
            await self._speak(entry, start)
        await self._send({"type": "done", "id": name})

    async def _speak(self, entry: dict[str, Any], start: Start) -> None:
        manner = Manner(start.voice, start.speed, start.format)
        parts = self._gateway.synthesis.cut(spoken_reply(entry))
        for index, part in enumerate(parts):
            sound = await self._gateway.synthesis.say(part, manner)
            frame = {"type": "speech", "reply": entry["id"], "index": index, "count": len(parts), "text": part}
            await self._send({**frame, "format": start.format}, sound)


async def get_socket(request: web.Request) -> web.WebSocketResponse:
    """GET /api/v1/speech/ws"""
    gateway = request.app[GATEWAY]
    conversation = gateway.sessions.conversation_of(token_of(request))
    if not gateway.settings.speech:
        raise RequestError(503, "speech_off", "语音功能没有开放，请先打字。")
    if gateway.worker.draining:
        raise RequestError(503, "restarting", "服务正在重启，请稍后再试。", retry_after_s=5)
    await gateway.database.read(lambda c: require_conversation(c, conversation))
    sockets = request.app[SOCKETS]
    mine = sum(1 for other, _ in sockets if other == conversation)
    if mine >= MAX_SOCKETS_PER_SESSION:
        raise RequestError(429, "too_many_sockets", "这个会话打开的窗口太多了，请关掉一些。", retry_after_s=10)
    ws = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S, protocols=(PROTOCOL,), max_msg_size=gateway.settings.max_body_bytes
    )
    if not ws.can_prepare(request).ok:
        raise RequestError(426, "websocket_only", "这个地址只接受 WebSocket 连接。")
    await ws.prepare(request)
    sockets.add((conversation, ws))
    try:
        await SpeechSocket(gateway, ws, conversation).receive()
    finally:
        sockets.discard((conversation, ws))
    return ws


SOCKETS: web.AppKey[set[tuple[str, web.WebSocketResponse]]] = web.AppKey("speech_sockets", set)


async def close_sockets(app: web.Application) -> None:
    """Say good-bye to those who speak; called when the gateway stops."""
    sockets = app[SOCKETS]
    for _, ws in tuple(sockets):
        await ws.close(code=WSCloseCode.GOING_AWAY)
