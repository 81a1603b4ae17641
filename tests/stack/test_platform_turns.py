"""People talk to the real three processes through simulated platforms; prints what they wrote and got."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from benchmarks.stack import Stack, running_stack
from tests.channels.feishu import FeishuPlatform
from tests.channels.simulator import SignedCall, Simulator
from tests.channels.weixin import WeChatPlatform, WeComPlatform
from tests.support.files import picture

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
ANSWER_WITHIN_S = 15.0


class Person:
    """One person on one platform."""

    def __init__(self, platform: Simulator, stack: Stack, http: aiohttp.ClientSession) -> None:
        self.platform = platform
        self._stack = stack
        self._http = http
        self._read = 0

    async def says(self, shown: str, call: SignedCall) -> str:
        """Everything that comes back for one message."""
        print(f"\n[{self.platform.name}] 用户：{shown}")
        url = URL(f"{self._stack.base}/hooks/{self.platform.name}").with_query(list(call.query))
        started = time.perf_counter()
        async with self._http.request(call.method, url, headers=list(call.headers), data=call.body) as response:
            body = await response.read()
        acknowledged_s = time.perf_counter() - started
        assert self.platform.acknowledged(response.status, body), (response.status, body)
        texts = [carried] if (carried := self.platform.passive(body)) else []
        sent = self.platform.sent
        async with asyncio.timeout(ANSWER_WITHIN_S):
            while not texts and len(sent) == self._read:  # noqa: ASYNC110 - two sources
                await asyncio.sleep(0.05)
        # A long answer comes in several messages.
        before = -1
        while before != len(sent):
            before = len(sent)
            await asyncio.sleep(0.7)
        answered_s = time.perf_counter() - started
        for message in sent[self._read :]:
            texts.append(message.text or f"（{message.kind}，{len(message.data)} 字节）")
            buttons = "".join(f"［{title}］" for title, _ in message.options)
            texts[-1] += f"\n  按钮：{buttons}" if buttons else ""
        self._read = len(sent)
        text = "\n".join(texts)
        indented = text.replace("\n", "\n    ")
        print(
            f"[{self.platform.name}] 助手（{acknowledged_s * 1e3:.0f} ms 确认，{answered_s:.1f} s 内收全）：{indented}"
        )
        return text

    async def asks(self, text: str) -> str:
        return await self.says(text, self.platform.message(text))


@asynccontextmanager
async def connected(folder: Path, *platforms: Simulator) -> AsyncIterator[list[Person]]:
    """The running assistant with these platforms, one person on each."""
    settings: dict[str, str] = {}
    for platform in platforms:
        await platform.start()
        settings |= platform.settings()
    settings["channels"] = ",".join(platform.name for platform in platforms)
    manager = running_stack(folder, **settings)
    stack = await asyncio.to_thread(manager.__enter__)
    try:
        async with aiohttp.ClientSession() as http:
            yield [Person(platform, stack, http) for platform in platforms]
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)
        for platform in platforms:
            await platform.stop()


async def test_people_are_answered_on_their_platforms(tmp_path: Path) -> None:
    wecom, feishu, wechat = WeComPlatform(), FeishuPlatform(), WeChatPlatform()
    for platform in (wecom, feishu, wechat):
        platform.files["painting"] = picture("JPEG", (320, 240))
    async with connected(tmp_path / "var", wecom, feishu, wechat) as people:
        for person in people:
            assert "文娱助手" in await person.says("（第一次打开）", person.platform.greeting())
            assert "续费" in await person.asks("怎么取消自动续费")
            films = await person.asks("推荐几部科幻电影")
            assert "《" in films
            await person.asks("2")
            await person.asks("1 看过了")
            picture_answer = await person.says("（一张画）", person.platform.picture("painting"))
            assert picture_answer
            assert "语音没有取到" in await person.says("（语音）", person.platform.voice("nothing"))
            assert "工单" in await person.asks("转人工")
        stack = people[0]._stack
        with await asyncio.to_thread(urllib.request.urlopen, f"{stack.base}/metrics", timeout=10) as answer:
            metrics = answer.read().decode()
        for person in people:
            assert f'wenyu_deliveries_total{{channel="{person.platform.name}",outcome="sent"}}' in metrics
        assert 'outcome="failed"' not in metrics
        log = (stack.var / "log" / "wenyu.jsonl").read_text(encoding="utf-8")
        for line in log.splitlines():
            assert isinstance(json.loads(line), dict)
        for private in ("怎么取消自动续费", "person", *wecom.secrets, *feishu.secrets):
            assert private not in log, private
