"""Fixtures: the gateway on a real SQLite file and a real socket, beside a stand-in for the dialogue process."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientWebSocketResponse
from aiohttp.test_utils import TestClient, TestServer

from bot.gateway.app import create_app
from bot.gateway.context import GATEWAY, Gateway
from bot.gateway.db.migrate import upgrade
from bot.keys import Keys
from bot.settings import Settings
from tests.support.echo_dialogue import EchoDialogue

KEYS = Keys(session="s" * 40, internal="i" * 40)
PROTOCOL = "wenyu.v1"


class Visitor:
    """One conversation over the public API."""

    def __init__(self, client: TestClient[Any, Any], session: str, token: str) -> None:
        self.client = client
        self.session = session
        self.token = token
        self.headers = {"Authorization": f"Bearer {token}"}

    async def post(self, text: str, message_id: str | None = None, **fields: Any) -> ClientResponse:
        body = {"client_message_id": message_id or uuid.uuid4().hex, "text": text, **fields}
        return await self.client.post("/api/v1/messages", json=body, headers=self.headers)

    async def ask(self, text: str, message_id: str | None = None, **fields: Any) -> list[dict[str, Any]]:
        """The replies of a turn that is done at once."""
        response = await self.post(text, message_id, **fields)
        assert response.status == 200, await response.text()
        replies: list[dict[str, Any]] = (await response.json())["messages"]
        return replies

    async def history(self, after: str = "") -> list[dict[str, Any]]:
        response = await self.client.get("/api/v1/messages", params={"after": after}, headers=self.headers)
        assert response.status == 200, await response.text()
        entries: list[dict[str, Any]] = (await response.json())["messages"]
        return entries

    async def socket(self, after: str = "") -> ClientWebSocketResponse:
        protocols = (PROTOCOL, f"bearer.{self.token}")
        return await self.client.ws_connect("/api/v1/ws", params={"after": after}, protocols=protocols)

    async def upload(self, data: bytes, name: str = "file") -> ClientResponse:
        from aiohttp import FormData

        form = FormData()
        form.add_field(name, data, filename="x", content_type="application/octet-stream")
        return await self.client.post("/api/v1/uploads", data=form, headers=self.headers)


class Running:
    """A running gateway."""

    def __init__(self, client: TestClient[Any, Any], settings: Settings) -> None:
        self.client = client
        self.settings = settings

    @property
    def gateway(self) -> Gateway:
        assert self.client.app is not None
        return self.client.app[GATEWAY]

    async def visitor(self) -> Visitor:
        response = await self.client.post("/api/v1/sessions")
        assert response.status == 201, await response.text()
        session = await response.json()
        return Visitor(self.client, session["session"], session["token"])

    async def stop(self) -> None:
        await self.client.close()


StartGateway = Callable[..., Awaitable[Running]]


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the current schema, to be copied."""
    path = tmp_path_factory.mktemp("database") / "wenyu.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
async def dialogue() -> AsyncIterator[EchoDialogue]:
    server = EchoDialogue(KEYS.internal)
    await server.start()
    yield server
    await server.stop()


def settings_for(var_dir: Path, dialogue_port: int, **overrides: Any) -> Settings:
    values: dict[str, Any] = {
        "var_dir": var_dir,
        "port": 8080,
        "dialogue_port": dialogue_port,
        "actions_port": dialogue_port,
        "turn_deadline_s": 2.0,
        "database_url": "",
        "public_url": "",
        "rest_api_key": "rest-key",
    }
    return Settings(_env_file=None, **values | overrides)


@pytest.fixture
async def start_gateway(tmp_path: Path, migrated_database: Path, dialogue: EchoDialogue) -> AsyncIterator[StartGateway]:
    """Start gateways on one var folder; each is stopped at the end unless the test did."""
    started: list[Running] = []

    async def start(**overrides: Any) -> Running:
        if not (tmp_path / "wenyu.db").exists():
            shutil.copy(migrated_database, tmp_path / "wenyu.db")
        settings = settings_for(tmp_path, **{"dialogue_port": dialogue.port} | overrides)
        client = TestClient(TestServer(create_app(settings, KEYS)))
        await client.start_server()
        started.append(Running(client, settings))
        return started[-1]

    yield start
    for running in started:
        await running.stop()


@pytest.fixture
async def running(start_gateway: StartGateway) -> Running:
    return await start_gateway()


@pytest.fixture
async def visitor(running: Running) -> Visitor:
    return await running.visitor()
