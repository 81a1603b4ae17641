"""The OpenAPI document is valid, names exactly the routes there are, and describes what is really answered."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from actions.reply import Reply
from bot.gateway.channels import web
from bot.gateway.context import GATEWAY
from tests.support.echo_dialogue import EchoDialogue, sample_wav
from tests.support.gateway import (
    Running,
    StartGateway,
    Visitor,
    dialogue,
    migrated_database,
    running,
    start_gateway,
    visitor,
)

__all__ = ["dialogue", "migrated_database", "running", "start_gateway", "visitor"]
KINDS = ("你好", "卡片", "按钮", "图片", "声音", "谱", "不懂", "转人工", "长文")


@pytest.fixture
async def document(running: Running) -> dict[str, Any]:
    response = await running.client.get("/api/v1/openapi.json")
    assert response.status == 200
    found: dict[str, Any] = await response.json()
    return found


def check(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """``value`` has to follow ``schema``, whose references lead into the document."""
    Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def schema_of(document: dict[str, Any], method: str, path: str, status: int) -> dict[str, Any]:
    response = document["paths"][path][method]["responses"][str(status)]
    schema: dict[str, Any] = response["content"]["application/json"]["schema"]
    return schema


async def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


async def test_the_document_names_the_routes_there_are(document: dict[str, Any], running: Running) -> None:
    documented = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert running.client.app is not None
    served = {
        (route.method, route.resource.canonical)
        for route in running.client.app.router.routes()
        if route.resource is not None and route.method != "HEAD" and "{name}" not in route.resource.canonical
    }
    assert served - {("GET", "/")} == documented


async def test_the_reply_schema_is_the_reply_contract(document: dict[str, Any]) -> None:
    properties = document["components"]["schemas"]["Reply"]["properties"]
    assert set(Reply.model_fields) <= set(properties)
    assert set(properties) - set(Reply.model_fields) == {"id", "reply_to", "position", "role", "created_at"}


async def test_sessions(document: dict[str, Any], running: Running) -> None:
    response = await running.client.post("/api/v1/sessions")
    check(document, schema_of(document, "post", "/api/v1/sessions", 201), await response.json())


@pytest.mark.parametrize("text", KINDS)
async def test_every_kind_of_reply(document: dict[str, Any], visitor: Visitor, text: str) -> None:
    response = await visitor.post(text)
    body = await response.json()
    check(document, schema_of(document, "post", "/api/v1/messages", 200), body)
    (reply,) = body["messages"]
    own = {name: reply[name] for name in Reply.model_fields}
    assert Reply.model_validate(own).model_dump(mode="json") == own


async def test_the_polite_sentence_is_a_reply_like_any_other(
    document: dict[str, Any], visitor: Visitor, dialogue: EchoDialogue
) -> None:
    dialogue.behaviour = "empty"
    response = await visitor.post("你好")
    check(document, schema_of(document, "post", "/api/v1/messages", 200), await response.json())


async def test_history_uploads_and_feedback(document: dict[str, Any], visitor: Visitor) -> None:
    upload = await (await visitor.upload(sample_wav())).json()
    check(document, schema_of(document, "post", "/api/v1/uploads", 201), upload)
    (reply,) = await visitor.ask("卡片", attachments=[upload["id"]])
    page = await (await visitor.client.get("/api/v1/messages", headers=visitor.headers)).json()
    check(document, schema_of(document, "get", "/api/v1/messages", 200), page)
    path = "/api/v1/messages/{id}/feedback"
    response = await visitor.client.post(path.format(id=reply["id"]), json={"value": 1}, headers=visitor.headers)
    check(document, schema_of(document, "post", path, 200), await response.json())


async def test_a_message_that_waits(
    document: dict[str, Any],
    visitor: Visitor,
    running: Running,
    dialogue: EchoDialogue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web, "GRACE_S", 0.05 - running.settings.turn_deadline_s)
    dialogue.behaviour = "hold"
    response = await visitor.post("等")
    check(document, schema_of(document, "post", "/api/v1/messages", 202), await response.json())
    dialogue.release()


async def test_the_rest_channel(document: dict[str, Any], running: Running) -> None:
    path = "/webhooks/rest/webhook"
    for text in KINDS:
        body = {"sender": "a", "message": text}
        response = await running.client.post(path, json=body, headers={"X-API-Key": "rest-key"})
        check(document, schema_of(document, "post", path, 200), await response.json())


async def test_probes(document: dict[str, Any], running: Running, dialogue: EchoDialogue) -> None:
    for path in ("/livez", "/readyz"):
        check(document, schema_of(document, "get", path, 200), await (await running.client.get(path)).json())
    await dialogue.stop()
    check(document, schema_of(document, "get", "/readyz", 503), await (await running.client.get("/readyz")).json())


async def test_refusals_are_documented(document: dict[str, Any], visitor: Visitor) -> None:
    refusals = [
        ("post", "/api/v1/messages", await visitor.post("")),
        ("post", "/api/v1/messages", await visitor.client.post("/api/v1/messages", json={})),
        ("post", "/api/v1/messages", await visitor.post("x" * 3000)),
        ("get", "/api/v1/messages", await visitor.client.get("/api/v1/messages?after=x", headers=visitor.headers)),
        ("post", "/api/v1/uploads", await visitor.upload(b"x")),
        ("get", "/api/v1/ws", await visitor.client.get("/api/v1/ws", headers=visitor.headers)),
        ("get", "/media/{id}", await visitor.client.get("/media/x")),
        ("post", "/api/v1/speech/audio", await visitor.client.post("/api/v1/speech/audio")),
        ("post", "/webhooks/rest/webhook", await visitor.client.post("/webhooks/rest/webhook", json={})),
    ]
    for method, path, response in refusals:
        check(document, schema_of(document, method, path, response.status), await response.json())


async def test_the_server_address_is_the_public_one(start_gateway: StartGateway) -> None:
    running = await start_gateway(public_url="https://chat.example.com/")
    found = await (await running.client.get("/api/v1/openapi.json")).json()
    assert found["servers"] == [{"url": "https://chat.example.com"}]
    assert running.client.app is not None
    assert running.client.app[GATEWAY].settings.effective_public_url == "https://chat.example.com"
