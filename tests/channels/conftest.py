"""Fixtures: a gateway that one simulated platform is connected to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse
from sqlalchemy import select
from yarl import URL

from bot.gateway.db.models import Delivery
from bot.gateway.platforms import dispatcher
from tests.channels.dingtalk import DingTalkPlatform
from tests.channels.feishu import FeishuPlatform
from tests.channels.simulator import Sent, SignedCall, Simulator
from tests.channels.slack import SlackPlatform
from tests.channels.telegram import TelegramPlatform
from tests.channels.weixin import WeChatPlatform, WeComPlatform
from tests.support.echo_dialogue import EchoDialogue, eventually, write_media
from tests.support.gateway import Running, StartGateway, dialogue, migrated_database, start_gateway

__all__ = ["dialogue", "migrated_database", "start_gateway"]
PLATFORMS: tuple[type[Simulator], ...] = (
    WeComPlatform,
    WeChatPlatform,
    FeishuPlatform,
    DingTalkPlatform,
    TelegramPlatform,
    SlackPlatform,
)


class Link:
    """A platform and the gateway that it calls."""

    def __init__(self, platform: Simulator, start: StartGateway, dialogue: EchoDialogue) -> None:
        self.platform = platform
        self.dialogue = dialogue
        self._start = start
        self.running: Running | None = None

    async def start(self, **overrides: Any) -> Running:
        # The real deadline: the tests' own short one is too short for a busy machine.
        settings = {"turn_deadline_s": 4.0} | self.platform.settings() | overrides
        self.running = await self._start(**settings)
        write_media(self.running.settings.var_dir / "media")
        return self.running

    async def restart(self, **overrides: Any) -> Running:
        """Stop the gateway and start it again on the same database."""
        assert self.running is not None
        await self.running.stop()
        return await self.start(**overrides)

    async def push(self, call: SignedCall) -> ClientResponse:
        """One call of the platform, without a retry."""
        assert self.running is not None
        url = URL(f"/hooks/{self.platform.name}").with_query(list(call.query))
        response = await self.running.client.request(call.method, url, headers=list(call.headers), data=call.body)
        await response.read()
        return response

    async def deliver(self, call: SignedCall, *, again: bool = False) -> bytes:
        """One call that has to be acknowledged. A person sees what the acknowledgement carries, but not ``again``."""
        response = await self.push(call)
        body = await response.read()
        assert self.platform.acknowledged(response.status, body), (response.status, body)
        if (carried := self.platform.passive(body)) and not again:
            self.platform.sent.append(Sent("person", "carried", carried))
        return body

    def texts(self) -> list[str]:
        return self.platform.texts()

    async def got(self, count: int = 1, seconds: float = 10.0) -> list[str]:
        """The texts that the person got, once there are ``count``."""
        await eventually(lambda: len(self.texts()) >= count, seconds)
        return self.texts()

    async def got_sent(self, kind: str, seconds: float = 10.0) -> Sent:
        """The first message of a kind that came by the API."""
        await eventually(lambda: any(sent.kind == kind for sent in self.platform.sent), seconds)
        return next(sent for sent in self.platform.sent if sent.kind == kind)

    async def deliveries(self) -> list[tuple[str, str, int]]:
        """``(state, error, attempts)`` of every delivery."""
        assert self.running is not None
        query = select(Delivery.state, Delivery.error, Delivery.attempts).order_by(Delivery.position)
        rows = await self.running.gateway.database.read(lambda c: c.execute(query).all())
        return [(row[0], row[1], row[2]) for row in rows]

    async def settled(self, seconds: float = 10.0) -> list[tuple[str, str, int]]:
        """The deliveries, once none waits."""
        deadline = time.monotonic() + seconds
        while True:
            found = await self.deliveries()
            if found and all(state != "waiting" for state, _, _ in found):
                return found
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.05)


MakeLink = Callable[[type[Simulator]], Awaitable[Link]]


@pytest.fixture
async def make_link(
    start_gateway: StartGateway, dialogue: EchoDialogue, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MakeLink]:
    """Connect platforms; the pauses between attempts are short."""
    monkeypatch.setattr(dispatcher, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(dispatcher, "LOOK_EVERY_S", 0.05)
    started: list[Simulator] = []

    async def make(kind: type[Simulator]) -> Link:
        platform = kind()
        await platform.start()
        started.append(platform)
        return Link(platform, start_gateway, dialogue)

    yield make
    for platform in started:
        await platform.stop()


@pytest.fixture(params=PLATFORMS, ids=lambda kind: kind.name)
async def link(request: pytest.FixtureRequest, make_link: MakeLink) -> Link:
    """Each platform in turn, with a running gateway."""
    found = await make_link(request.param)
    await found.start()
    return found
