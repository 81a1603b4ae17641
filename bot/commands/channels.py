"""`wenyu doctor --channel NAME`: whether a messaging platform is set up, and what to enter in its console."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy.exc import SQLAlchemyError

from bot.gateway.db.engine import Database
from bot.gateway.platforms import deliveries
from bot.gateway.platforms.registry import adapter_class, problems_of
from bot.gateway.sessions import DAY_S
from bot.settings import Settings

Failures = list[tuple[str, str, str, int]]


async def undelivered(settings: Settings) -> Failures:
    """``(channel, state, error, count)`` of the replies that wait now or failed in the last 24 hours."""
    database = Database(settings.effective_database_url)
    try:
        return await database.read(lambda c: deliveries.summary(c, time.time() - DAY_S))
    finally:
        await database.close()


def failure_lines(found: Failures) -> list[str]:
    """Failures as sentences for the operator."""
    lines = []
    for channel, state, error, count in found:
        what = "条回复没有送达" if state == deliveries.FAILED else "条回复正在等待发送"
        lines.append(f"{channel}：{count} {what}" + (f"，平台的代码 {error}" if error else ""))
    return lines


def _address_lines(settings: Settings, name: str) -> list[str]:
    url = f"{settings.effective_public_url}/hooks/{name}"
    if name == "dingtalk" and settings.dingtalk_mode == "stream":
        return ["  接收方式：Stream，不需要公网网址；在机器人的“消息接收模式”里选 Stream 模式。"]
    lines = [f"  在平台后台填写的回调网址：{url}"]
    if not url.startswith("https://"):
        lines.append("    → 平台只能访问公网的 HTTPS 网址，请设置 WENYU_PUBLIC_URL。")
    if name == "telegram":
        lines.append(
            f"  登记回调：curl {settings.telegram_api_url}/bot<机器人token>/setWebhook"
            f" -d url={url} -d secret_token=<WENYU_TELEGRAM_SECRET_TOKEN>"
        )
    return lines


def run(settings: Settings, name: str) -> int:
    """Print the report; 0 when the channel can start. No setting's value is printed.

    Raises:
        ChannelConfigError: there is no such channel.
    """
    adapter = adapter_class(name)
    problems = problems_of(adapter, settings)
    print(f"{adapter.title}（{name}）")
    all_set = True
    for setting in adapter.required:
        is_set = bool(getattr(settings, setting).strip())
        all_set = all_set and is_set
        print(f"  {'✓' if is_set else '✗ 没有设置'} WENYU_{setting.upper()}")
    for problem in adapter.problems(settings) if all_set else ():
        print(f"  ✗ {problem}")
    if name not in settings.channels:
        print(f"  ! 还没有开启：把 {name} 加到 WENYU_CHANNELS 里，然后重新启动。")
    print("\n".join(_address_lines(settings, name)))
    try:
        found = [row for row in asyncio.run(undelivered(settings)) if row[0] == name]
    except SQLAlchemyError:
        print("  ! 数据库还没有准备好，看不到发送情况；先运行 wenyu migrate。")
    else:
        for line in failure_lines(found):
            print(f"  ! {line}")
    print(f"  步骤见 docs/渠道/{adapter.title}.md")
    return 1 if problems else 0
