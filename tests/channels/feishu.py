"""Feishu, simulated from its documents: encrypted and signed events, card callbacks, tokens, messages."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import uuid
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.channels.simulator import BUSY, DOWN, GONE, LOST, Sent, SignedCall, Simulator

ENCRYPT_KEY = "feishu-encrypt-key"
VERIFICATION = "feishu-verification-token"
APP_ID = "cli_a1b2c3d4e5f6"
SECRET = "feishu-app-secret"


def encrypt(key: str, data: bytes, padding: bytes | None = None) -> str:
    count = 16 - len(data) % 16
    data += bytes([count]) * count if padding is None else padding.ljust(count, b"\0")[:count]
    iv = secrets.token_bytes(16)
    encryptor = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(iv)).encryptor()
    return base64.b64encode(iv + encryptor.update(data) + encryptor.finalize()).decode()


class FeishuPlatform(Simulator):
    """open.feishu.cn"""

    name = "feishu"
    signed = (
        ("headers", "X-Lark-Request-Timestamp"),
        ("headers", "X-Lark-Request-Nonce"),
        ("headers", "X-Lark-Signature"),
    )
    secrets = (ENCRYPT_KEY, VERIFICATION, SECRET)

    def __init__(self) -> None:
        super().__init__()
        self.uuids: set[str] = set()

    def settings(self) -> dict[str, Any]:
        return {
            "channels": "feishu",
            "feishu_app_id": APP_ID,
            "feishu_app_secret": SECRET,
            "feishu_encrypt_key": ENCRYPT_KEY,
            "feishu_verification_token": VERIFICATION,
            "feishu_api_url": self.url,
        }

    # Calls.

    def seal(self, event: dict[str, Any], age_s: float = 0.0, padding: bytes | None = None) -> SignedCall:
        body = json.dumps({"encrypt": encrypt(ENCRYPT_KEY, json.dumps(event).encode(), padding)}).encode()
        timestamp, nonce = str(int(time.time() - age_s)), secrets.token_hex(8)
        signature = hashlib.sha256((timestamp + nonce + ENCRYPT_KEY).encode() + body).hexdigest()
        headers = (
            ("Content-Type", "application/json"),
            ("X-Lark-Request-Timestamp", timestamp),
            ("X-Lark-Request-Nonce", nonce),
            ("X-Lark-Signature", signature),
        )
        return SignedCall("POST", (), headers, body)

    def event(
        self, kind: str, event: dict[str, Any], *, age_s: float = 0.0, app_id: str = APP_ID, token: str = VERIFICATION
    ) -> SignedCall:
        header = {
            "event_id": uuid.uuid4().hex,
            "event_type": kind,
            "create_time": str(int(time.time() * 1000)),
            "token": token,
            "app_id": app_id,
            "tenant_key": "t",
        }
        return self.seal({"schema": "2.0", "header": header, "event": event}, age_s)

    def received(self, user: str, kind: str, content: dict[str, Any], id: str = "", **message: Any) -> dict[str, Any]:
        return {
            "sender": {"sender_id": {"open_id": user}, "sender_type": "user"},
            "message": {
                "message_id": "om_" + (id or uuid.uuid4().hex),
                "chat_id": "oc_" + user,
                "chat_type": "p2p",
                "message_type": kind,
                "content": json.dumps(content),
            }
            | message,
        }

    def message(self, text: str, *, user: str = "person", id: str = "", age_s: float = 0.0) -> SignedCall:
        return self.event("im.message.receive_v1", self.received(user, "text", {"text": text}, id), age_s=age_s)

    def picture(self, ref: str, *, user: str = "person") -> SignedCall:
        return self.event("im.message.receive_v1", self.received(user, "image", {"image_key": ref}))

    def voice(self, ref: str, *, user: str = "person") -> SignedCall:
        content = {"file_key": ref, "duration": 2000}
        return self.event("im.message.receive_v1", self.received(user, "audio", content))

    def greeting(self, *, user: str = "person") -> SignedCall:
        event = {"chat_id": "oc_" + user, "operator_id": {"open_id": user}}
        return self.event("im.chat.access_event.bot_p2p_chat_entered_v1", event)

    def press(self, sent: Sent, number: int, *, user: str = "person") -> SignedCall:
        event = {
            "operator": {"open_id": user},
            "action": {"tag": "button", "value": json.loads(sent.options[number][1])},
            "context": {"open_chat_id": "oc_" + user, "open_message_id": "om_x"},
        }
        return self.event("card.action.trigger", event)

    def wrong_app(self) -> SignedCall | None:
        content = self.received("person", "text", {"text": "x"})
        return self.event("im.message.receive_v1", content, app_id="cli_other")

    def wrong_paddings(self) -> list[SignedCall]:
        event = {"schema": "2.0", "header": {"token": VERIFICATION, "app_id": APP_ID}, "event": {}}
        return [self.seal(event, padding=padding) for padding in (b"", b"\x11" * 16, b"\x00" * 15 + b"\x02")]

    def challenge(self, token: str = VERIFICATION) -> SignedCall:
        event = {"challenge": "ajls384kdjx98XX", "token": token, "type": "url_verification"}
        body = json.dumps({"encrypt": encrypt(ENCRYPT_KEY, json.dumps(event).encode())}).encode()
        return SignedCall("POST", (), (("Content-Type", "application/json"),), body)

    # The API.

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/open-apis/auth/v3/tenant_access_token/internal", self.token),
            web.post("/open-apis/im/v1/messages", self.send),
            web.post("/open-apis/im/v1/images", self.upload),
            web.post("/open-apis/im/v1/files", self.upload),
            web.get("/open-apis/im/v1/messages/{message}/resources/{key}", self.download),
        ]

    async def token(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (body["app_id"], body["app_secret"]) != (APP_ID, SECRET):
            return web.json_response({"code": 10014, "msg": "app secret invalid"})
        return web.json_response({"code": 0, "tenant_access_token": self.new_token(), "expire": 7200})

    def error(self, request: web.Request, fault: str) -> web.Response | None:
        if fault == DOWN:
            return web.Response(status=502)
        if request.headers.get("Authorization") != f"Bearer {self.valid_token}":
            return web.json_response({"code": 99991663, "msg": "Invalid access token"}, status=400)
        if fault == BUSY:
            return web.json_response({"code": 99991400, "msg": "request trigger frequency limit"}, status=400)
        return None

    async def send(self, request: web.Request) -> web.Response:
        fault = await self.fault(request)
        if (refusal := self.error(request, fault)) is not None:
            return refusal
        body = await request.json()
        assert request.query["receive_id_type"] == "chat_id"
        assert len(body["uuid"]) <= 50
        if fault == GONE:
            return web.json_response({"code": 230002, "msg": "Bot is not in the chat"}, status=400)
        if body["uuid"] not in self.uuids:
            self.uuids.add(body["uuid"])
            self.take(body["receive_id"].removeprefix("oc_"), body["msg_type"], json.loads(body["content"]))
        if fault == LOST:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"code": 0, "data": {"message_id": "om_y"}})

    def take(self, user: str, kind: str, content: dict[str, Any]) -> None:
        if kind == "text":
            self.sent.append(Sent(user, "text", content["text"]))
        elif kind == "interactive":
            texts, options = [], []
            for element in content["elements"]:
                if element["tag"] == "div":
                    texts.append(element["text"]["content"])
                if element["tag"] == "img":
                    assert element["img_key"] in self.uploaded
                for action in element.get("actions", []):
                    options.append((action["text"]["content"], json.dumps(action["value"])))
            self.sent.append(Sent(user, "buttons", "\n".join(texts), tuple(options), raw=content))
        else:
            self.sent.append(Sent(user, kind, data=self.uploaded[content[f"{kind}_key"]]))

    async def upload(self, request: web.Request) -> web.Response:
        if (refusal := self.error(request, "")) is not None:
            return refusal
        form = await request.post()
        kind = "image" if request.path.endswith("images") else "file"
        assert form["image_type" if kind == "image" else "file_type"] in ("message", "stream")
        file = form[kind]
        assert isinstance(file, web.FileField)
        return web.json_response({"code": 0, "data": {f"{kind}_key": self.keep_upload(file.file.read())}})

    async def download(self, request: web.Request) -> web.Response:
        if (refusal := self.error(request, "")) is not None:
            return refusal
        data = self.files.get(request.match_info["key"])
        if data is None:
            return web.json_response({"code": 234003, "msg": "File not in msg"}, status=400)
        return web.Response(body=data, content_type="application/octet-stream")
