"""Probes, metrics, and the files of the site and of replies."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from bot.gateway.site import site_routes
from tests.support.echo_dialogue import EchoDialogue, write_media
from tests.support.gateway import Running, StartGateway, Visitor


async def test_ready_when_database_dialogue_and_actions_answer(running: Running) -> None:
    response = await running.client.get("/readyz")
    assert response.status == 200
    assert await response.json() == {
        "status": "ready",
        "checks": {"database": "ok", "dialogue": "ok", "actions": "ok"},
    }


async def test_not_ready_without_the_dialogue_but_alive(running: Running, dialogue: EchoDialogue) -> None:
    await dialogue.stop()
    response = await running.client.get("/readyz")
    assert response.status == 503
    assert (await response.json())["checks"] == {"database": "ok", "dialogue": "failed", "actions": "failed"}
    assert (await running.client.get("/livez")).status == 200


async def test_not_ready_without_the_actions(start_gateway: StartGateway, unused_tcp_port: int) -> None:
    running = await start_gateway(actions_port=unused_tcp_port)
    response = await running.client.get("/readyz")
    assert (await response.json())["checks"] == {"database": "ok", "dialogue": "ok", "actions": "failed"}


async def test_not_ready_without_its_tables(running: Running) -> None:
    connection = sqlite3.connect(running.settings.var_dir / "wenyu.db")
    connection.executescript("PRAGMA foreign_keys = OFF; DROP TABLE conversations;")
    connection.close()
    response = await running.client.get("/readyz")
    assert (await response.json())["checks"]["database"] == "failed"


async def test_not_ready_while_draining(running: Running) -> None:
    await running.gateway.worker.drain()
    assert (await running.client.get("/readyz")).status == 503


async def test_metrics_count_turns_requests_and_refusals(visitor: Visitor, dialogue: EchoDialogue) -> None:
    await visitor.ask("你好")
    await visitor.post("")
    dialogue.behaviour = "empty"
    await visitor.ask("你好")
    text = await (await visitor.client.get("/metrics")).text()
    assert 'wenyu_turns_total{capability="faq",channel="web",outcome="answered"} 1.0' in text
    assert 'wenyu_turns_total{capability="system",channel="web",outcome="no_reply"} 1.0' in text
    assert 'wenyu_refused_total{code="empty_message"} 1.0' in text
    assert 'wenyu_http_requests_total{method="POST",route="/api/v1/messages",status="200"} 2.0' in text
    assert "wenyu_pending_messages 0.0" in text


async def test_metrics_do_not_grow_with_what_visitors_ask_for(running: Running) -> None:
    for number in range(3):
        await running.client.get(f"/nothing/{number}")
        await running.client.get(f"/media/nothing{number}")
    text = await (await running.client.get("/metrics")).text()
    assert 'route="unknown"' in text
    assert "nothing" not in text


async def test_media_are_served_with_their_type_and_ranges(running: Running) -> None:
    write_media(running.settings.var_dir / "media")
    response = await running.client.get("/media/echo-audio.wav", headers={"Range": "bytes=0-3"})
    assert response.status == 206
    assert response.content_type == "audio/wav"
    assert await response.read() == b"RIFF"
    score = await running.client.get("/media/echo-score.svg")
    assert "sandbox" in score.headers["Content-Security-Policy"]
    assert score.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    ["none.png", "..%2Fwenyu.db", "%2e%2e", ".hidden", "a%00b", "a" * 200, "..%5cwenyu.db", "%2Fetc%2Fpasswd"],
)
async def test_no_other_file_is_served(running: Running, name: str) -> None:
    (running.settings.var_dir / "media").mkdir()
    (running.settings.var_dir / "media" / ".hidden").write_text("x")
    response = await running.client.get(URL(f"/media/{name}", encoded=True))
    assert response.status == 404
    assert (await response.json())["error"]["message"]


async def test_a_file_of_unknown_type_is_a_download(running: Running) -> None:
    (running.settings.var_dir / "media").mkdir()
    (running.settings.var_dir / "media" / "x.html").write_text("<script>alert(1)</script>")
    response = await running.client.get("/media/x.html")
    assert response.content_type == "application/octet-stream"
    assert response.headers["Content-Disposition"] == "attachment"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "wenyu.js").write_text("1")
    (folder / "assets" / "site-abc123.css").write_text("a{}")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


async def site(dist: Path) -> TestClient[web.Request, web.Application]:
    app = web.Application()
    app.add_routes(site_routes(dist))
    client = TestClient(TestServer(app))
    await client.start_server()
    return client


async def test_the_site_is_served_from_what_was_built(dist: Path) -> None:
    client = await site(dist)
    page = await client.get("/")
    assert page.content_type == "text/html"
    assert page.headers["Cache-Control"] == "no-cache"
    script = await client.get("/wenyu.js")
    assert script.content_type in ("text/javascript", "application/javascript")
    style = await client.get("/assets/site-abc123.css")
    assert "immutable" in style.headers["Cache-Control"]
    await client.close()


@pytest.mark.parametrize("path", ["/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/secret.txt"])
async def test_nothing_beside_the_site_is_served(running: Running, path: str) -> None:
    response = await running.client.get(URL(path, encoded=True))
    assert response.status == 404
