"""A message's way: stored once, run once, in order, and never without an answer."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from bot.gateway import worker
from bot.gateway.channels import web
from tests.support.echo_dialogue import EchoDialogue, eventually
from tests.support.gateway import Running, StartGateway, Visitor

PROMISED_S = 5.0
STORED = """INSERT INTO inbox VALUES
    (:id, :conversation, 'web', 'c' || :n, :n, '你好', '你好', '[]', :state, :lease, 1.0, NULL)"""


def states(var_dir: Path) -> dict[str, str]:
    """State by client message id, read as another process would."""
    connection = sqlite3.connect(var_dir / "wenyu.db")
    try:
        return dict(connection.execute("SELECT client_message_id, state FROM inbox"))
    finally:
        connection.close()


async def test_a_reply_follows_the_contract_and_names_its_message(visitor: Visitor) -> None:
    (reply,) = await visitor.ask("卡片", "first")
    assert reply["reply_to"] == "first"
    assert reply["capability"] == "recommend"
    assert [card["title"] for card in reply["cards"]] == ["影片1", "影片2", "影片3"]
    assert reply["position"] == 2


async def test_the_dialogue_reads_the_normalised_text_and_the_history_shows_the_original(
    visitor: Visitor, dialogue: EchoDialogue
) -> None:
    await visitor.ask("會員怎麼退費？")
    assert dialogue.requests[0]["text"] == "会员怎么退费?"
    assert dialogue.requests[0]["channel"] == "web"
    assert dialogue.requests[0]["conversation"] == visitor.session
    assert (await visitor.history())[0]["text"] == "會員怎麼退費？"


async def test_history_holds_both_sides_in_order(visitor: Visitor) -> None:
    for number in range(3):
        await visitor.ask(f"第{number}句")
    entries = await visitor.history()
    assert [entry["position"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry["role"] for entry in entries] == ["user", "assistant"] * 3
    assert [e["id"] for e in await visitor.history(after=entries[3]["id"])] == [e["id"] for e in entries[4:]]
    assert await visitor.history(after="5") == entries[5:]


async def test_a_long_history_comes_in_pages(running: Running, visitor: Visitor) -> None:
    connection = sqlite3.connect(running.settings.var_dir / "wenyu.db")
    for n in range(1, 207):
        connection.execute(
            STORED, {"id": f"m{n:032x}", "conversation": visitor.session, "n": n, "state": "done", "lease": 0}
        )
    connection.commit()
    connection.close()
    response = await visitor.client.get("/api/v1/messages", headers=visitor.headers)
    page = await response.json()
    assert len(page["messages"]) == 200
    assert page["more"] is True
    rest = await visitor.history(after=page["messages"][-1]["id"])
    assert [entry["position"] for entry in rest] == list(range(201, 207))


async def test_several_replies_to_one_message(visitor: Visitor, dialogue: EchoDialogue) -> None:
    dialogue.answers = [{"text": "第一句"}, {"custom": {"text": "第二句", "capability": "faq"}}]
    replies = await visitor.ask("你好")
    assert [reply["text"] for reply in replies] == ["第一句", "第二句"]
    assert [reply["position"] for reply in replies] == [2, 3]


async def test_a_repeated_message_gets_the_same_replies_and_no_second_turn(
    visitor: Visitor, dialogue: EchoDialogue
) -> None:
    first = await visitor.ask("你好", "same")
    assert await visitor.ask("你好", "same") == first
    assert await visitor.ask("别的话", "same") == first
    assert len(dialogue.requests) == 1
    assert len(await visitor.history()) == 2


async def test_repeats_at_the_same_moment_are_one_turn(visitor: Visitor, dialogue: EchoDialogue) -> None:
    answers = await asyncio.gather(*(visitor.ask("你好", "same") for _ in range(12)))
    assert all(answer == answers[0] for answer in answers)
    assert len(dialogue.requests) == 1


async def test_the_same_id_in_two_conversations_is_two_messages(running: Running, dialogue: EchoDialogue) -> None:
    one, two = await running.visitor(), await running.visitor()
    await asyncio.gather(one.ask("甲", "same"), two.ask("乙", "same"))
    assert len(dialogue.requests) == 2


async def test_messages_of_one_conversation_run_in_the_order_they_were_stored(
    running: Running, dialogue: EchoDialogue
) -> None:
    visitors = [await running.visitor() for _ in range(4)]
    await asyncio.gather(*(visitor.ask(f"{n}", f"c{n}") for n in range(8) for visitor in visitors))
    for visitor in visitors:
        entries = await visitor.history()
        ids = [entry["id"] for entry in entries if entry["role"] == "user"]
        assert dialogue.ran[visitor.session] == ids
        answered = [entry["reply_to"] for entry in entries if entry["role"] == "assistant"]
        assert answered == [entry["client_message_id"] for entry in entries if entry["role"] == "user"]


async def test_one_conversation_does_not_wait_for_another(running: Running, dialogue: EchoDialogue) -> None:
    slow, fast = await running.visitor(), await running.visitor()
    dialogue.behaviour, dialogue.faults_left = "hold", 1
    waiting = asyncio.create_task(slow.ask("你好"))
    await dialogue.asked()
    await fast.ask("你好")
    assert not waiting.done()
    dialogue.release()
    await waiting


@pytest.mark.parametrize(
    "fault", ["slow", "reset", "error", "garbage", "empty", "bad_contract", "huge", "unauthorized"]
)
async def test_a_fault_of_the_dialogue_gives_a_polite_sentence_with_a_reference(
    start_gateway: StartGateway, dialogue: EchoDialogue, fault: str
) -> None:
    running = await start_gateway(turn_deadline_s=0.4)
    visitor = await running.visitor()
    dialogue.behaviour = fault
    started = time.monotonic()
    (reply,) = await visitor.ask("你好", "m1")
    assert time.monotonic() - started < PROMISED_S
    assert reply["capability"] == "system"
    assert reply["band"] == "refuse"
    assert re.fullmatch("W[0-9A-F]{8}", reply["data"]["reference"])
    assert reply["data"]["reference"] in reply["text"]
    assert "抱歉" in reply["text"]
    assert states(running.settings.var_dir) == {"m1": "failed"}
    dialogue.behaviour = "ok"
    assert await visitor.ask("你好", "m1") == [reply]
    assert (await visitor.ask("你好", "m2"))[0]["capability"] == "faq"


async def test_a_request_that_the_dialogue_refuses_is_not_sent_again(visitor: Visitor, dialogue: EchoDialogue) -> None:
    dialogue.behaviour = "unauthorized"
    await visitor.ask("你好")
    assert len(dialogue.requests) == 1


async def test_a_dead_dialogue_gives_a_polite_sentence_to_everyone_in_time(
    start_gateway: StartGateway, dialogue: EchoDialogue
) -> None:
    running = await start_gateway(turn_deadline_s=0.5)
    visitor, other = await running.visitor(), await running.visitor()
    await dialogue.stop()
    started = time.monotonic()
    answers = await asyncio.gather(visitor.ask("一"), other.ask("二"))
    assert time.monotonic() - started < PROMISED_S
    assert all(answer[0]["capability"] == "system" for answer in answers)
    assert answers[0][0]["data"]["reference"] != answers[1][0]["data"]["reference"]


@pytest.mark.parametrize("fault", ["reset", "error", "garbage"])
async def test_a_fault_that_passes_is_tried_again_within_the_deadline(
    visitor: Visitor, dialogue: EchoDialogue, fault: str
) -> None:
    dialogue.behaviour, dialogue.faults_left = fault, 2
    (reply,) = await visitor.ask("你好")
    assert reply["capability"] == "faq"
    assert len(dialogue.seen[visitor.session]) == 3
    assert len(set(dialogue.seen[visitor.session])) == 1


async def test_a_dialogue_that_comes_back_within_the_deadline_answers(visitor: Visitor, dialogue: EchoDialogue) -> None:
    await dialogue.stop()
    waiting = asyncio.create_task(visitor.ask("你好"))
    await asyncio.sleep(0.4)
    await dialogue.start()
    (reply,) = await waiting
    assert reply["capability"] == "faq"


async def test_a_dialogue_killed_in_mid_turn_is_asked_again_and_the_turn_ends_once(
    visitor: Visitor, dialogue: EchoDialogue, running: Running
) -> None:
    dialogue.behaviour, dialogue.faults_left = "hold", 1
    waiting = asyncio.create_task(visitor.ask("你好", "m1"))
    await dialogue.asked()
    await dialogue.stop()
    await dialogue.start()
    (reply,) = await waiting
    assert reply["capability"] == "faq"
    assert states(running.settings.var_dir) == {"m1": "done"}
    assert len(await visitor.history()) == 2


def two_free_ports() -> int:
    """The first of two ports side by side."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port


