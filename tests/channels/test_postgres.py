"""Several gateways on one real PostgreSQL database: one turn and one answer a message, in order, also when one dies."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import delete, select

from bot.gateway import inbox, worker
from bot.gateway.app import create_app
from bot.gateway.context import GATEWAY
from bot.gateway.db.engine import Database
from bot.gateway.db.migrate import upgrade
from bot.gateway.db.models import Conversation, Delivery, Inbox, SeenCall
from bot.gateway.platforms import dispatcher
from tests.channels.conftest import Link
from tests.channels.weixin import WeComPlatform
from tests.support.echo_dialogue import EchoDialogue, eventually
from tests.support.gateway import KEYS, Running, settings_for
from tests.support.postgres import PostgresServer, postgres, programs

pytestmark = pytest.mark.skipif(programs() is None, reason="needs Debian's postgresql")


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with postgres() as url:
        asyncio.run(upgrade(url))
        yield url


class Gateways:
    """Gateways on one database, and the platform that calls any of them."""

    def __init__(self, url: str, platform: WeComPlatform, dialogue: EchoDialogue, folder: Path) -> None:
        self.url = url
        self.platform = platform
        self.dialogue = dialogue
        self._folder = folder
        self.links: list[Link] = []

    async def start(self, count: int) -> list[Link]:
        for _ in range(count):
            overrides: dict[str, Any] = self.platform.settings() | {"database_url": self.url}
            settings = settings_for(self._folder, self.dialogue.port, **overrides, rate_limit_per_minute=100_000)
            client: TestClient[Any, Any] = TestClient(TestServer(create_app(settings, KEYS)))
            await client.start_server()
            link = Link(self.platform, None, self.dialogue)  # type: ignore[arg-type]
            link.running = Running(client, settings)
            self.links.append(link)
        return self.links

    async def rows(self, *columns: Any) -> list[Any]:
        assert self.links[-1].running is not None
        database = self.links[-1].running.gateway.database
        return list(await database.read(lambda c: c.execute(select(*columns)).all()))


@pytest.fixture
async def gateways(
    database_url: str, dialogue: EchoDialogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Gateways]:
    monkeypatch.setattr(dispatcher, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(dispatcher, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(worker, "SWEEP_EVERY_S", 0.2)
    monkeypatch.setattr(inbox, "LEASE_S", 3.0)
    database = Database(database_url)
    for table in (SeenCall, Conversation):
        await database.write(lambda c, t=table: c.execute(delete(t)))
    await database.close()
    platform = WeComPlatform()
    await platform.start()
    found = Gateways(database_url, platform, dialogue, tmp_path)
    yield found
    for link in found.links:
        if link.running is not None:
            await link.running.stop()
    await platform.stop()


async def test_installations_that_start_at_once_migrate_once() -> None:
    with postgres() as url:
        done = await asyncio.gather(*(upgrade(url) for _ in range(4)))
    assert sorted(done) == [False, False, False, True]


async def test_a_database_that_is_gone_is_told_and_comes_back(gateways: Gateways) -> None:
    server = await asyncio.to_thread(PostgresServer)
    try:
        await upgrade(server.url)
        gateways.url = server.url
        (link,) = await gateways.start(1)
        await link.deliver(gateways.platform.message("你好"))
        await eventually(lambda: len(gateways.platform.sent) == 1)
        await asyncio.to_thread(server.kill)
        call = gateways.platform.message("还在吗")
        assert (await link.push(call)).status == 503
        assert link.running is not None
        assert (await link.running.client.post("/api/v1/sessions")).status == 503
        assert (await link.running.client.get("/readyz")).status == 503
        await asyncio.to_thread(server.start)
        # The platform tries again.
        await link.deliver(call)
        await eventually(lambda: len(gateways.platform.sent) == 2)
        await link.running.stop()
        gateways.links.clear()
    finally:
        await asyncio.to_thread(server.stop)


async def test_messages_on_any_gateway_are_answered_once_and_in_order(gateways: Gateways) -> None:
    links = await gateways.start(3)
    for number in range(12):
        for user in ("a", "b", "c"):
            await random.choice(links).deliver(gateways.platform.message(f"{user}{number}", user=user))
    await eventually(lambda: len(gateways.platform.sent) >= 36, 30)
    await asyncio.sleep(0.5)
    for user in ("a", "b", "c"):
        assert gateways.platform.texts(user) == [f"您说的是：{user}{number}" for number in range(12)]
    assert all(len(ran) == 12 for ran in gateways.dialogue.ran.values())
    assert Counter(await gateways.rows(Inbox.state)) == {("done",): 36}


async def test_a_message_that_every_gateway_gets_is_one_turn(gateways: Gateways) -> None:
    links = await gateways.start(3)
    for _ in range(5):
        call = [gateways.platform.message("怎么退款", id="77") for _ in links]
        statuses = [response.status for response in await asyncio.gather(*map(Link.push, links, call))]
        assert set(statuses) <= {200, 503}
    await eventually(lambda: len(gateways.platform.sent) == 1)
    await asyncio.sleep(0.5)
    assert len(gateways.platform.sent) == 1
    assert [len(ran) for ran in gateways.dialogue.ran.values()] == [1]


async def test_what_a_dead_gateway_held_is_taken_over_by_another(gateways: Gateways) -> None:
    first, second = await gateways.start(2)
    assert first.running is not None
    gateways.dialogue.behaviour = "hold"
    for number in range(3):
        await first.deliver(gateways.platform.message(f"第{number}句"))
    await gateways.dialogue.asked()
    # As kill -9 leaves it: no drain, nothing stored, the leases as they were.
    held = first.running.client.app
    assert held is not None
    dead = held[GATEWAY].worker
    for task in tuple(dead._tasks):
        task.cancel()
    assert dead._sweeper is not None
    dead._sweeper.cancel()
    held[GATEWAY].platforms._dispatcher._loop.cancel()  # type: ignore[union-attr]
    gateways.dialogue.release()
    await second.deliver(gateways.platform.message("第3句"))
    await eventually(lambda: len(gateways.platform.sent) >= 4, 15)
    assert gateways.platform.texts() == [f"您说的是：第{number}句" for number in range(4)]
    assert Counter(await gateways.rows(Inbox.state)) == {("done",): 4}
    assert Counter(await gateways.rows(Delivery.state)) == {("sent",): 4}


async def test_the_token_is_one_for_all_gateways(gateways: Gateways) -> None:
    links = await gateways.start(3)
    for number, link in enumerate(links):
        await link.deliver(gateways.platform.message("你好", user=f"p{number}"))
        await eventually(lambda n=number: len(gateways.platform.sent) > n)  # type: ignore[misc]
    assert gateways.platform.token_calls <= 1
