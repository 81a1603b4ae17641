"""Speech over HTTP and the WebSocket, with the operator's own speech server behind it."""

from __future__ import annotations

import asyncio
import io
import runpy
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import ClientResponse, ClientWebSocketResponse, FormData, WSMsgType, WSServerHandshakeError

from bot.settings import PROJECT_DIR
from tests.support.gateway import PROTOCOL, Running, StartGateway, Visitor
from tests.support.speech_server import KEY, SpeechServer

RATE = 16_000


@pytest.fixture
async def speech() -> AsyncIterator[SpeechServer]:
    server = SpeechServer()
    yield server
    await server.stop()


@pytest.fixture
async def running(start_gateway: StartGateway, speech: SpeechServer) -> Running:
    url = await speech.start()
    keys = {"asr_api_key": KEY, "tts_api_key": KEY, "tts_voice": "alloy", "asr_model": "sense-voice"}
    return await start_gateway(asr_url=url, tts_url=url, speech_max_s=5, **keys)


def recording(seconds: float = 1.0) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"\1\2" * int(RATE * seconds))
    return out.getvalue()


async def transcribe(visitor: Visitor, data: bytes) -> ClientResponse:
    form = FormData()
    form.add_field("file", data, filename="a.wav")
    return await visitor.client.post("/api/v1/speech/transcriptions", data=form, headers=visitor.headers)


async def audio(visitor: Visitor, query: str = "", **body: Any) -> ClientResponse:
    return await visitor.client.post(f"/api/v1/speech/audio{query}", json=body, headers=visitor.headers)


async def open_socket(visitor: Visitor) -> ClientWebSocketResponse:
    protocols = (PROTOCOL, f"bearer.{visitor.token}")
    ws: ClientWebSocketResponse = await visitor.client.ws_connect("/api/v1/speech/ws", protocols=protocols)
    assert await frame(ws) == {"type": "ready"}
    return ws


async def frame(ws: ClientWebSocketResponse) -> dict[str, Any]:
    received: dict[str, Any] = orjson.loads(await ws.receive_str(timeout=10))
    return received


async def code_of(response: ClientResponse) -> tuple[int, str]:
    return response.status, (await response.json())["error"]["code"]


async def test_a_recording_becomes_text(visitor: Visitor, speech: SpeechServer, running: Running) -> None:
    response = await transcribe(visitor, recording(1.5))
    assert (response.status, await response.json()) == (200, {"text": "怎么退票？"})
    assert speech.requests == [{"model": "sense-voice", "language": "zh", "seconds": 1.5}]
    assert not (running.settings.var_dir / "recordings").exists()


async def test_refusals_are_sentences(visitor: Visitor, speech: SpeechServer) -> None:
    assert await code_of(await transcribe(visitor, b"nonsense" * 20)) == (422, "unreadable_recording")
    assert await code_of(await transcribe(visitor, recording(6))) == (413, "recording_too_long")
    speech.text = " "
    assert await code_of(await transcribe(visitor, recording())) == (422, "heard_unclear")
    speech.broken = True
    assert await code_of(await transcribe(visitor, recording())) == (503, "speech_failed")
    assert await code_of(await audio(visitor, input="您好")) == (503, "speech_failed")
    assert await code_of(await audio(visitor, input="……")) == (422, "nothing_to_say")
    assert await code_of(await audio(visitor, input="您好", speed=9)) == (422, "invalid_field")
    assert await code_of(await audio(visitor, "?part=1", input="您好")) == (422, "invalid_field")
    assert await code_of(await visitor.client.post("/api/v1/speech/audio", json={"input": "您好"})) == (
        401,
        "missing_token",
    )


async def test_text_is_spoken_piece_by_piece_and_once(visitor: Visitor, speech: SpeechServer) -> None:
    text = "您好，一共2张票。明天19:30开场。"
    for _ in range(2):
        response = await audio(visitor, input=text)
        assert (response.status, response.content_type) == (200, "audio/mpeg")
    count = int(response.headers["Wenyu-Parts"])
    assert await response.read() == b"sound" * count
    said = [request["input"] for request in speech.requests]
    assert "".join(said) == "您好，一共两张票。明天十九点三十分开场。"
    assert len(said) == count
    assert (await (await audio(visitor, "?part=0", input=text)).read()) == b"sound"


