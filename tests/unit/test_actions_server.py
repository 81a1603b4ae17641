"""The action server's upkeep: edits are taken over whatever the models do meanwhile."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from aiohttp.test_utils import TestClient, TestServer

from actions.server import create_app
from actions.services import Deferred, Services
from bot.settings import Settings


class CountingFaq:
    """Stands for the FAQ: counts how often it was asked to look at its files."""

    def __init__(self) -> None:
        self.looks = 0

    def refresh(self) -> bool:
        self.looks += 1
        return False


async def test_an_edit_does_not_wait_for_models_that_are_loading(tmp_path: Path) -> None:
    faq, released = CountingFaq(), threading.Event()
    quick: Deferred[Any] = Deferred(object)
    slow: Deferred[Any] = Deferred(lambda: released.wait(30))
    services = Services(
        faq=cast(Any, faq),
        chitchat=cast(Any, SimpleNamespace(refresh=lambda: False)),
        recommender=slow,
        classifier=quick,
        composer=quick,
        appraiser=quick,
    )
    client: TestClient[Any, Any] = TestClient(TestServer(create_app(services, Settings(var_dir=tmp_path))))
    async with client:
        deadline = time.monotonic() + 10
        while faq.looks < 2 and time.monotonic() < deadline:
            health = await (await client.get("/health")).json()
            assert "recommender" in health["loading"]
        released.set()
    assert faq.looks >= 2
