"""The public port against visitors who mean harm: every limit, every header, and bodies made to break it."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.gateway.middleware import HTTP_ERRORS
from bot.settings import PROJECT_DIR
from tests.support.echo_dialogue import EchoDialogue
from tests.support.gateway import KEYS, Running, StartGateway, Visitor, settings_for

CHINESE = ("\u4e00", "\u9fff")


async def error_of(response: ClientResponse) -> str:
    """The error code, after checking that the answer has the one shape and speaks Chinese."""
    assert 400 <= response.status < 600
    assert response.content_type == "application/json"
    body = await response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert any(CHINESE[0] <= c <= CHINESE[1] for c in body["error"]["message"])
    code: str = body["error"]["code"]
    return code


async def post_raw(visitor: Visitor, data: bytes, path: str = "/api/v1/messages", **headers: str) -> ClientResponse:
    return await visitor.client.post(path, data=data, headers={**visitor.headers, **headers})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b'{"a": NaN}', 400, "invalid_json"),
        (b"null", 422, "invalid_field"),
        (b"[]", 422, "invalid_field"),
        (b'"text"', 422, "invalid_field"),
        (b"{}", 422, "invalid_field"),
        (b'{"client_message_id": "a"}', 400, "empty_message"),
        (b'{"client_message_id": "a", "text": "  "}', 400, "empty_message"),
        (b'{"client_message_id": "a", "text": null}', 422, "invalid_field"),
        (b'{"client_message_id": "a", "text": 1}', 422, "invalid_field"),
        (b'{"client_message_id": "a", "text": ["x"]}', 422, "invalid_field"),
        (b'{"client_message_id": 1, "text": "x"}', 422, "invalid_field"),
        (b'{"client_message_id": "", "text": "x"}', 422, "invalid_field"),
        (b'{"client_message_id": "a b", "text": "x"}', 422, "invalid_field"),
        (b'{"client_message_id": "a\\n", "text": "x"}', 422, "invalid_field"),
        (b'{"client_message_id": "' + b"a" * 129 + b'", "text": "x"}', 422, "invalid_field"),
        (b'{"client_message_id": "a", "text": "x", "attachments": "u"}', 422, "invalid_field"),
        (b'{"client_message_id": "a", "text": "x", "attachments": [5]}', 422, "invalid_field"),
        (b'{"client_message_id": "a", "text": "x", "attachments": ["1","2","3","4","5"]}', 422, "invalid_field"),
        (b'{"client_message_id": "a", "text": "x", "attachments": ["../../etc"]}', 422, "invalid_field"),
        (b'{"client_message_id": "a", "text": "x", "attachments": ["nothing"]}', 404, "unknown_attachment"),
        (b'{"client_message_id": "a", "text": "a\\u0000b"}', 400, "invalid_text"),
        (b'{"client_message_id": "a", "text": "a\\ud800b"}', 400, "invalid_json"),
        (b'{"client_message_id": "a", "text": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", 400, "invalid_json"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "invalid_json"),
    ],
)  # fmt: skip
async def test_a_wrong_message_is_a_clear_refusal(
    visitor: Visitor, dialogue: EchoDialogue, body: bytes, status: int, code: str
) -> None:
    response = await post_raw(visitor, body)
    assert (response.status, await error_of(response)) == (status, code)
    assert dialogue.requests == []
    assert await visitor.history() == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NEARLY_RIGHT = st.fixed_dictionaries(
    {"client_message_id": st.text(max_size=40) | st.from_regex(r"[A-Za-z0-9._:-]{1,20}", fullmatch=True) | JSON},
    optional={"text": st.text(max_size=80) | JSON, "attachments": st.lists(st.text(max_size=10)) | JSON, "x": JSON},
)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=st.binary(max_size=200) | (JSON | NEARLY_RIGHT).map(lambda v: json.dumps(v).encode()))
def test_no_body_breaks_the_gateway(fuzzed: tuple[asyncio.AbstractEventLoop, Visitor], body: bytes) -> None:
    loop, visitor = fuzzed

    async def post() -> None:
        response = await post_raw(visitor, body)
        assert response.status < 500, body
        if response.status != 200:
            await error_of(response)
        else:
            assert (await response.json())["messages"]

    loop.run_until_complete(post())


@pytest.fixture
def fuzzed(tmp_path: Path, migrated_database: Path) -> Any:
    """A gateway on a loop of its own: hypothesis runs its examples outside pytest's loop."""
    import shutil

    from aiohttp.test_utils import TestServer

    from bot.gateway.app import create_app

    shutil.copy(migrated_database, tmp_path / "wenyu.db")
    loop = asyncio.new_event_loop()
    dialogue = EchoDialogue(KEYS.internal)

    async def start() -> tuple[TestClient[Any, Any], Visitor]:
        await dialogue.start()
        config = settings_for(tmp_path, dialogue.port, rate_limit_per_minute=1_000_000)
        client = TestClient(TestServer(create_app(config, KEYS)))
        await client.start_server()
        return client, await Running(client, config).visitor()

    client, visitor = loop.run_until_complete(start())
    yield loop, visitor
    loop.run_until_complete(client.close())
    loop.run_until_complete(dialogue.stop())
    loop.close()


