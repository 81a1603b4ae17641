"""`wenyu chat`: a conversation in the terminal, over the same public API as everybody else."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import aiohttp

from bot.settings import Settings
from models.errors import WenyuError


class NotRunningError(WenyuError):
    """No gateway answers at the configured address."""

    code = "not_running"


def show(reply: dict[str, Any]) -> None:
    """Print one reply; buttons are numbered so that their number can be typed."""
    print(f"助手：{reply['text']}")
    for card in reply.get("cards", ()):
        print(f"  ▪ {card['title']}  {card.get('subtitle', '')}  {card.get('reason', '')}".rstrip())
    for media in reply.get("media", ()):
        print(f"  ♪ {media.get('label') or media['kind']}：{media['url']}")
    for number, button in enumerate(reply.get("buttons", ()), 1):
        print(f"  [{number}] {button['title']}")


async def run(settings: Settings) -> None:
    """Talk until an empty line, Ctrl+D or Ctrl+C.

    Raises:
        NotRunningError: when the assistant is not running.
    """
    base = f"http://127.0.0.1:{settings.port}/api/v1"
    async with aiohttp.ClientSession() as http:
        try:
            async with http.post(f"{base}/sessions") as response:
                token = (await response.json())["token"]
        except aiohttp.ClientError as error:
            raise NotRunningError("助手没有在运行。", hint="先在另一个终端运行 make run") from error
        headers = {"Authorization": f"Bearer {token}"}
        print("直接输入问题；输入数字选择按钮；空行结束。")
        buttons: list[dict[str, str]] = []
        while True:
            try:
                text = (await asyncio.to_thread(input, "我：")).strip()
            except (EOFError, KeyboardInterrupt):
                return
            if not text:
                return
            if text.isdigit() and 1 <= int(text) <= len(buttons):
                text = buttons[int(text) - 1]["payload"]
            body = {"client_message_id": uuid.uuid4().hex, "text": text}
            async with http.post(f"{base}/messages", json=body, headers=headers) as response:
                answer = await response.json()
            if "error" in answer:
                print(f"助手：{answer['error']['message']}")
                continue
            replies = answer.get("messages", [])
            for reply in replies:
                show(reply)
            buttons = replies[-1].get("buttons", []) if replies else []
            if not replies:
                print("助手：这一轮还没有处理完，稍后会有回复。")
