"""The messaging platforms there are. An adapter, and the SDK that it uses, is imported only when it is configured."""

from __future__ import annotations

from importlib import import_module

from bot.gateway.platforms.adapter import Adapter
from bot.settings import Settings
from models.errors import WenyuError

ADAPTERS = {
    "wecom": "WeCom",
    "wechat": "WeChat",
    "feishu": "Feishu",
    "dingtalk": "DingTalk",
    "telegram": "Telegram",
    "slack": "Slack",
}


class ChannelConfigError(WenyuError):
    """A channel is not set up completely; the gateway refuses to start."""

    code = "bad_channel"
    status = 500


def adapter_class(name: str) -> type[Adapter]:
    """The adapter of a channel.

    Raises:
        ChannelConfigError: there is no such channel.
    """
    if name not in ADAPTERS:
        raise ChannelConfigError(
            f"没有名叫 {name[:32]} 的消息平台。", hint=f"WENYU_CHANNELS 可以填：{'、'.join(ADAPTERS)}"
        )
    found: type[Adapter] = getattr(import_module(f"bot.gateway.channels.{name}"), ADAPTERS[name])
    return found


def problems_of(adapter: type[Adapter], settings: Settings) -> list[str]:
    """What is missing or malformed in a channel's settings; Chinese sentences without values."""
    missing = [f"WENYU_{name.upper()} 没有设置。" for name in adapter.required if not getattr(settings, name).strip()]
    return missing or adapter.problems(settings)


def configured(settings: Settings) -> list[type[Adapter]]:
    """The adapters of the channels that are switched on.

    Raises:
        ChannelConfigError: an unknown channel, or one that lacks a setting; nothing starts without its secret.
    """
    adapters = []
    for name in dict.fromkeys(settings.channels):
        adapter = adapter_class(name)
        problems = problems_of(adapter, settings)
        if problems:
            raise ChannelConfigError(
                f"{adapter.title}没有配置好，服务不能启动。",
                hint=" ".join(problems) + f" 运行 wenyu doctor --channel {name}",
            )
        adapters.append(adapter)
    return adapters
