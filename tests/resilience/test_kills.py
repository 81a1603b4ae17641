"""`make resilience`: people write on every platform while processes are killed; nobody is forgotten or answered twice.

``RESILIENCE_MESSAGES`` and ``RESILIENCE_KILLS`` make it shorter or longer than 5,000 messages and 60 kills. The
database is a PostgreSQL server that is killed as well, where Debian's package is installed, or with
``RESILIENCE_DATABASE=sqlite`` the file that a new installation has.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import statistics
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from sqlalchemy import text
from yarl import URL

from benchmarks.stack import Stack, running_stack
from bot.gateway.db.engine import Database
from tests.channels.conftest import PLATFORMS
from tests.channels.simulator import Sent, SignedCall, Simulator
from tests.support.postgres import PostgresServer, programs

DATABASE = os.environ.get("RESILIENCE_DATABASE") or ("postgres" if programs() else "sqlite")
MESSAGES = int(os.environ.get("RESILIENCE_MESSAGES", "5000"))
KILLS = int(os.environ.get("RESILIENCE_KILLS", "60"))
READY_WITHIN_S = 30.0
NOT_COMING_BACK_S = 300.0
SETTLED_WITHIN_S = 300.0
AT_ONCE = 16
# What a person on WeChat is told instead of an error page; they write again.
NOT_TAKEN = ("现在咨询的人太多，请稍后再试。", "服务正在重启，请稍后再试。")
# How often each is killed in proportion: above all those that hold the messages.
WEIGHTS = {"gateway": 3, "database": 3, "dialogue": 1, "actions": 1}
# Processes die one after another before they are waited for.
MOST_AT_ONCE = 15
# Messages come evenly over this time in each round of kills, while processes die and start.
ROUND_S = 8.0
QUESTIONS = ("怎么取消自动续费", "怎么开发票", "月卡多少钱", "红烧肉怎么做才好吃")

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(7200)]


class Counts:
    """What the platforms saw."""

    def __init__(self) -> None:
        self.acknowledged: set[tuple[str, str]] = set()
        self.tries = 0
        self.ready_s: list[float] = []
        self.killed: Counter[str] = Counter()
        self.kill_began = asyncio.Condition()

    @property
    def kills(self) -> int:
        return self.killed.total()


async def push(http: aiohttp.ClientSession, stack: Stack, platform: Simulator, user: str, counts: Counts) -> None:
    """One person's message; the platform tries again, signing anew, until it is acknowledged."""
    question = random.choice(QUESTIONS)
    name = str(random.randrange(10**9, 10**10))
    while True:
        call: SignedCall = platform.message(question, user=user, id=name)
        url = URL(f"{stack.base}/hooks/{platform.name}").with_query(list(call.query))
        counts.tries += 1
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with http.request(call.method, url, headers=list(call.headers), data=call.body) as response:
                body = await response.read()
                if platform.acknowledged(response.status, body) and platform.passive(body) not in NOT_TAKEN:
                    counts.acknowledged.add((platform.name, user))
                    if carried := platform.passive(body):
                        platform.sent.append(Sent(user, "carried", carried))
                    return
        await asyncio.sleep(0.5)


def ready(stack: Stack) -> bool:
    try:
        with urllib.request.urlopen(f"{stack.base}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


async def kill_now_and_then(stack: Stack, database: PostgresServer | None, counts: Counts) -> None:
    """Kill random processes, a few at a time, and wait until everything is ready again; KILLS in all."""
    while counts.kills < KILLS:
        for _ in range(min(random.randint(1, MOST_AT_ONCE), KILLS - counts.kills)):
            await asyncio.sleep(random.uniform(0.2, 4.0))
            pids = await asyncio.to_thread(stack.pids)
            names = [name for name in WEIGHTS if name in pids or (name == "database" and database is not None)]
            (name,) = random.choices(names, [WEIGHTS[name] for name in names])
            if name == "database" and database is not None:
                await asyncio.to_thread(database.kill)
                await asyncio.sleep(random.uniform(0.0, 2.0))
                await asyncio.to_thread(database.start)
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pids[name], signal.SIGKILL)
            counts.killed[name] += 1
            async with counts.kill_began:
                counts.kill_began.notify_all()
        started = time.monotonic()
        await asyncio.sleep(0.2)
        while not await asyncio.to_thread(ready, stack):
            assert time.monotonic() - started < NOT_COMING_BACK_S, counts.killed
            await asyncio.sleep(0.2)
        counts.ready_s.append(time.monotonic() - started)
        print(
            f"{counts.kills} kills, {len(counts.acknowledged)} acknowledged, ready {counts.ready_s[-1]:.1f} s",
            flush=True,
        )