async def test_a_reply_is_read_and_only_to_its_own_conversation(running: Running, visitor: Visitor) -> None:
    reply = (await visitor.ask("你好"))[0]
    assert (await audio(visitor, reply=reply["id"])).status == 200
    stranger = await running.visitor()
    assert await code_of(await audio(stranger, reply=reply["id"])) == (404, "unknown_message")


async def test_a_turn_over_the_socket(visitor: Visitor) -> None:
    ws = await open_socket(visitor)
    await ws.send_json({"type": "start", "id": "v1", "rate": RATE, "converse": True})
    await ws.send_bytes(recording()[44:])
    await ws.send_json({"type": "stop"})
    assert await frame(ws) == {"type": "final", "id": "v1", "text": "怎么退票？"}
    message = (await frame(ws))["message"]
    assert message["reply_to"] == "v1"
    spoken = await frame(ws)
    assert (spoken["type"], spoken["reply"], spoken["index"], spoken["format"]) == ("speech", message["id"], 0, "mp3")
    assert (await ws.receive(timeout=5)).type is WSMsgType.BINARY
    while (last := await ws.receive(timeout=5)).type is WSMsgType.BINARY or orjson.loads(last.data)["type"] == "speech":
        pass
    assert orjson.loads(last.data) == {"type": "done", "id": "v1"}
    assert [entry["role"] for entry in await visitor.history()] == ["user", "assistant"]
    await ws.close()


async def test_a_cancelled_utterance_is_not_heard_and_a_long_one_ends(visitor: Visitor, speech: SpeechServer) -> None:
    ws = await open_socket(visitor)
    await ws.send_json({"type": "start", "id": "a", "rate": RATE})
    await ws.send_bytes(recording()[44:])
    await ws.send_json({"type": "cancel"})
    await ws.send_json({"type": "stop"})
    await ws.send_json({"type": "start", "id": "b", "rate": RATE})
    for _ in range(6):
        await ws.send_bytes(recording()[44:])
    assert await frame(ws) == {"type": "limit", "id": "b", "seconds": 5}
    assert (await frame(ws))["type"] == "final"
    assert [request["seconds"] for request in speech.requests] == [5]
    for wrong in ("x", '{"type": "start"}', '{"type": "start", "id": "c", "rate": 5}'):
        await ws.send_str(wrong)
        assert (await frame(ws))["type"] == "error"
    await ws.close()


async def test_speech_that_is_off_or_not_installed_says_so(start_gateway: StartGateway) -> None:
    off = await start_gateway(speech=False)
    visitor = await off.visitor()
    assert await code_of(await transcribe(visitor, recording())) == (503, "speech_off")
    with pytest.raises(WSServerHandshakeError):
        await open_socket(visitor)
    missing = await start_gateway()
    visitor = await missing.visitor()
    assert await code_of(await transcribe(visitor, recording())) == (503, "speech_not_available")


async def test_nothing_of_speech_runs_before_it_is_used(running: Running, visitor: Visitor) -> None:
    await visitor.ask("你好")
    assert not running.gateway.recognition.process.running
    assert not running.gateway.synthesis.process.running


async def test_recordings_are_kept_when_the_operator_wants(start_gateway: StartGateway, speech: SpeechServer) -> None:
    running = await start_gateway(asr_url=await speech.start(), asr_api_key=KEY, keep_recordings=True)
    await transcribe(await running.visitor(), recording())
    assert len(list((running.settings.var_dir / "recordings").glob("*.wav"))) == 1


async def test_the_client_in_the_documentation_works(running: Running, tmp_path: Path) -> None:
    program = PROJECT_DIR / "docs" / "voice_client.py"
    assert len(program.read_text(encoding="utf-8").splitlines()) <= 61
    question, answer = tmp_path / "question.wav", tmp_path / "answer.mp3"
    question.write_bytes(recording())
    talk = runpy.run_path(str(program))["talk"]
    url = str(running.client.make_url("")).rstrip("/")
    async with asyncio.timeout(20):
        heard, texts = await talk(url, str(question), str(answer), real_time=False)
    assert heard == "怎么退票？"
    assert texts == ["您说的是：怎么退票?"]
    assert answer.read_bytes().startswith(b"sound")
