"""A whole conversation by voice: what is said is synthesised, heard, answered, spoken and heard again."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import ClientWebSocketResponse, FormData, WSMsgType
from pypinyin import lazy_pinyin
from rapidfuzz import fuzz

from bot.gateway.speech.synthesis import Manner
from tests.support.gateway import PROTOCOL, Running, Visitor

CHUNK_BYTES = 6400
SAID = ("怎么取消自动续费", "推荐几部轻松的喜剧电影")
RATE = 24_000


def sounds_like(one: str, other: str) -> float:
    """Likeness of two texts as they are pronounced, without tones, 0–100."""
    return fuzz.ratio(" ".join(lazy_pinyin(one, errors="ignore")), " ".join(lazy_pinyin(other, errors="ignore")))


async def open_socket(visitor: Visitor) -> ClientWebSocketResponse:
    protocols = (PROTOCOL, f"bearer.{visitor.token}")
    ws: ClientWebSocketResponse = await visitor.client.ws_connect("/api/v1/speech/ws", protocols=protocols)
    assert orjson.loads(await ws.receive_str(timeout=10)) == {"type": "ready"}
    return ws


async def stream(ws: ClientWebSocketResponse, samples: bytes) -> None:
    for start in range(0, len(samples), CHUNK_BYTES):
        await ws.send_bytes(samples[start : start + CHUNK_BYTES])


async def until(ws: ClientWebSocketResponse, last: str) -> list[dict[str, Any]]:
    """The frames up to one of type ``last`` or an error; a sound goes into its frame as ``sound``."""
    frames: list[dict[str, Any]] = []
    while not frames or frames[-1]["type"] not in (last, "error"):
        message = await ws.receive(timeout=120)
        if message.type is WSMsgType.BINARY:
            frames[-1]["sound"] = message.data
        else:
            assert message.type is WSMsgType.TEXT, message
            frames.append(orjson.loads(message.data))
    return frames


async def test_a_conversation_by_voice(speaking: Running) -> None:
    gateway = speaking.gateway
    visitor = await speaking.visitor()
    recordings = [await gateway.synthesis.say(text, Manner(format="pcm")) for text in SAID]
    answers: list[tuple[bytes, str]] = []
    ws = await open_socket(visitor)
    for number, (text, samples) in enumerate(zip(SAID, recordings, strict=True)):
        await ws.send_json({"type": "start", "id": f"u{number}", "rate": RATE, "converse": True, "format": "mp3"})
        await stream(ws, samples)
        await ws.send_json({"type": "stop"})
        frames = await until(ws, "done")
        final = next(frame for frame in frames if frame["type"] == "final")
        assert sounds_like(final["text"], text) > 85
        reply = next(frame for frame in frames if frame["type"] == "message")["message"]
        assert final["text"] in reply["text"]
        spoken = [frame for frame in frames if frame["type"] == "speech"]
        assert [frame["index"] for frame in spoken] == list(range(spoken[0]["count"]))
        answers.append((b"".join(frame["sound"] for frame in spoken), "".join(frame["text"] for frame in spoken)))
    await ws.close()
    for sound, text in answers:
        heard = await gateway.recognition.recording(sound)
        assert sounds_like(heard.text, text) > 75
    texts = [entry["text"] for entry in await visitor.history() if entry["role"] == "user"]
    assert len(texts) == len(SAID)

    # Hands-free: two utterances in one stream, told apart by the pause, dictated only.
    ws = await open_socket(visitor)
    await ws.send_json({"type": "start", "id": "h", "rate": RATE, "hands_free": True})
    pause = b"\0\0" * RATE
    for text, samples in zip(SAID, recordings, strict=True):
        await stream(ws, samples + pause)
        final_frames = await _hands_free(ws, pause)
        assert sounds_like(final_frames[-1]["text"], text) > 85
    await ws.close()

    # The other ways in and out.
    audio = {"input": "您好，2张票。", "response_format": "mp3"}
    response = await visitor.client.post("/api/v1/speech/audio", json=audio, headers=visitor.headers)
    assert response.status == 200
    mp3 = await response.read()
    form = FormData()
    form.add_field("file", mp3, filename="a.mp3")
    response = await visitor.client.post("/api/v1/speech/transcriptions", data=form, headers=visitor.headers)
    assert response.status == 200
    assert sounds_like((await response.json())["text"], "您好两张票") > 70
    assert not list(speaking.settings.var_dir.glob("recordings/*"))


async def _hands_free(ws: ClientWebSocketResponse, pause: bytes) -> list[dict[str, Any]]:
    """Silence goes on until the server says that the utterance is over."""
    frames: list[dict[str, Any]] = []
    for _ in range(60):
        await stream(ws, pause[: len(pause) // 2])
        try:
            message = await ws.receive(timeout=2)
        except TimeoutError:
            continue
        frames.append(orjson.loads(message.data))
        if frames[-1]["type"] == "final":
            return frames
    raise AssertionError(frames)
