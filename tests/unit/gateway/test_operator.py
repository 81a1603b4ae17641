"""What the operator's commands read and delete, and the tickets they list."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest

from bot.gateway import operator
from bot.gateway.operator import UnknownConversationError
from tests.support.echo_dialogue import EchoDialogue, sample_wav
from tests.support.gateway import Running, Visitor

TICKET = "T20260101ABCDEF01"


def handoff(ticket: str, **data: str) -> list[dict[str, Any]]:
    return [{"custom": {"text": "已登记。", "capability": "handoff", "data": {"ticket_id": ticket, **data}}}]


async def test_a_hand_over_opens_a_ticket_and_a_contact_completes_it(
    visitor: Visitor, running: Running, dialogue: EchoDialogue
) -> None:
    await visitor.ask("怎么退款")
    dialogue.answers = handoff(TICKET)
    await visitor.ask("轉人工")
    dialogue.answers = handoff(TICKET, contact="13800138000", summary="退款")
    await visitor.ask("13800138000")
    (ticket,) = await operator.list_tickets(running.settings.effective_database_url)
    assert ticket["id"] == TICKET
    assert ticket["conversation"] == visitor.session
    assert (ticket["contact"], ticket["summary"], ticket["status"]) == ("13800138000", "退款", "open")
    assert [turn["text"] for turn in ticket["transcript"]] == [
        "怎么退款", "您说的是：怎么退款", "轉人工", "已登记。", "13800138000", "已登记。",
    ]  # fmt: skip
    assert [turn["role"] for turn in ticket["transcript"]][:2] == ["user", "assistant"]


async def test_a_ticket_of_another_conversation_is_not_overwritten(running: Running, dialogue: EchoDialogue) -> None:
    one, two = await running.visitor(), await running.visitor()
    dialogue.answers = handoff(TICKET, contact="a@example.com")
    await one.ask("转人工")
    dialogue.answers = handoff(TICKET, contact="b@example.com")
    await two.ask("转人工")
    (ticket,) = await operator.list_tickets(running.settings.effective_database_url)
    assert (ticket["conversation"], ticket["contact"]) == (one.session, "a@example.com")


async def test_missed_questions_are_counted_the_most_frequent_first(running: Running, dialogue: EchoDialogue) -> None:
    visitor = await running.visitor()
    for text in ("不懂这个", "不懂那个", "不懂那個", "按钮", "你好"):
        await visitor.ask(text)
    fault = {"text": "抱歉。", "capability": "fallback", "band": "refuse", "data": {"reference": "W1"}}
    dialogue.answers = [{"custom": fault}]
    await visitor.ask("动作出错")
    dialogue.behaviour = "empty"
    await visitor.ask("没有回答")
    rows = await operator.missed_questions(running.settings.effective_database_url, days=1, limit=10)
    assert [(row.text, row.band, row.count) for row in rows] == [
        ("不懂那个", "refuse", 2),
        ("按钮", "suggest", 1),
        ("不懂这个", "refuse", 1),
    ]
    assert len(await operator.missed_questions(running.settings.effective_database_url, days=1, limit=1)) == 1
    connection = sqlite3.connect(running.settings.var_dir / "wenyu.db")
    connection.execute("UPDATE outbox SET created_at = created_at - 2 * 86400")
    connection.commit()
    connection.close()
    assert await operator.missed_questions(running.settings.effective_database_url, days=1, limit=10) == []


async def test_export_holds_everything_of_one_conversation(visitor: Visitor, running: Running) -> None:
    upload = await (await visitor.upload(sample_wav())).json()
    (reply,) = await visitor.ask("转人工", attachments=[upload["id"]])
    await visitor.client.post(
        f"/api/v1/messages/{reply['id']}/feedback", json={"value": 1, "comment": "好"}, headers=visitor.headers
    )
    connection = sqlite3.connect(running.settings.var_dir / "wenyu.db")
    connection.execute("INSERT INTO tracker VALUES (?, '[]', 1.0)", (visitor.session,))
    connection.commit()
    connection.close()
    data = await operator.export_conversation(running.settings.effective_database_url, visitor.session)
    assert data["session"] == visitor.session
    assert data["messages"] == await visitor.history()
    assert data["uploads"][0]["id"] == upload["id"]
    assert data["feedback"][0]["comment"] == "好"
    assert data["tickets"][0]["id"] == TICKET
    assert data["tracker"] == "[]"


async def test_forget_deletes_everything_of_one_conversation_and_nothing_else(running: Running) -> None:
    url, var_dir = running.settings.effective_database_url, running.settings.var_dir
    gone, kept = await running.visitor(), await running.visitor()
    for visitor in (gone, kept):
        upload = await (await visitor.upload(sample_wav())).json()
        await visitor.ask("声音", attachments=[upload["id"]])
    (reply,) = await gone.ask("你好")
    await gone.client.post(f"/api/v1/messages/{reply['id']}/feedback", json={"value": 1}, headers=gone.headers)
    (var_dir / "media").mkdir()
    (var_dir / "media" / "echo-audio.wav").write_bytes(sample_wav())
    connection = sqlite3.connect(var_dir / "wenyu.db")
    connection.execute("INSERT INTO tracker VALUES (?, '[]', 1.0)", (gone.session,))
    connection.commit()
    assert await operator.forget(url, gone.session, var_dir) == 2 + 2 + 1 + 1 + 1 + 1
    for table in ("inbox", "outbox", "uploads", "feedback", "tickets", "tracker"):
        found = connection.execute(f"SELECT count(*) FROM {table} WHERE conversation = ?", (gone.session,))  # noqa: S608
        assert found.fetchone() == (0,), table
    connection.close()
    assert not (var_dir / "media" / "echo-audio.wav").exists()
    assert len(list((var_dir / "uploads").iterdir())) == 1
    assert len(await kept.history()) == 2
    refused = await gone.post("还在吗")
    assert refused.status == 401
    assert (await refused.json())["error"]["code"] == "unknown_session"


async def test_an_unknown_conversation_is_named_as_such(running: Running) -> None:
    url = running.settings.effective_database_url
    with pytest.raises(UnknownConversationError):
        await operator.export_conversation(url, "nobody")
    with pytest.raises(UnknownConversationError):
        await operator.forget(url, "nobody", running.settings.var_dir)


async def test_forgetting_in_mid_turn_leaves_nothing(running: Running, dialogue: EchoDialogue) -> None:
    visitor = await running.visitor()
    dialogue.behaviour = "hold"
    waiting = asyncio.create_task(visitor.post("你好"))
    await dialogue.asked()
    await operator.forget(running.settings.effective_database_url, visitor.session, running.settings.var_dir)
    connection = sqlite3.connect(running.settings.var_dir / "wenyu.db")
    connection.execute("INSERT INTO tracker VALUES (?, '[]', 1.0)", (visitor.session,))
    connection.commit()
    dialogue.release()
    assert (await waiting).status == 202
    for table in ("outbox", "tracker"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608
    connection.close()
