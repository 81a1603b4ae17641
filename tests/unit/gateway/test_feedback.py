"""Thumbs up and down."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from tests.support.gateway import Running, Visitor


async def rate(visitor: Visitor, reply: str, body: Any) -> tuple[int, dict[str, Any]]:
    response = await visitor.client.post(f"/api/v1/messages/{reply}/feedback", json=body, headers=visitor.headers)
    return response.status, await response.json()


def rows(running: Running) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(running.settings.var_dir / "wenyu.db")
    try:
        return connection.execute("SELECT reply, value, comment FROM feedback").fetchall()
    finally:
        connection.close()


async def test_the_last_opinion_is_kept(visitor: Visitor, running: Running) -> None:
    (reply,) = await visitor.ask("你好")
    assert await rate(visitor, reply["id"], {"value": 1}) == (200, {"status": "stored"})
    assert (await rate(visitor, reply["id"], {"value": -1, "comment": "答\0非所问"}))[0] == 200
    assert rows(running) == [(reply["id"], -1, "答非所问")]


@pytest.mark.parametrize(
    "body",
    [{}, {"value": 0}, {"value": 2}, {"value": True}, {"value": "1"}, {"value": 1.0}, {"value": 1, "comment": 5},
     {"value": 1, "comment": "长" * 1001}],
)  # fmt: skip
async def test_a_wrong_opinion_is_refused(visitor: Visitor, running: Running, body: dict[str, Any]) -> None:
    (reply,) = await visitor.ask("你好")
    status, answer = await rate(visitor, reply["id"], body)
    assert (status, answer["error"]["code"]) == (422, "invalid_field")
    assert rows(running) == []


async def test_only_own_replies_can_be_rated(running: Running) -> None:
    owner, other = await running.visitor(), await running.visitor()
    (reply,) = await owner.ask("你好")
    question = (await owner.history())[0]["id"]
    for visitor, target in ((other, reply["id"]), (owner, "r0"), (owner, "r%00"), (owner, question)):
        status, answer = await rate(visitor, target, {"value": 1})
        assert (status, answer["error"]["code"]) == (404, "unknown_message")