async def test_a_body_above_the_limit_is_refused(visitor: Visitor) -> None:
    body = json.dumps({"client_message_id": "a", "text": "x" * 1_000_000}).encode()
    for path in ("/api/v1/messages", "/api/v1/messages/r0/feedback"):
        response = await post_raw(visitor, body, path)
        assert (response.status, await error_of(response)) == (413, "body_too_large")


async def test_a_body_without_a_stated_length_is_limited_while_it_arrives(visitor: Visitor) -> None:
    async def endless() -> Any:
        for _ in range(100):
            yield b" " * 10_000

    response = await visitor.client.post("/api/v1/messages", data=endless(), headers=visitor.headers)
    assert response.status == 413


async def test_a_compressed_body_is_refused(visitor: Visitor) -> None:
    response = await post_raw(visitor, gzip.compress(b" " * 50_000_000), **{"Content-Encoding": "gzip"})
    assert (response.status, await error_of(response)) == (415, "encoding_not_supported")


async def test_a_text_above_the_limit_is_refused(start_gateway: StartGateway) -> None:
    running = await start_gateway(max_text_chars=100)
    visitor = await running.visitor()
    assert (await visitor.post("长" * 100)).status == 200
    response = await visitor.post("长" * 101)
    assert (response.status, await error_of(response)) == (413, "text_too_long")


async def test_the_rate_limit_of_a_session(start_gateway: StartGateway) -> None:
    running = await start_gateway(rate_limit_per_minute=2)
    visitor, other = await running.visitor(), await running.visitor()
    for _ in range(2):
        assert (await visitor.post("你好")).status == 200
    response = await visitor.post("你好")
    assert (response.status, await error_of(response)) == (429, "too_many_requests")
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert (await other.post("你好")).status == 200


async def test_wrong_messages_count_against_the_rate_limit(start_gateway: StartGateway) -> None:
    running = await start_gateway(rate_limit_per_minute=2)
    visitor = await running.visitor()
    statuses = [(await post_raw(visitor, b"{}")).status for _ in range(3)]
    assert statuses == [422, 422, 429]


async def test_the_limit_of_new_sessions_per_address(start_gateway: StartGateway) -> None:
    running = await start_gateway(new_sessions_per_minute=2)
    for _ in range(2):
        await running.visitor()
    response = await running.client.post("/api/v1/sessions", headers={"X-Forwarded-For": "203.0.113.1"})
    assert (response.status, await error_of(response)) == (429, "too_many_requests")
    assert "Retry-After" in response.headers


