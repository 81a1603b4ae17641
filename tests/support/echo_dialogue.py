"""A stand-in for the dialogue process: a real HTTP server on the loopback address that answers every kind of reply.

``python -m tests.support.echo_dialogue`` serves on the configured dialogue port, so that the gateway and the
widget can be tried without Rasa. Words in the message choose the reply: 卡片, 按钮, 图片, 声音, 谱, 长文, 转人工,
慢 (3 s), 出错 (500), 不懂 (refusal), HTML; anything else is echoed. In tests ``behaviour`` switches to a fault.
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from PIL import Image

from bot.keys import load_keys
from bot.settings import get_settings

Answer = list[dict[str, Any]]
BUTTONS = [{"title": "怎么退款", "payload": "怎么退款"}, {"title": "会员多少钱", "payload": "会员多少钱"}]


def sample_wav() -> bytes:
    """Half a second of a 440 Hz square wave."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(
            b"".join((8000 if i // 9 % 2 else -8000).to_bytes(2, "little", signed=True) for i in range(4000))
        )
    return data.getvalue()


def write_media(folder: Path) -> None:
    """The files that the sample replies name."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").resize((320, 200)).convert("RGB").save(folder / "echo-image.png")
    (folder / "echo-audio.wav").write_bytes(sample_wav())
    (folder / "echo-score.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="60">'
        '<path stroke="black" d="M0 20h320M0 30h320M0 40h320"/></svg>'
    )
    (folder / "echo-tune.mid").write_bytes(
        bytes.fromhex("4d546864000000060000000100604d54726b0000000d00903c4060803c4000ff2f00")
    )


def reply_for(text: str, attachments: list[dict[str, Any]]) -> Answer:
    """The reply that the words in ``text`` ask for."""
    reply: dict[str, Any] = {"text": f"您说的是：{text}", "capability": "faq", "band": "answer", "confidence": 0.93}
    if attachments:
        reply |= {"text": f"收到 {len(attachments)} 个附件。", "capability": "appraise", "data": {"score": 71.5}}
    if "卡片" in text:
        reply |= {
            "text": "为您找到三部影片。",
            "capability": "recommend",
            "cards": [
                {
                    "title": f"影片{i}",
                    "subtitle": "2001 · 剧情",
                    "reason": "因为您喜欢《城南旧事》",
                    "image": "/media/echo-image.png" if i == 1 else "",
                    "buttons": [{"title": "类似的", "payload": f"再来点像影片{i}的"}],
                }
                for i in (1, 2, 3)
            ],
        }
    if "按钮" in text:
        reply |= {"text": "您是不是想问：", "band": "suggest", "confidence": 0.5, "buttons": BUTTONS}
    if "不懂" in text:
        reply |= {
            "text": "这个我还不会，您可以试试这些：",
            "capability": "fallback",
            "band": "refuse",
            "buttons": BUTTONS,
        }
    media = []
    if "图片" in text:
        media.append({"kind": "image", "url": "/media/echo-image.png", "mime": "image/png", "label": "一张图"})
    if "声音" in text:
        media.append({"kind": "audio", "url": "/media/echo-audio.wav", "mime": "audio/wav", "label": "一段声音"})
        media.append({"kind": "midi", "url": "/media/echo-tune.mid", "mime": "audio/midi", "label": "MIDI"})
    if "谱" in text:
        media.append({"kind": "score", "url": "/media/echo-score.svg", "mime": "image/svg+xml", "label": "乐谱"})
    if media:
        reply |= {"text": "给您。", "capability": "compose", "media": media, "ai_generated": True}
    if "长文" in text:
        reply["text"] = "这是很长的一段话。" * 120
    if "HTML" in text:
        reply["text"] = "<img src=x onerror=alert(1)><script>alert(2)</script> **不是粗体**"
    if "转人工" in text:
        reply |= {"text": "已登记工单。", "capability": "handoff", "data": {"ticket_id": "T20260101ABCDEF01"}}
    return [{"custom": reply}]


FAULTS = {
    "error": (503, b'{"error": "turn_failed"}'),
    "unauthorized": (401, b"{}"),
    "garbage": (200, b"\xff<html>not json"),
    "empty": (200, b'{"messages": []}'),
    "bad_contract": (200, b'{"messages": [{"custom": {"text": "x", "capability": "nonsense"}}]}'),
    "huge": (200, b'{"messages": "' + b"x" * 3_000_000 + b'"}'),
}


async def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until ``condition`` holds; raises TimeoutError when it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - any condition, not an event
            await asyncio.sleep(0.01)


class EchoDialogue:
    """The server. ``behaviour``: ok, hold, slow, reset, error, garbage, empty, bad_contract, huge, unauthorized.

    Attributes:
        seen: the message ids of each conversation in the order they were asked, repeats included.
        ran: the turns that really ran (a repeat of the last message is answered from memory).
        delay_s: how long ``slow`` takes.
        released: what ``hold`` waits for before it answers.
        faults_left: when set, the behaviour ends after this many requests and ``ok`` follows.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.behaviour = "ok"
        self.delay_s = 30.0
        self.released = asyncio.Event()
        self.faults_left: int | None = None
        self.seen: dict[str, list[str]] = defaultdict(list)
        self.ran: dict[str, list[str]] = defaultdict(list)
        self.requests: list[dict[str, Any]] = []
        self.answers: Answer | None = None
        self._answers: dict[tuple[str, str], Answer] = {}
        self._runner: web.AppRunner | None = None
        self.port = 0

    def _current(self) -> str:
        if self.behaviour != "ok" and self.faults_left is not None:
            if self.faults_left == 0:
                self.behaviour = "ok"
            else:
                self.faults_left -= 1
        return self.behaviour

    async def _turn(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        if request.headers.get("X-Wenyu-Token") != self.token:
            return web.json_response({"error": "unauthorized"}, status=401)
        conversation, message_id = body["conversation"], body["message_id"]
        self.requests.append(body)
        self.seen[conversation].append(message_id)
        behaviour = self._current()
        if behaviour == "reset" and request.transport is not None:
            request.transport.abort()
        if behaviour == "slow":
            await asyncio.sleep(self.delay_s)
        if behaviour == "hold":
            await self.released.wait()
        if behaviour in FAULTS:
            status, answered = FAULTS[behaviour]
            return web.Response(status=status, body=answered)
        if (known := self._answers.get((conversation, message_id))) is not None:
            return web.json_response({"message_id": message_id, "replayed": True, "messages": known})
        if "慢" in body["text"]:
            await asyncio.sleep(3)
        if "出错" in body["text"]:
            return web.Response(status=500)
        self.ran[conversation].append(message_id)
        answer = self.answers or reply_for(body["text"], body["attachments"])
        self._answers[conversation, message_id] = answer
        return web.json_response({"message_id": message_id, "replayed": False, "messages": answer})

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def asked(self, times: int = 1) -> None:
        """Wait until it has been asked so many times in all."""
        await eventually(lambda: len(self.requests) >= times)

    def release(self) -> None:
        """Let what is held be answered, and hold nothing more."""
        self.behaviour = "ok"
        self.released.set()

    async def start(self, port: int = 0) -> None:
        """Listen on ``port`` (0: any free one, then in ``self.port``)."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/health", self._health),
                web.post("/webhooks/wenyu/turn", self._turn),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port or self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and cut every connection, as a killed process would."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


async def serve() -> None:
    """Serve on the configured port until interrupted."""
    settings = get_settings()
    write_media(settings.var_dir / "media")
    server = EchoDialogue(load_keys(settings).internal)
    await server.start(settings.dialogue_port)
    print(f"echo dialogue on 127.0.0.1:{server.port}")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
