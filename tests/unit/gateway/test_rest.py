"""Rasa's REST channel."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientResponse

from bot.gateway.channels import rest
from tests.support.echo_dialogue import EchoDialogue
from tests.support.gateway import Running, StartGateway

KEY = {"X-API-Key": "rest-key"}


async def call(running: Running, body: Any, headers: dict[str, str] | None = None) -> ClientResponse:
    headers = KEY if headers is None else headers
    return await running.client.post("/webhooks/rest/webhook", json=body, headers=headers)


async def test_the_shape_of_rasa(running: Running) -> None:
    response = await call(running, {"sender": "张三 #1", "message": "按钮"})
    assert response.status == 200
    (message,) = await response.json()
    assert message["recipient_id"] == "张三 #1"
    assert message["text"] == "您是不是想问："
    assert message["buttons"][0] == {"title": "怎么退款", "payload": "怎么退款"}
    assert message["custom"]["band"] == "suggest"


async def test_a_reply_without_buttons_has_no_buttons(running: Running) -> None:
    (message,) = await (await call(running, {"sender": "a", "message": "你好"})).json()
    assert "buttons" not in message


async def test_one_sender_is_one_conversation_across_calls(running: Running, dialogue: EchoDialogue) -> None:
    for sender in ("a", "b", "a"):
        await call(running, {"sender": sender, "message": "你好"})
    one, two, three = (request["conversation"] for request in dialogue.requests)
    assert one == three != two
    assert dialogue.requests[0]["channel"] == "rest"


async def test_a_message_id_in_the_metadata_makes_a_repeat_the_same_message(
    running: Running, dialogue: EchoDialogue
) -> None:
    body = {"sender": "a", "message": "你好", "metadata": {"message_id": "m1", "other": [1]}}
    first, second = [await (await call(running, body)).json() for _ in range(2)]
    assert first == second
    assert len(dialogue.requests) == 1


@pytest.mark.parametrize(
    "headers",
    [{"X-API-Key": "rest-key"}, {"Authorization": "Bearer rest-key"}, {"Authorization": "rest-key"}],
)
async def test_the_key_in_either_header(running: Running, headers: dict[str, str]) -> None:
    assert (await call(running, {"sender": "a", "message": "你好"}, headers)).status == 200


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}, {"X-API-Key": "ключ"}, {"Authorization": "Bearer "}])
async def test_without_the_right_key_nothing_runs(
    running: Running, dialogue: EchoDialogue, headers: dict[str, str]
) -> None:
    response = await call(running, {"sender": "a", "message": "你好"}, headers)
    assert response.status == 401
    assert (await response.json())["error"]["code"] == "wrong_api_key"
    assert dialogue.requests == []


async def test_a_session_token_is_no_key(running: Running) -> None:
    visitor = await running.visitor()
    assert (await call(running, {"sender": "a", "message": "你好"}, visitor.headers)).status == 401


async def test_without_a_configured_key_the_channel_is_closed(start_gateway: StartGateway) -> None:
    running = await start_gateway(rest_api_key="")
    for headers in ({}, {"X-API-Key": ""}, KEY):
        response = await call(running, {"sender": "a", "message": "你好"}, headers)
        assert response.status == 403
        assert (await response.json())["error"]["code"] == "rest_disabled"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"message": "你好"}, 422),
        ({"sender": "a"}, 422),
        ({"sender": "", "message": "你好"}, 422),
        ({"sender": 5, "message": "你好"}, 422),
        ({"sender": "a", "message": ""}, 400),
        ({"sender": "a", "message": None}, 422),
        ({"sender": "a", "message": "长" * 2001}, 413),
        ({"sender": "a", "message": "x", "metadata": {"message_id": "有空格 的"}}, 422),
        (["sender"], 422),
    ],
)
async def test_a_wrong_body_is_refused(running: Running, body: Any, status: int) -> None:
    response = await call(running, body)
    assert response.status == status
    assert (await response.json())["error"]["message"]


async def test_the_rate_limit_counts_each_sender(start_gateway: StartGateway) -> None:
    running = await start_gateway(rate_limit_per_minute=1)
    assert (await call(running, {"sender": "a", "message": "你好"})).status == 200
    assert (await call(running, {"sender": "a", "message": "你好"})).status == 429
    assert (await call(running, {"sender": "b", "message": "你好"})).status == 200


async def test_a_turn_that_waits_says_so(
    running: Running, dialogue: EchoDialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "GRACE_S", 0.05 - running.settings.turn_deadline_s)
    dialogue.behaviour = "hold"
    response = await call(running, {"sender": "a", "message": "你好"})
    assert response.status == 200
    assert await response.json() == [{"recipient_id": "a", "text": rest.STILL_WORKING}]
    dialogue.release()