async def test_behind_a_trusted_proxy_the_limit_counts_visitors(start_gateway: StartGateway) -> None:
    running = await start_gateway(new_sessions_per_minute=1, trust_proxy=True)
    statuses = []
    for forwarded in ("203.0.113.1", "203.0.113.2", "9.9.9.9, 203.0.113.1"):
        response = await running.client.post("/api/v1/sessions", headers={"X-Forwarded-For": forwarded})
        statuses.append(response.status)
    assert statuses == [201, 201, 429]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, "missing_token"),
        ({"Authorization": "Bearer"}, "missing_token"),
        ({"Authorization": "Basic eDp5"}, "missing_token"),
        ({"Authorization": "Bearer nonsense"}, "invalid_token"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/messages"),
        ("GET", "/api/v1/messages"),
        ("POST", "/api/v1/uploads"),
        ("POST", "/api/v1/messages/r1/feedback"),
        ("GET", "/api/v1/ws"),
    ],
)
async def test_without_a_valid_token_nothing_is_answered(
    running: Running, method: str, path: str, header: dict[str, str], code: str
) -> None:
    response = await running.client.request(method, path, headers=header, json={"text": "x"})
    assert (response.status, await error_of(response)) == (401, code)


async def test_a_token_in_the_address_is_not_a_token(visitor: Visitor) -> None:
    response = await visitor.client.get(
        "/api/v1/messages", params={"token": visitor.token, "access_token": visitor.token}
    )
    assert response.status == 401


async def test_a_token_of_another_installation_is_refused(visitor: Visitor, running: Running) -> None:
    from bot.gateway.sessions import Sessions

    token = Sessions("o" * 40, 30).issue().token
    response = await running.client.get("/api/v1/messages", headers={"Authorization": f"Bearer {token}"})
    assert (response.status, await error_of(response)) == (401, "invalid_token")


async def test_a_conversation_that_was_never_stored_is_refused(running: Running) -> None:
    token = running.gateway.sessions.issue().token
    headers = {"Authorization": f"Bearer {token}"}
    body = {"client_message_id": "a", "text": "x"}
    for response in (
        await running.client.get("/api/v1/messages", headers=headers),
        await running.client.post("/api/v1/messages", headers=headers, json=body),
        await running.client.post("/api/v1/messages/r0/feedback", headers=headers, json={"value": 1}),
    ):
        assert (response.status, await error_of(response)) == (401, "unknown_session")


async def test_one_session_sees_nothing_of_another(running: Running) -> None:
    owner, other = await running.visitor(), await running.visitor()
    (reply,) = await owner.ask("我的秘密")
    assert await other.history() == []
    response = await other.client.get("/api/v1/messages", params={"after": reply["id"]}, headers=other.headers)
    assert (response.status, await error_of(response)) == (404, "unknown_message")


@pytest.mark.parametrize("after", ["nothing", "-1", "1.5", "９", "0x1", "9" * 30, "' OR 1=1 --", "r\0"])
async def test_an_unknown_place_in_the_history_is_refused(visitor: Visitor, after: str) -> None:
    response = await visitor.client.get("/api/v1/messages", params={"after": after}, headers=visitor.headers)
    assert (response.status, await error_of(response)) == (404, "unknown_message")


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v1/nothing", "/api/v2/messages", "/api", "/console", "/hooks/x", "/media/"]
)
async def test_an_unknown_address_is_refused(running: Running, path: str) -> None:
    response = await running.client.get(path)
    assert (response.status, await error_of(response)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/sessions"),
        ("DELETE", "/api/v1/messages"),
        ("PUT", "/api/v1/uploads"),
        ("POST", "/livez"),
        ("POST", "/"),
    ],
)
async def test_a_wrong_method_is_refused(running: Running, method: str, path: str) -> None:
    response = await running.client.request(method, path)
    assert (response.status, await error_of(response)) == (405, "method_not_allowed")
    assert response.headers["Allow"]


@pytest.mark.parametrize("path", ["/api/v1/speech/transcriptions", "/api/v1/speech/audio"])
async def test_speech_is_only_for_visitors_with_a_conversation(running: Running, path: str) -> None:
    response = await running.client.post(path)
    assert (response.status, await error_of(response)) == (401, "missing_token")


