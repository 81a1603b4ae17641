"""The live channel: everything once, in order, whatever the connection does."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import orjson
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from bot.gateway import live
from bot.gateway.channels import socket as socket_channel
from bot.gateway.limits import MAX_SOCKETS_PER_SESSION
from tests.support.echo_dialogue import EchoDialogue, eventually
from tests.support.gateway import PROTOCOL, Running, StartGateway, Visitor


async def frame(ws: ClientWebSocketResponse) -> dict[str, Any]:
    received: dict[str, Any] = orjson.loads(await ws.receive_str(timeout=5))
    return received


async def entries_until_ready(ws: ClientWebSocketResponse) -> list[int]:
    positions = []
    while (received := await frame(ws))["type"] != "ready":
        positions.append(received["message"]["position"])
    return positions


async def close_code(ws: ClientWebSocketResponse) -> int | None:
    while (message := await ws.receive(timeout=5)).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING):
        pass
    return int(message.data) if message.type is WSMsgType.CLOSE else ws.close_code


async def test_a_socket_receives_the_history_then_what_comes(visitor: Visitor) -> None:
    await visitor.ask("一")
    ws = await visitor.socket()
    assert ws.protocol == PROTOCOL
    assert await entries_until_ready(ws) == [1, 2]
    await visitor.ask("二")
    assert [(await frame(ws))["message"]["position"] for _ in range(2)] == [3, 4]
    await ws.close()


async def test_live_entries_are_the_same_objects_as_the_history(visitor: Visitor) -> None:
    ws = await visitor.socket()
    await entries_until_ready(ws)
    await visitor.ask("卡片")
    received = [(await frame(ws))["message"] for _ in range(2)]
    assert received == await visitor.history()
    await ws.close()


async def test_sending_by_socket_goes_through_the_same_inbox(visitor: Visitor, dialogue: EchoDialogue) -> None:
    ws = await visitor.socket()
    await entries_until_ready(ws)
    for _ in range(2):
        await ws.send_json({"type": "message", "client_message_id": "w1", "text": "你好"})
    received = [await frame(ws) for _ in range(4)]
    assert sorted(f["type"] for f in received) == ["accepted", "accepted", "message", "message"]
    assert {f["position"] for f in received if f["type"] == "accepted"} == {1}
    replies = await visitor.ask("你好", "w1")
    assert [f["message"] for f in received if f["type"] == "message"][1] == replies[0]
    assert len(dialogue.requests) == 1
    await ws.close()


async def test_resume_after_a_position_or_an_id(visitor: Visitor) -> None:
    for text in "甲乙丙":
        await visitor.ask(text)
    third = (await visitor.history())[2]
    for after, expected in (("3", [4, 5, 6]), (third["id"], [4, 5, 6]), ("6", []), ("", [1, 2, 3, 4, 5, 6])):
        ws = await visitor.socket(after)
        assert await entries_until_ready(ws) == expected
        await ws.close()


async def test_nothing_is_lost_or_doubled_over_random_disconnections(running: Running, visitor: Visitor) -> None:
    rng = random.Random(7)
    seen: list[int] = []

    async def talk() -> None:
        for number in range(30):
            await visitor.ask(f"第{number}句")

    talking = asyncio.create_task(talk())
    while len(seen) < 60:
        ws = await visitor.socket(str(seen[-1]) if seen else "")
        for _ in range(rng.randrange(1, 12)):
            if len(seen) == 60:
                break
            received = await frame(ws)
            if received["type"] == "message":
                seen.append(received["message"]["position"])
        if rng.random() < 0.5:
            await ws.close()
        elif ws._response.connection is not None:
            ws._response.connection.transport.abort()
    await talking
    assert seen == list(range(1, 61))


async def test_entries_published_out_of_order_are_sent_in_order(running: Running, visitor: Visitor) -> None:
    ws = await visitor.socket()
    await entries_until_ready(ws)
    hub = running.gateway.hub
    await visitor.ask("一")
    entries = await visitor.history()
    hub.publish(visitor.session, [entries[1], entries[0]])
    await visitor.ask("二")
    assert [(await frame(ws))["message"]["position"] for _ in range(4)] == [1, 2, 3, 4]
    await ws.close()


async def test_what_another_gateway_stored_is_fetched_when_a_gap_shows(
    running: Running, start_gateway: StartGateway
) -> None:
    visitor = await running.visitor()
    ws = await visitor.socket()
    await entries_until_ready(ws)
    other = await start_gateway()
    await Visitor(other.client, visitor.session, visitor.token).ask("在另一处")
    await visitor.ask("在这里")
    assert [(await frame(ws))["message"]["position"] for _ in range(4)] == [1, 2, 3, 4]
    await ws.close()


async def test_ping_is_answered(visitor: Visitor) -> None:
    ws = await visitor.socket()
    await entries_until_ready(ws)
    await ws.send_json({"type": "ping"})
    assert await frame(ws) == {"type": "pong"}
    await ws.close()


async def test_a_silent_client_is_dropped_by_the_heartbeat(
    visitor: Visitor, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_channel, "HEARTBEAT_S", 0.1)
    ws = await visitor.client.ws_connect("/api/v1/ws", headers=visitor.headers, autoping=False)
    await eventually(lambda: running.gateway.hub.total() == 0)
    await ws.close()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("not json", "invalid_json"),
        ('"text"', "invalid_field"),
        ("[]", "invalid_field"),
        ('{"type": "dance"}', "invalid_field"),
        ('{"type": "message"}', "invalid_field"),
        ('{"type": "message", "client_message_id": "a", "text": 5}', "invalid_field"),
        ('{"type": "message", "client_message_id": "a", "text": " "}', "empty_message"),
        ('{"type": "message", "client_message_id": "a", "text": "\\u0000"}', "invalid_text"),
        ('{"type": "message", "client_message_id": "a", "text": "\\ud800"}', "invalid_json"),
        ('{"type": "message", "client_message_id": "a", "text": "x", "attachments": ["u1"]}', "unknown_attachment"),
        ("[" * 5000 + "]" * 5000, "invalid_json"),
    ],
)
async def test_a_wrong_frame_gets_an_error_and_the_socket_stays_open(visitor: Visitor, sent: str, code: str) -> None:
    ws = await visitor.socket()
    await entries_until_ready(ws)
    await ws.send_str(sent)
    received = await frame(ws)
    assert received["type"] == "error"
    assert received["error"]["code"] == code
    assert received["error"]["message"]
    await ws.send_json({"type": "ping"})
    assert (await frame(ws))["type"] == "pong"
    await ws.close()


async def test_the_rate_limit_holds_on_the_socket(start_gateway: StartGateway) -> None:
    running = await start_gateway(rate_limit_per_minute=1)
    visitor = await running.visitor()
    await visitor.ask("一")
    ws = await visitor.socket("2")
    await entries_until_ready(ws)
    await ws.send_json({"type": "message", "client_message_id": "w2", "text": "二"})
    received = await frame(ws)
    assert received["error"]["code"] == "too_many_requests"
    assert received["client_message_id"] == "w2"
    assert 0 < received["retry_after"] <= 60
    await ws.close()


async def test_a_frame_above_the_size_limit_closes_the_socket(start_gateway: StartGateway) -> None:
    running = await start_gateway(max_body_bytes=4096)
    ws = await (await running.visitor()).socket()
    await entries_until_ready(ws)
    await ws.send_str("x" * 5000)
    assert await close_code(ws) == 1009


async def test_a_binary_frame_closes_the_socket(visitor: Visitor) -> None:
    ws = await visitor.socket()
    await entries_until_ready(ws)
    await ws.send_bytes(b"\x00")
    assert await close_code(ws) == 1003


async def test_no_more_sockets_than_the_limit_in_one_session(visitor: Visitor, running: Running) -> None:
    sockets = [await visitor.socket() for _ in range(MAX_SOCKETS_PER_SESSION)]
    with pytest.raises(WSServerHandshakeError) as refused:
        await visitor.socket()
    assert refused.value.status == 429
    await sockets[0].close()
    await eventually(lambda: running.gateway.hub.count(visitor.session) < MAX_SOCKETS_PER_SESSION)
    again = await visitor.socket()
    for ws in [*sockets[1:], again]:
        await ws.close()


async def test_no_more_sockets_than_the_limit_in_all(
    visitor: Visitor, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_channel, "MAX_SOCKETS", 1)
    ws = await visitor.socket()
    with pytest.raises(WSServerHandshakeError) as refused:
        await (await running.visitor()).socket()
    assert refused.value.status == 503
    await ws.close()


@pytest.mark.parametrize(
    ("protocols", "params", "status"),
    [
        ((), {}, 401),
        ((PROTOCOL, "bearer.nonsense"), {}, 401),
        ((PROTOCOL,), {"token": "T"}, 401),
        ((PROTOCOL, "T"), {"after": "r0"}, 404),
    ],
)
async def test_a_socket_without_a_valid_token_or_place_is_refused(
    visitor: Visitor, running: Running, protocols: tuple[str, ...], params: dict[str, str], status: int
) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await visitor.client.ws_connect(
            "/api/v1/ws",
            protocols=[p.replace("T", f"bearer.{visitor.token}") if p == "T" else p for p in protocols],
            params={k: visitor.token if v == "T" else v for k, v in params.items()},
        )
    assert refused.value.status == status
    assert running.gateway.hub.total() == 0


async def test_an_ordinary_request_to_the_socket_is_refused(visitor: Visitor) -> None:
    response = await visitor.client.get("/api/v1/ws", headers=visitor.headers)
    assert response.status == 426
    assert (await response.json())["error"]["code"] == "websocket_only"


async def test_a_stopping_gateway_closes_sockets_with_1001_after_the_last_reply(
    running: Running, dialogue: EchoDialogue
) -> None:
    visitor = await running.visitor()
    ws = await visitor.socket()
    await entries_until_ready(ws)
    dialogue.behaviour = "hold"
    await ws.send_json({"type": "message", "client_message_id": "w1", "text": "你好"})
    await dialogue.asked()
    assert running.client.server.runner is not None
    stopping = asyncio.create_task(running.client.server.runner.cleanup())
    await asyncio.sleep(0.05)
    dialogue.release()
    received = [await frame(ws) for _ in range(3)]
    assert received[-1]["message"]["reply_to"] == "w1"
    assert await close_code(ws) == 1001
    await stopping


async def test_a_client_that_reads_too_slowly_is_sent_away(
    visitor: Visitor, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "QUEUE_LENGTH", 2)
    ws = await visitor.socket()
    await entries_until_ready(ws)
    await visitor.ask("一")
    entries = await visitor.history()
    running.gateway.hub.publish(visitor.session, entries * 3)
    assert await close_code(ws) == 1013
