"""A dialogue process that is slow, dead or answers with errors: a polite answer in time, and all is well soon after."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.gateway.app import create_app
from tests.support.echo_dialogue import EchoDialogue
from tests.support.faulty_proxy import BEHAVIOURS, FaultyProxy
from tests.support.gateway import (
    KEYS,
    Running,
    StartGateway,
    dialogue,
    migrated_database,
    settings_for,
    start_gateway,
)

__all__ = ["dialogue", "migrated_database", "start_gateway"]
ANSWER_WITHIN_S = 4.0
RECOVERED_WITHIN_S = 10.0


@pytest.fixture
async def proxy(dialogue: EchoDialogue) -> AsyncIterator[FaultyProxy]:
    found = FaultyProxy(dialogue.port)
    await found.start()
    yield found
    await found.stop()


async def ask(running: Running, text: str) -> tuple[dict[str, object], float]:
    """The answer to a new visitor and how many seconds it took."""
    visitor = await running.visitor()
    started = time.monotonic()
    (reply,) = await visitor.ask(text)
    return reply, time.monotonic() - started


async def trouble(behaviour: str, dialogue: EchoDialogue, folder: Path) -> str:
    """A gateway of its own whose dialogue process misbehaves for a while and then does not."""
    proxy = FaultyProxy(dialogue.port)
    await proxy.start()
    # The shipped deadline, which the four seconds are about.
    settings = settings_for(folder, proxy.port, turn_deadline_s=ANSWER_WITHIN_S)
    client: TestClient[Any, Any] = TestClient(TestServer(create_app(settings, KEYS)))
    await client.start_server()
    running = Running(client, settings)
    try:
        assert (await ask(running, "你好"))[0]["text"] == "您说的是：你好"
        await proxy.set(behaviour)
        answers = await asyncio.gather(*(ask(running, f"第{number}问") for number in range(3)))
        for reply, seconds in answers:
            assert "抱歉" in str(reply["text"]), behaviour
            assert reply["capability"] == "system"
            assert seconds <= ANSWER_WITHIN_S, behaviour
        await proxy.set("passes")
        mended = time.monotonic()
        while (await ask(running, "还在吗"))[0]["text"] != "您说的是：还在吗":
            assert time.monotonic() - mended < RECOVERED_WITHIN_S, behaviour
        recovered_s = time.monotonic() - mended
        assert recovered_s < RECOVERED_WITHIN_S, behaviour
    finally:
        await running.stop()
        await proxy.stop()
    answered_s = max(seconds for _, seconds in answers)
    return f"{behaviour}: answered in {answered_s:.2f} s, recovered in {recovered_s:.2f} s"


async def test_a_dialogue_in_trouble_gives_a_polite_answer_in_time_and_recovers(
    dialogue: EchoDialogue, migrated_database: Path, tmp_path: Path
) -> None:
    # All at once, because each has to wait for the deadline.
    for behaviour in BEHAVIOURS:
        (tmp_path / behaviour).mkdir()
        shutil.copy(migrated_database, tmp_path / behaviour / "wenyu.db")
    found = await asyncio.gather(*(trouble(each, dialogue, tmp_path / each) for each in BEHAVIOURS))
    print("\n" + "\n".join(found))


async def test_a_fault_that_ends_within_the_deadline_costs_nothing_but_time(
    start_gateway: StartGateway, proxy: FaultyProxy, dialogue: EchoDialogue
) -> None:
    running = await start_gateway(dialogue_port=proxy.port, turn_deadline_s=4.0)
    await proxy.set("cuts")
    asked = asyncio.create_task(ask(running, "怎么退款"))
    await dialogue.asked()
    await proxy.set("passes")
    reply, _ = await asked
    assert reply["text"] == "您说的是：怎么退款"
    assert [len(ran) for ran in dialogue.ran.values()] == [1]
