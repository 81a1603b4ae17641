"""Fixtures: a gateway with the real speech models, built by set-up, behind the echo dialogue."""

from __future__ import annotations

from typing import Any

import pytest

from bot.settings import PROJECT_DIR
from models.speech.build import is_built
from tests.support.gateway import Running, StartGateway, dialogue, migrated_database, start_gateway

__all__ = ["dialogue", "migrated_database", "start_gateway"]
FOLDER = PROJECT_DIR / "var" / "speech"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/speech" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture
async def speaking(start_gateway: StartGateway) -> Running:
    """A gateway that hears and speaks."""
    if not is_built(FOLDER):
        pytest.fail("语音模型还没有构建：请先运行 make setup。")
    settings: dict[str, Any] = {"speech_dir": FOLDER, "turn_deadline_s": 10.0}
    return await start_gateway(**settings)
