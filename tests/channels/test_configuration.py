"""Switching a channel on: nothing starts half configured, and nothing of a platform is loaded for those without it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.commands import channels as command
from bot.gateway.platforms.registry import ADAPTERS, ChannelConfigError, adapter_class, configured
from bot.settings import PROJECT_DIR, Settings
from tests.channels.conftest import PLATFORMS
from tests.channels.simulator import Simulator
from tests.support.gateway import StartGateway

SDKS = ("wechatpy", "xmltodict", "Crypto", "dingtalk_stream", "slack_sdk", "requests", "websockets")


class Placeless(Simulator):
    """A platform whose address does not matter."""

    url = "http://127.0.0.1:9"


def values(kind: type[Simulator]) -> dict[str, Any]:
    platform = type("P", (Placeless, kind), {"url": "http://127.0.0.1:9"})()
    return dict(platform.settings())


@pytest.mark.parametrize("kind", PLATFORMS, ids=lambda kind: kind.name)
async def test_an_empty_secret_refuses_to_start(kind: type[Simulator], start_gateway: StartGateway) -> None:
    complete = values(kind)
    required = adapter_class(kind.name).required
    assert set(required) <= set(complete)
    for name in required:
        for empty in ("", "  "):
            with pytest.raises(ChannelConfigError) as refused:
                await start_gateway(**complete | {name: empty})
            assert f"WENYU_{name.upper()}" in refused.value.hint
            assert all(str(value) not in refused.value.hint for key, value in complete.items() if "secret" in key)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("wecom", {"wecom_aes_key": "short"}),
        ("wecom", {"wecom_agent_id": "main"}),
        ("wechat", {"wechat_aes_key": "=" * 43}),
        ("wechat", {"wechat_app_id": "gh_1"}),
        ("feishu", {"feishu_app_id": "a"}),
        ("telegram", {"telegram_bot_token": "abc"}),
        ("telegram", {"telegram_secret_token": "short"}),
        ("slack", {"slack_bot_token": "xoxp-1"}),
        ("slack", {"slack_signing_secret": "abc"}),
    ],
)
def test_a_wrong_form_is_named(kind: str, wrong: dict[str, str]) -> None:
    complete = values(next(platform for platform in PLATFORMS if platform.name == kind))
    with pytest.raises(ChannelConfigError) as refused:
        configured(Settings(_env_file=None, **complete | wrong))
    assert f"WENYU_{next(iter(wrong)).upper()}" in refused.value.hint


def test_an_unknown_channel_is_named_with_those_there_are() -> None:
    with pytest.raises(ChannelConfigError) as refused:
        configured(Settings(_env_file=None, channels="wecom2"))
    assert "wecom2" in refused.value.user_message
    assert "wecom" in refused.value.hint


def test_a_plain_install_loads_no_sdk() -> None:
    program = "import bot.gateway.app, sys, json; print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(result.stdout)}
    assert not loaded & set(SDKS), loaded & set(SDKS)
    assert not {name for name in json.loads(result.stdout) if name.removeprefix("bot.gateway.channels.") in ADAPTERS}


@pytest.mark.parametrize("kind", PLATFORMS, ids=lambda kind: kind.name)
def test_doctor_says_what_to_enter_and_no_secret(
    kind: type[Simulator], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    complete = values(kind) | {"var_dir": tmp_path, "public_url": "https://chat.example.com"}
    assert command.run(Settings(_env_file=None, **complete), kind.name) == 0
    printed = capsys.readouterr().out
    assert f"https://chat.example.com/hooks/{kind.name}" in printed
    assert "✗" not in printed
    for name in adapter_class(kind.name).required:
        assert str(complete[name]) not in printed
    page = printed.rpartition("步骤见 ")[2].strip()
    assert (PROJECT_DIR / page).is_file(), page


def test_doctor_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(Settings(_env_file=None, var_dir=tmp_path, channels=""), "wecom") == 1
    printed = capsys.readouterr().out
    assert printed.count("没有设置") == 5
    assert "加到 WENYU_CHANNELS" in printed
    assert "WENYU_PUBLIC_URL" in printed


def test_every_channel_has_its_page() -> None:
    index = (PROJECT_DIR / "docs" / "渠道" / "README.md").read_text(encoding="utf-8")
    for name in ADAPTERS:
        adapter = adapter_class(name)
        page = PROJECT_DIR / "docs" / "渠道" / f"{adapter.title}.md"
        text = page.read_text(encoding="utf-8")
        assert page.name in index
        assert f"wenyu doctor --channel {name}" in text
        assert f"/hooks/{name}" in text
        for setting in adapter.required:
            assert f"WENYU_{setting.upper()}" in text, setting
