"""`make resilience`: people write on every platform while processes are killed; nobody is forgotten or answered twice.

``RESILIENCE_MESSAGES`` and ``RESILIENCE_KILLS`` make it shorter or longer than 5,000 messages and 60 kills.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import aiohttp
import orjson
import pytest
from yarl import URL

from benchmarks.stack import Stack, running_stack
from tests.channels.conftest import PLATFORMS
from tests.channels.simulator import Sent, SignedCall, Simulator

MESSAGES = int(os.environ.get("RESILIENCE_MESSAGES", "5000"))
KILLS = int(os.environ.get("RESILIENCE_KILLS", "60"))
READY_WITHIN_S = 30.0
SETTLED_WITHIN_S = 180.0
AT_ONCE = 16
# What a person on WeChat is told instead of an error page; they write again.
NOT_TAKEN = ("现在咨询的人太多，请稍后再试。", "服务正在重启，请稍后再试。")
# About how long a kill and the way back take, with the pause before it.
CYCLE_S = 8.0
QUESTIONS = ("怎么取消自动续费", "怎么开发票", "月卡多少钱", "红烧肉怎么做才好吃")

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(3600)]


class Counts:
    """What the platforms saw."""

    def __init__(self) -> None:
        self.acknowledged: set[tuple[str, str]] = set()
        self.tries = 0
        self.ready_s: list[float] = []
        self.killed: Counter[str] = Counter()


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


async def kill_now_and_then(stack: Stack, counts: Counts) -> None:
    """Kill a random process and wait until everything is ready again, KILLS times."""
    for _ in range(KILLS):
        await asyncio.sleep(random.uniform(0.5, 4.0))
        pids = await asyncio.to_thread(stack.pids)
        name = random.choice([name for name in ("gateway", "dialogue", "actions") if name in pids])
        os.kill(pids[name], signal.SIGKILL)
        counts.killed[name] += 1
        started = time.monotonic()
        await asyncio.sleep(0.2)
        while not await asyncio.to_thread(ready, stack):
            assert time.monotonic() - started < 2 * READY_WITHIN_S, name
            await asyncio.sleep(0.2)
        counts.ready_s.append(time.monotonic() - started)


def states(var: Path) -> dict[str, Counter[str]]:
    """How many messages and deliveries are in which state."""
    with contextlib.closing(sqlite3.connect(f"file:{var / 'wenyu.db'}?mode=ro", uri=True)) as connection:
        return {
            table: Counter(row[0] for row in connection.execute(f"SELECT state FROM {table}"))  # noqa: S608
            for table in ("inbox", "deliveries")
        }


def whereabouts(var: Path, lost: set[tuple[str, str]]) -> Counter[tuple[str, str, str, int, int]]:
    """What became of the messages of platforms that lost some: channel, states, parts sent and carried."""
    query = """SELECT i.channel, i.state, coalesce(d.state, 'none'), coalesce(d.sent_parts, 0), coalesce(d.carried, 0),
        p.address FROM inbox i LEFT JOIN deliveries d ON d.message = i.id
        LEFT JOIN platform_messages p ON p.message = i.id"""
    with contextlib.closing(sqlite3.connect(f"file:{var / 'wenyu.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute(query).fetchall()
    return Counter(row[:5] for row in rows if any(row[0] == c and f'{u}"' in (row[5] or "") for c, u in lost))


def turns(var: Path) -> Counter[str]:
    """How often each conversation's one message was asked, by the dialogue's own memory."""
    with contextlib.closing(sqlite3.connect(f"file:{var / 'wenyu.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT conversation, events FROM tracker").fetchall()
    return Counter({name: sum(event["event"] == "user" for event in orjson.loads(events)) for name, events in rows})


async def test_nothing_is_lost_or_done_twice_while_processes_die(tmp_path: Path) -> None:
    platforms = [kind() for kind in PLATFORMS]
    settings: dict[str, str] = {}
    for platform in platforms:
        await platform.start()
        settings |= platform.settings()
    settings["channels"] = ",".join(platform.name for platform in platforms)
    counts = Counts()
    manager = running_stack(tmp_path / "var", **settings)
    stack = await asyncio.to_thread(manager.__enter__)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            killer = asyncio.create_task(kill_now_and_then(stack, counts))
            slots = asyncio.Semaphore(AT_ONCE)

            async def one(number: int) -> None:
                # They come evenly while the processes die and start.
                await asyncio.sleep(number * KILLS * CYCLE_S / MESSAGES)
                async with slots:
                    await push(http, stack, platforms[number % len(platforms)], f"p{number}", counts)

            await asyncio.gather(*(one(number) for number in range(MESSAGES)))
            await killer
        deadline = time.monotonic() + SETTLED_WITHIN_S
        while True:
            found = states(stack.var)
            open_ones = sum(found["inbox"][state] for state in ("new", "running")) + found["deliveries"]["waiting"]
            if not open_ones or time.monotonic() > deadline:
                break
            await asyncio.sleep(1)
        got = Counter((platform.name, sent.to) for platform in platforms for sent in platform.sent)
        asked = turns(stack.var)
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)
        for platform in platforms:
            await platform.stop()
    lost = counts.acknowledged - set(got)
    repeated = sum(count - 1 for count in got.values())
    if lost:
        print("\nlost:", sorted(lost), whereabouts(stack.var, lost), Counter(s.to for p in platforms for s in p.sent))
    print(
        f"\n{MESSAGES} messages on {len(platforms)} platforms, {counts.tries} calls, kills {dict(counts.killed)}: "
        f"{len(counts.acknowledged)} acknowledged, {len(lost)} lost, {repeated} sent again, "
        f"{sum(count > 1 for count in asked.values())} turns run twice, inbox {dict(found['inbox'])}, "
        f"deliveries {dict(found['deliveries'])}, ready again within {max(counts.ready_s, default=0):.1f} s"
    )
    assert len(counts.acknowledged) == MESSAGES
    assert not lost
    assert repeated <= KILLS
    assert max(asked.values()) == 1
    assert set(found["inbox"]) <= {"done", "failed"}
    assert sum(found["inbox"].values()) == MESSAGES
    assert set(found["deliveries"]) == {"sent"}
    assert max(counts.ready_s, default=0) < READY_WITHIN_S
