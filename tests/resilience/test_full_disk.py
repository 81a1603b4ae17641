"""A full disk: what cannot be kept is refused with 503, what was taken is not lost, room mends it. A read-only one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.gateway import worker
from bot.gateway.app import create_app
from tests.channels.simulator import small_png
from tests.channels.weixin import WeChatPlatform, WeComPlatform
from tests.support.echo_dialogue import EchoDialogue, eventually
from tests.support.gateway import KEYS, Running, dialogue, migrated_database, settings_for

__all__ = ["dialogue", "migrated_database"]


@pytest.fixture
def disk(tmp_path: Path, migrated_database: Path) -> Iterator[Path]:
    """A file system of 4 MiB with an empty database on it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(command, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    shutil.copy(migrated_database, folder / "wenyu.db")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Take all the room that is left."""
    path = folder / "filler"
    with path.open("ab", buffering=0) as file:
        for size in (65536, 512, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    return path


def files(folder: Path) -> list[Path]:
    return list(folder.glob("*"))


class Serve:
    """Starts a gateway on a folder."""

    def __init__(self, dialogue: EchoDialogue) -> None:
        self._dialogue = dialogue
        self._started: list[Running] = []

    async def __call__(self, folder: Path, **overrides: Any) -> Running:
        settings = settings_for(folder, self._dialogue.port, **overrides)
        client: TestClient[Any, Any] = TestClient(TestServer(create_app(settings, KEYS)))
        await client.start_server()
        self._started.append(Running(client, settings))
        return self._started[-1]

    async def stop(self) -> None:
        for running in self._started:
            await running.stop()


@pytest.fixture
async def serve(dialogue: EchoDialogue) -> AsyncIterator[Serve]:
    found = Serve(dialogue)
    yield found
    await found.stop()


async def refused(response: Any) -> None:
    body = await response.json()
    assert response.status == 503, body
    assert body["error"]["code"] == "storage_unavailable"
    assert "请稍后再试" in body["error"]["message"]
    assert response.headers["Retry-After"] == "5"


async def test_a_full_disk_refuses_and_room_mends_it(disk: Path, serve: Serve, dialogue: EchoDialogue) -> None:
    running = await serve(disk)
    visitor = await running.visitor()
    await visitor.ask("你好")
    filler = fill(disk)
    asked = len(dialogue.requests)
    for number in range(30):
        # What still finds room in the database's own pages is taken for good; the rest is refused.
        response = await visitor.post("问" * 400, f"f{number}")
        if response.status == 503:
            break
    await refused(response)
    taken = {entry.get("client_message_id") for entry in await visitor.history()} - {None}
    assert f"f{number}" not in taken
    assert len(dialogue.requests) - asked <= number
    await refused(await running.client.post("/api/v1/sessions"))
    await refused(await visitor.upload(small_png()))
    assert files(disk / "uploads") == []
    filler.unlink()
    (reply,) = await visitor.ask("问" * 400, f"f{number}")
    assert reply["capability"] == "faq"
    assert (await visitor.upload(small_png())).status == 201


async def test_an_answer_that_finds_no_room_is_not_lost(
    disk: Path, serve: Serve, dialogue: EchoDialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SWEEP_EVERY_S", 0.1)
    monkeypatch.setattr("bot.gateway.inbox.LEASE_S", 2.0)
    monkeypatch.setattr(worker, "STORE_PAUSES_S", (0.05,))
    running = await serve(disk)
    visitor = await running.visitor()
    dialogue.behaviour = "hold"
    dialogue.answers = [{"custom": {"text": "答" * 3000, "capability": "faq", "band": "answer"}}]
    waiting = asyncio.create_task(visitor.post("怎么退款", "kept"))
    await dialogue.asked()
    filler = fill(disk)
    dialogue.release()
    response = await waiting
    # It is accepted, and says that there is no answer yet.
    assert response.status == 202
    filler.unlink()
    async with asyncio.timeout(10):
        while len(await visitor.history()) < 2:  # noqa: ASYNC110 - it is asked over HTTP
            await asyncio.sleep(0.05)
    assert (await visitor.ask("怎么退款", "kept"))[0]["text"] == "答" * 3000
    assert [len(ran) for ran in dialogue.ran.values()] == [1]


@pytest.mark.parametrize("kind", [WeComPlatform, WeChatPlatform])
async def test_a_platform_is_not_told_that_a_message_was_taken(
    disk: Path, serve: Serve, dialogue: EchoDialogue, kind: type[WeComPlatform] | type[WeChatPlatform]
) -> None:
    platform = kind()
    await platform.start()
    running = await serve(disk, **platform.settings())
    call = platform.message("怎么退款" * 100, user="a")
    filler = fill(disk)
    for number in range(30):
        call = platform.message("怎么退款" * 100, user=f"p{number}")
        request = {"params": list(call.query), "headers": list(call.headers), "data": call.body}
        response = await running.client.post(f"/hooks/{platform.name}", **request)
        if response.status != 200:
            break
    await refused(response)
    filler.unlink()
    # The platform tries again.
    response = await running.client.post(f"/hooks/{platform.name}", **request)
    assert response.status == 200
    carried = platform.passive(await response.read())
    await eventually(lambda: bool(carried) or bool(platform.texts(f"p{number}")))
    await platform.stop()


async def test_a_gateway_on_a_read_only_disk_does_not_start_and_says_why(disk: Path, dialogue: EchoDialogue) -> None:
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,ro", disk], check=True)
    environment = {
        "WENYU_VAR_DIR": str(disk),
        "WENYU_DIALOGUE_PORT": str(dialogue.port),
        "WENYU_SECRET_KEY": KEYS.session,
        "WENYU_INTERNAL_TOKEN": KEYS.internal,
    }
    command = (sys.executable, "-m", "bot.gateway.server")
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 1
    assert "database_not_usable" in said
    assert "磁盘" in said
    assert "Traceback" not in said
