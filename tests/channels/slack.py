"""Slack, simulated from its documents: signed events and interactions, the Web API, files."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
import uuid
from typing import Any
from urllib.parse import quote_plus

from aiohttp import web

from tests.channels.simulator import BUSY, DOWN, GONE, Sent, SignedCall, Simulator

SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BOT_TOKEN = "xoxb-slack-bot-token"


def sign(secret: str, timestamp: str, body: bytes) -> str:
    return "v0=" + hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()


class SlackPlatform(Simulator):
    """slack.com"""

    name = "slack"
    signed = (("headers", "X-Slack-Signature"), ("headers", "X-Slack-Request-Timestamp"))
    token_expires = False
    secrets = (SIGNING_SECRET, BOT_TOKEN)

    def __init__(self) -> None:
        super().__init__()
        self._stamps = itertools.count(1)

    def settings(self) -> dict[str, Any]:
        return {
            "channels": "slack",
            "slack_signing_secret": SIGNING_SECRET,
            "slack_bot_token": BOT_TOKEN,
            "slack_api_url": self.url,
        }

    def seal(self, body: bytes, kind: str = "application/json", age_s: float = 0.0) -> SignedCall:
        timestamp = str(int(time.time() - age_s))
        headers = (
            ("Content-Type", kind),
            ("X-Slack-Request-Timestamp", timestamp),
            ("X-Slack-Signature", sign(SIGNING_SECRET, timestamp, body)),
        )
        return SignedCall("POST", (), headers, body)

    def event(self, event: dict[str, Any], age_s: float = 0.0) -> SignedCall:
        body = {
            "type": "event_callback",
            "api_app_id": "A1",
            "event_id": "Ev" + uuid.uuid4().hex,
            "event_time": int(time.time()),
            "event": event,
        }
        return self.seal(json.dumps(body).encode(), age_s=age_s)

    def incoming(self, user: str, id: str = "", **content: Any) -> dict[str, Any]:
        stamp = f"{id}.000100" if id else f"{int(time.time())}.{next(self._stamps):06d}"
        return {"type": "message", "channel_type": "im", "user": user, "channel": "D" + user, "ts": stamp, **content}

    def message(self, text: str, *, user: str = "person", id: str = "", age_s: float = 0.0) -> SignedCall:
        return self.event(self.incoming(user, id, text=text), age_s)

    def file(self, user: str, ref: str, kind: str) -> SignedCall:
        file = {"mimetype": kind, "url_private_download": f"{self.url}/files-pri/{ref}"}
        return self.event(self.incoming(user, text="", subtype="file_share", files=[file]))

    def picture(self, ref: str, *, user: str = "person") -> SignedCall:
        return self.file(user, ref, "image/png")

    def voice(self, ref: str, *, user: str = "person") -> SignedCall:
        return self.file(user, ref, "audio/mp4")

    def press(self, sent: Sent, number: int, *, user: str = "person") -> SignedCall:
        payload = {
            "type": "block_actions",
            "api_app_id": "A1",
            "user": {"id": user},
            "channel": {"id": "D" + user},
            "message": {"ts": "1.1"},
            "actions": [{"action_id": "x", "value": sent.options[number][1], "action_ts": str(time.time())}],
        }
        body = "payload=" + quote_plus(json.dumps(payload))
        return self.seal(body.encode(), "application/x-www-form-urlencoded")

    # The API.

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/chat.postMessage", self.post),
            web.post("/api/files.getUploadURLExternal", self.upload_place),
            web.post("/upload/{name}", self.upload),
            web.post("/api/files.completeUploadExternal", self.complete_upload),
            web.get("/files-pri/{name}", self.download),
        ]

    async def post(self, request: web.Request) -> web.Response:
        fault = await self.fault(request)
        if fault == DOWN:
            return web.Response(status=500)
        if request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if fault == BUSY:
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "0"})
        if fault == GONE:
            return web.json_response({"ok": False, "error": "channel_not_found"})
        body = await request.json()
        texts, options = [], []
        for block in body.get("blocks", []):
            if block["type"] == "section":
                assert len(block["text"]["text"]) <= 3000
                texts.append(block["text"]["text"])
            for element in block.get("elements", []):
                assert len(element["text"]["text"]) <= 75
                options.append((element["text"]["text"], element["value"]))
        kind, text = ("buttons", "\n".join(texts)) if texts else ("text", body["text"])
        self.sent.append(Sent(body["channel"].removeprefix("D"), kind, text, tuple(options), raw=body))
        return web.json_response({"ok": True, "ts": "1.1"})

    async def upload_place(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert int(str(form["length"])) > 0
        name = uuid.uuid4().hex
        return web.json_response({"ok": True, "upload_url": f"{self.url}/upload/{name}", "file_id": name})

    async def upload(self, request: web.Request) -> web.Response:
        self.uploaded[request.match_info["name"]] = await request.read()
        return web.Response(text="OK")

    async def complete_upload(self, request: web.Request) -> web.Response:
        body = await request.json()
        data = self.uploaded[body["files"][0]["id"]]
        kind = "image" if data.startswith(b"\x89PNG") else "file"
        self.sent.append(Sent(body["channel_id"].removeprefix("D"), kind, data=data, raw=body))
        return web.json_response({"ok": True})

    async def download(self, request: web.Request) -> web.Response:
        data = self.files.get(request.match_info["name"])
        if data is None or request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}":
            return web.Response(status=404)
        return web.Response(body=data)