async def test_two_dialogue_processes_share_the_conversations_and_stand_in_for_each_other(
    start_gateway: StartGateway, dialogue: EchoDialogue
) -> None:
    port = two_free_ports()
    processes = [EchoDialogue(dialogue.token) for _ in range(2)]
    for number, process in enumerate(processes):
        await process.start(port + number)
    running = await start_gateway(dialogue_port=port, dialogue_processes=2)
    visitors = [await running.visitor() for _ in range(24)]
    for round_of_turns in range(2):
        await asyncio.gather(*(visitor.ask(f"第{round_of_turns}轮") for visitor in visitors))
    homes = [set(process.ran) for process in processes]
    assert all(homes)
    assert not homes[0] & homes[1]
    await processes[1].stop()
    for visitor in visitors:
        assert (await visitor.ask("还在吗"))[0]["capability"] == "faq"
    assert set(processes[0].ran) == homes[0] | homes[1]
    await processes[1].start()
    before = len(processes[1].requests)
    await eventually(lambda: not running.gateway.dialogue._gone)
    await asyncio.gather(*(visitor.ask("回来了") for visitor in visitors))
    assert len(processes[1].requests) - before == len(homes[1])
    for process in processes:
        await process.stop()


async def test_a_message_that_has_to_wait_is_accepted_and_answered_later(
    visitor: Visitor, running: Running, dialogue: EchoDialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "GRACE_S", 0.05 - running.settings.turn_deadline_s)
    dialogue.behaviour = "hold"
    response = await visitor.post("你好", "c1")
    assert response.status == 202
    assert await response.json() == {"status": "accepted", "client_message_id": "c1"}
    dialogue.release()
    await eventually(lambda: states(running.settings.var_dir) == {"c1": "done"})
    assert [entry["role"] for entry in await visitor.history()] == ["user", "assistant"]
    assert (await visitor.ask("你好", "c1"))[0]["reply_to"] == "c1"


