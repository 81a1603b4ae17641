"""The real process: it starts only on a current schema, survives a kill, and drains on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.gateway import server
from tests.support.echo_dialogue import EchoDialogue
from tests.support.gateway import KEYS, settings_for

ROOT = Path(__file__).resolve().parents[3]
BODY = {"client_message_id": "m1", "text": "你好"}


def environment(var_dir: Path, port: int, dialogue_port: int) -> dict[str, str]:
    own = {
        "WENYU_VAR_DIR": str(var_dir),
        "WENYU_PORT": str(port),
        "WENYU_DIALOGUE_PORT": str(dialogue_port),
        "WENYU_SECRET_KEY": KEYS.session,
        "WENYU_INTERNAL_TOKEN": KEYS.internal,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WENYU_")}
    return kept | own


async def start(env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.gateway.server"), cwd=ROOT, env=env, stdout=asyncio.subprocess.PIPE
    )


@contextlib.asynccontextmanager
async def serving(env: dict[str, str]) -> AsyncIterator[tuple[asyncio.subprocess.Process, aiohttp.ClientSession]]:
    process = await start(env)
    base = f"http://127.0.0.1:{env['WENYU_PORT']}"
    async with aiohttp.ClientSession(base_url=base) as http:
        for _ in range(300):
            with contextlib.suppress(aiohttp.ClientConnectorError):
                async with http.get("/livez"):
                    break
            await asyncio.sleep(0.05)
        try:
            yield process, http
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def open_session(http: aiohttp.ClientSession) -> dict[str, str]:
    async with http.post("/api/v1/sessions") as response:
        return {"Authorization": f"Bearer {(await response.json())['token']}"}


async def history(http: aiohttp.ClientSession, headers: dict[str, str]) -> list[dict[str, Any]]:
    async with http.get("/api/v1/messages", headers=headers) as response:
        entries: list[dict[str, Any]] = (await response.json())["messages"]
        return entries


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the server with these settings, which it has to refuse; returns what it said."""

    def run(**overrides: Any) -> str:
        settings = settings_for(tmp_path, 1, **{"secret_key": KEYS.session} | overrides)
        monkeypatch.setattr(server, "get_settings", lambda: settings)
        monkeypatch.setattr(server, "configure_logging", lambda *_: None)
        assert server.main() == 1
        said = capsys.readouterr().out
        assert "Traceback" not in said
        return said

    return run


def test_a_schema_that_is_not_current_is_refused(refusal: Any) -> None:
    said = refusal()
    assert "schema_not_current" in said
    assert "wenyu migrate" in said


def test_a_short_key_is_refused(refusal: Any) -> None:
    assert "bad_key" in refusal(secret_key="short")


def test_a_taken_port_is_refused(refusal: Any, tmp_path: Path, migrated_database: Path) -> None:
    shutil.copy(migrated_database, tmp_path / "wenyu.db")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal(port=port)
    assert "port_not_free" in said
    assert "WENYU_PORT" in said
    assert str(port) in said


@pytest.mark.timeout(90)
async def test_a_killed_gateway_loses_no_stored_message_and_sigterm_drains(
    tmp_path: Path, migrated_database: Path, dialogue: EchoDialogue, unused_tcp_port: int
) -> None:
    shutil.copy(migrated_database, tmp_path / "wenyu.db")
    env = environment(tmp_path, unused_tcp_port, dialogue.port)
    dialogue.behaviour = "hold"
    async with serving(env) as (process, http):
        headers = await open_session(http)
        post = asyncio.create_task(http.post("/api/v1/messages", json=BODY, headers=headers))
        await dialogue.asked()
        process.send_signal(signal.SIGKILL)
        with pytest.raises(aiohttp.ClientError):
            await post
    dialogue.release()
    async with serving(env) as (process, http):
        async with http.post("/api/v1/messages", json=BODY, headers=headers) as response:
            assert response.status == 200
        assert [entry["role"] for entry in await history(http, headers)] == ["user", "assistant"]
        assert len(dialogue.ran) == 1

        reader, writer = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
        writer.write(b"GET / HTTP/1.1\r\nAuthorization Bearer secret-token\r\n\r\n")
        assert b"400 Bad Request" in await reader.readline()
        writer.close()

        ws = await http.ws_connect("/api/v1/ws?after=2", headers=headers)
        await ws.receive_str()
        dialogue.behaviour = "hold"
        dialogue.released.clear()
        before = len(dialogue.requests)
        post = asyncio.create_task(
            http.post("/api/v1/messages", json=BODY | {"client_message_id": "m2"}, headers=headers)
        )
        await dialogue.asked(before + 1)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.1)
        dialogue.release()
        assert (await post).status == 200
        frames = [await ws.receive(timeout=5) for _ in range(3)]
        assert frames[-1].type is aiohttp.WSMsgType.CLOSE
        assert frames[-1].data == 1001
        output, _ = await process.communicate()
        assert process.returncode == 0
        assert BODY["text"] not in output.decode()
        assert headers["Authorization"].split()[1] not in output.decode()
        assert "secret-token" not in output.decode()
        assert "BadHttpMessage" in output.decode() or "InvalidHeader" in output.decode()