async def test_an_unexpected_fault_is_a_polite_500_that_tells_nothing(
    visitor: Visitor, running: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "芝麻开门"

    def broken(*_: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr(running.gateway.worker, "accept", broken)
    response = await visitor.post(secret)
    assert (response.status, await error_of(response)) == (500, "internal_error")
    body = await response.text()
    assert secret not in body
    assert "RuntimeError" not in body
    assert "E" in body
    assert secret not in capsys.readouterr().out


async def test_every_http_error_has_a_sentence(running: Running) -> None:
    for status, (code, sentence) in HTTP_ERRORS.items():
        assert status >= 400
        assert code
        assert sentence.endswith("。")


async def test_security_headers(visitor: Visitor) -> None:
    api = (await visitor.client.get("/api/v1/messages", headers=visitor.headers)).headers
    assert api["Cache-Control"] == "no-store"
    assert "default-src 'none'" in api["Content-Security-Policy"]
    for path in ("/", "/livez", "/nothing", "/api/v1/messages"):
        headers = (await visitor.client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Server"] == "wenyu"
        assert "Strict-Transport-Security" not in headers


async def test_https_is_remembered_when_the_public_address_has_it(start_gateway: StartGateway) -> None:
    running = await start_gateway(public_url="https://chat.example.com")
    assert "max-age" in (await running.client.get("/livez")).headers["Strict-Transport-Security"]


@pytest.mark.skipif(not (PROJECT_DIR / "bot/web/dist/index.html").exists(), reason="the site is not built")
async def test_the_page_runs_no_inline_script(running: Running) -> None:
    response = await running.client.get("/")
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    page = await response.text()
    assert "onclick=" not in page
    for script in page.split("<script")[1:]:
        assert "src=" in script.split(">")[0]


FOREIGN, FRIEND = "https://evil.example", "https://www.example.com"


async def test_only_allowed_sites_may_call_the_api_from_a_browser(start_gateway: StartGateway) -> None:
    running = await start_gateway(cors_origins=FRIEND)
    visitor = await running.visitor()
    allowed = await visitor.client.get("/api/v1/messages", headers={**visitor.headers, "Origin": FRIEND})
    assert allowed.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "Origin" in allowed.headers["Vary"]
    refused = await visitor.client.get("/api/v1/messages", headers={**visitor.headers, "Origin": FOREIGN})
    assert "Access-Control-Allow-Origin" not in refused.headers
    for origin in (FOREIGN, "null", "https://www.example.com.evil.example", "http://www.example.com"):
        response = await visitor.client.options("/api/v1/messages", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in response.headers
    preflight = await visitor.client.options("/api/v1/uploads", headers={"Origin": FRIEND})
    assert preflight.status == 204
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in preflight.headers


async def test_an_error_too_carries_the_headers_that_a_browser_needs(start_gateway: StartGateway) -> None:
    running = await start_gateway(cors_origins=FRIEND)
    response = await running.client.get("/api/v1/messages", headers={"Origin": FRIEND})
    assert response.status == 401
    assert response.headers["Access-Control-Allow-Origin"] == FRIEND


async def test_only_allowed_sites_may_open_a_socket(start_gateway: StartGateway) -> None:
    from aiohttp import WSServerHandshakeError

    running = await start_gateway(cors_origins=FRIEND)
    visitor = await running.visitor()
    own = f"http://127.0.0.1:{running.client.port}"
    for origin in (FRIEND, own):
        ws = await visitor.client.ws_connect("/api/v1/ws", headers={**visitor.headers, "Origin": origin})
        await ws.close()
    with pytest.raises(WSServerHandshakeError) as refused:
        await visitor.client.ws_connect("/api/v1/ws", headers={**visitor.headers, "Origin": FOREIGN})
    assert refused.value.status == 403


@pytest.mark.parametrize("text", ["/restart", "／restart", '/recommend{"genre": "科幻"}', "\u200b/greet", " /greet"])
async def test_a_slash_never_reaches_the_dialogue_as_a_command(
    visitor: Visitor, dialogue: EchoDialogue, text: str
) -> None:
    await visitor.ask(text)
    assert dialogue.requests[0]["text"].startswith("／")
    assert (await visitor.history())[0]["text"] == text