async def test_after_a_failure_waiting_messages_do_not_each_take_the_whole_deadline(
    start_gateway: StartGateway, dialogue: EchoDialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LEAST_BUDGET_S", 0.1)
    running = await start_gateway(turn_deadline_s=1.0)
    visitor = await running.visitor()
    await dialogue.stop()
    started = time.monotonic()
    responses = await asyncio.gather(*(visitor.post(f"{n}") for n in range(6)))
    assert {response.status for response in responses} <= {200, 202}
    await eventually(lambda: set(states(running.settings.var_dir).values()) == {"failed"})
    assert time.monotonic() - started < 4


async def test_a_full_queue_refuses_and_stores_nothing(
    running: Running, dialogue: EchoDialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MAX_PENDING", 2)
    visitor = await running.visitor()
    dialogue.behaviour = "hold"
    first = [asyncio.create_task(visitor.post("等", f"c{n}")) for n in range(2)]
    await eventually(lambda: running.gateway.worker.pending == 2)
    response = await visitor.post("再来", "c9")
    assert response.status == 503
    assert response.headers["Retry-After"] == "5"
    assert (await response.json())["error"]["message"].endswith("请稍后再试。")
    dialogue.release()
    await asyncio.gather(*first)
    assert "c9" not in states(running.settings.var_dir)


async def test_what_a_killed_gateway_left_is_run_at_the_next_start(
    start_gateway: StartGateway, dialogue: EchoDialogue
) -> None:
    first = await start_gateway()
    visitor = await first.visitor()
    await visitor.ask("你好", "done")
    await first.stop()
    connection = sqlite3.connect(first.settings.var_dir / "wenyu.db")
    for n, state in ((3, "running"), (4, "new")):
        row = {"id": f"m{n}", "conversation": visitor.session, "n": n, "state": state, "lease": time.time() + 30}
        connection.execute(STORED, row)
    connection.execute("UPDATE conversations SET last_position = 4")
    connection.commit()
    connection.close()
    second = await start_gateway()
    again = Visitor(second.client, visitor.session, visitor.token)
    assert (await again.ask("你好", "c4"))[0]["reply_to"] == "c4"
    assert dialogue.ran[visitor.session][1:] == ["m3", "m4"]
    assert set(states(second.settings.var_dir).values()) == {"done"}
    assert [e["position"] for e in await again.history()] == [1, 2, 3, 4, 5, 6]


async def test_a_message_whose_lease_ended_is_taken_over(
    monkeypatch: pytest.MonkeyPatch, start_gateway: StartGateway
) -> None:
    monkeypatch.setattr(worker, "SWEEP_EVERY_S", 0.05)
    second = await start_gateway()
    visitor = await second.visitor()
    connection = sqlite3.connect(second.settings.var_dir / "wenyu.db")
    row = {"id": "m1", "conversation": visitor.session, "n": 1, "state": "running", "lease": time.time() - 1}
    connection.execute(STORED, row)
    connection.execute("UPDATE conversations SET last_position = 1 WHERE id = ?", (visitor.session,))
    connection.commit()
    connection.close()
    await eventually(lambda: states(second.settings.var_dir) == {"c1": "done"})
    assert len(await visitor.history()) == 2


async def test_two_gateways_that_run_the_same_message_end_it_once(
    running: Running, start_gateway: StartGateway, dialogue: EchoDialogue
) -> None:
    visitor = await running.visitor()
    dialogue.behaviour = "hold"
    waiting = asyncio.create_task(visitor.ask("你好", "m1"))
    await dialogue.asked(1)
    second = await start_gateway()
    await dialogue.asked(2)
    dialogue.release()
    await waiting
    await eventually(lambda: running.gateway.worker.pending + second.gateway.worker.pending == 0)
    assert len(await visitor.history()) == 2


async def test_draining_finishes_what_runs_keeps_what_waits_and_takes_nothing_more(
    running: Running, dialogue: EchoDialogue, start_gateway: StartGateway
) -> None:
    visitor = await running.visitor()
    dialogue.behaviour = "hold"
    posts = [asyncio.create_task(visitor.post("等", f"c{n}")) for n in range(2)]
    await eventually(lambda: running.gateway.worker.pending == 2)
    await dialogue.asked()
    drain = asyncio.create_task(running.gateway.worker.drain())
    await asyncio.sleep(0)
    refused = await visitor.post("晚了", "c9")
    assert refused.status == 503
    assert (await refused.json())["error"]["code"] == "restarting"
    dialogue.release()
    await drain
    assert [response.status for response in await asyncio.gather(*posts)] == [200, 202]
    assert states(running.settings.var_dir) == {"c0": "done", "c1": "new"}
    await running.stop()
    second = await start_gateway()
    again = Visitor(second.client, visitor.session, visitor.token)
    await again.ask("等", "c1")
    assert states(running.settings.var_dir) == {"c0": "done", "c1": "done"}


async def test_a_database_that_is_busy_for_a_moment_loses_nothing(running: Running, visitor: Visitor) -> None:
    blocker = sqlite3.connect(running.settings.var_dir / "wenyu.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    waiting: asyncio.Task[Any] = asyncio.create_task(visitor.ask("你好"))
    await asyncio.sleep(0.4)
    blocker.execute("ROLLBACK")
    blocker.close()
    assert (await waiting)[0]["capability"] == "faq"