async def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """What the gateway's database answers."""
    database = Database(url)
    try:
        return [tuple(row) for row in await database.read(lambda c: c.execute(text(query)).all())]
    finally:
        await database.close()


async def states(url: str) -> dict[str, Counter[str]]:
    """How many messages and deliveries are in which state."""
    return {
        table: Counter(dict(await rows(url, f"SELECT state, count(*) FROM {table} GROUP BY state")))  # noqa: S608
        for table in ("inbox", "deliveries")
    }


async def turns(url: str) -> Counter[str]:
    """How often each conversation's one message was asked, by the dialogue's own memory."""
    found = await rows(url, "SELECT conversation, events FROM tracker")
    return Counter({name: sum(event["event"] == "user" for event in orjson.loads(events)) for name, events in found})


@pytest.fixture
def database() -> Iterator[PostgresServer | None]:
    server = PostgresServer() if DATABASE == "postgres" else None
    yield server
    if server is not None:
        server.stop()


async def test_nothing_is_lost_or_done_twice_while_processes_die(
    tmp_path: Path, database: PostgresServer | None
) -> None:
    platforms = [kind() for kind in PLATFORMS]
    settings: dict[str, str] = {}
    for platform in platforms:
        await platform.start()
        settings |= platform.settings()
    settings["channels"] = ",".join(platform.name for platform in platforms)
    url = database.url if database is not None else f"sqlite+aiosqlite:///{tmp_path / 'var' / 'wenyu.db'}"
    settings["database_url"] = url
    counts = Counts()
    manager = running_stack(tmp_path / "var", **settings)
    stack = await asyncio.to_thread(manager.__enter__)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            slots = asyncio.Semaphore(AT_ONCE)

            async def one(number: int) -> None:
                # They come evenly over the kills and, after each, over the time in which processes are away.
                async with counts.kill_began:
                    await counts.kill_began.wait_for(lambda: counts.kills > number * KILLS // MESSAGES)
                await asyncio.sleep(random.uniform(0.0, ROUND_S))
                async with slots:
                    await push(http, stack, platforms[number % len(platforms)], f"p{number}", counts)

            people = [asyncio.create_task(one(number)) for number in range(MESSAGES)]
            await kill_now_and_then(stack, database, counts)
            await asyncio.gather(*people)
        deadline = time.monotonic() + SETTLED_WITHIN_S
        while True:
            found = await states(url)
            open_ones = sum(found["inbox"][state] for state in ("new", "running")) + found["deliveries"]["waiting"]
            if not open_ones or time.monotonic() > deadline:
                break
            await asyncio.sleep(1)
        got = Counter((platform.name, sent.to) for platform in platforms for sent in platform.sent)
        asked = await turns(url)
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)
        for platform in platforms:
            await platform.stop()
    lost = counts.acknowledged - set(got)
    repeated = sum(count - 1 for count in got.values())
    print(
        f"\n{DATABASE}: {MESSAGES} messages on {len(platforms)} platforms, {counts.tries} calls, "
        f"{counts.kills} kills {dict(counts.killed)}: "
        f"{len(counts.acknowledged)} acknowledged, {len(lost)} lost {sorted(lost)}, {repeated} sent again, "
        f"{sum(count > 1 for count in asked.values())} turns run twice, inbox {dict(found['inbox'])}, "
        f"deliveries {dict(found['deliveries'])}, ready again after {statistics.median(counts.ready_s):.1f} s (median), "
        f"{max(counts.ready_s):.1f} s (longest), load average {os.getloadavg()[0]:.1f}"
    )
    assert len(counts.acknowledged) == MESSAGES
    assert not lost
    assert repeated <= KILLS
    assert max(asked.values()) == 1
    assert set(found["inbox"]) <= {"done", "failed"}
    assert sum(found["inbox"].values()) == MESSAGES
    assert set(found["deliveries"]) == {"sent"}
    assert max(counts.ready_s) < READY_WITHIN_S
