"""DingTalk, simulated from its documents: signed webhooks, the stream, tokens, robot messages, files."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import re
import time
import uuid
from typing import Any
from urllib.parse import unquote

from aiohttp import WSMsgType, web

from tests.channels.simulator import BUSY, DOWN, GONE, Sent, SignedCall, Simulator
from tests.support.echo_dialogue import eventually

CLIENT_ID, SECRET = "dingclientid0001", "dingtalk-client-secret"
LINK = re.compile(r"\[(.*?)\]\(dtmd://dingtalkclient/sendMessage\?content=([^)]*)\)")


class DingTalkPlatform(Simulator):
    """api.dingtalk.com and oapi.dingtalk.com"""

    name = "dingtalk"
    signed = (("headers", "sign"), ("headers", "timestamp"))
    body_is_signed = False
    secrets = (SECRET,)
    mode = "webhook"

    def __init__(self) -> None:
        super().__init__()
        self.socket: web.WebSocketResponse | None = None
        self.acknowledgements: dict[str, dict[str, Any]] = {}
        self.connections = 0

    def settings(self) -> dict[str, Any]:
        return {
            "channels": "dingtalk",
            "dingtalk_client_id": CLIENT_ID,
            "dingtalk_client_secret": SECRET,
            "dingtalk_mode": self.mode,
            "dingtalk_api_url": self.url,
            "dingtalk_media_url": self.url,
        }

    def body(self, user: str, kind: str, id: str = "", **fields: Any) -> dict[str, Any]:
        return {
            "msgtype": kind,
            "msgId": "msg" + (id or uuid.uuid4().hex),
            "conversationId": "cid" + user,
            "conversationType": "1",
            "senderStaffId": user,
            "senderId": "$:LWCP_v1:$x",
            "robotCode": CLIENT_ID,
            "createAt": int(time.time() * 1000),
            **fields,
        }

    def sign(self, body: dict[str, Any], age_s: float = 0.0) -> SignedCall:
        timestamp = str(int((time.time() - age_s) * 1000))
        mac = hmac.new(SECRET.encode(), f"{timestamp}\n{SECRET}".encode(), hashlib.sha256).digest()
        headers = (
            ("Content-Type", "application/json; charset=utf-8"),
            ("timestamp", timestamp),
            ("sign", base64.b64encode(mac).decode()),
        )
        return SignedCall("POST", (), headers, json.dumps(body).encode())

    def message(self, text: str, *, user: str = "person", id: str = "", age_s: float = 0.0) -> SignedCall:
        return self.sign(self.body(user, "text", id, text={"content": f" {text}"}), age_s)

    def picture(self, ref: str, *, user: str = "person") -> SignedCall:
        return self.sign(self.body(user, "picture", content={"downloadCode": ref}))

    def voice(self, ref: str, *, user: str = "person") -> SignedCall:
        return self.sign(self.body(user, "audio", content={"downloadCode": ref, "duration": 3000}))

    def press(self, sent: Sent, number: int, *, user: str = "person") -> SignedCall:
        return self.message(unquote(sent.options[number][1]), user=user)

    def wrong_app(self) -> SignedCall | None:
        return self.sign(self.body("person", "text", text={"content": "x"}) | {"robotCode": "another"})

    # The API.

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1.0/oauth2/accessToken", self.token),
            web.post("/v1.0/robot/oToMessages/batchSend", self.send),
            web.post("/v1.0/robot/groupMessages/send", self.send),
            web.post("/v1.0/robot/messageFiles/download", self.find_file),
            web.get("/download/{code}", self.download),
            web.post("/media/upload", self.upload),
            web.post("/v1.0/gateway/connections/open", self.open_stream),
            web.get("/connect", self.stream),
        ]

    async def token(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (body["appKey"], body["appSecret"]) != (CLIENT_ID, SECRET):
            return web.json_response({"code": "invalidClientIdOrSecret"}, status=400)
        return web.json_response({"accessToken": self.new_token(), "expireIn": 7200})

    def error(self, request: web.Request, fault: str) -> web.Response | None:
        if fault == DOWN:
            return web.Response(status=503)
        if request.headers.get("x-acs-dingtalk-access-token") != self.valid_token:
            return web.json_response({"code": "InvalidAuthentication", "message": "不合法的access_token"}, status=400)
        if fault == BUSY:
            return web.json_response({"code": "Forbidden.AccessDenied.QpsLimitForApi"}, status=403)
        return None

    async def send(self, request: web.Request) -> web.Response:
        fault = await self.fault(request)
        if (refusal := self.error(request, fault)) is not None:
            return refusal
        body = await request.json()
        assert body["robotCode"] == CLIENT_ID
        user = body["userIds"][0] if "userIds" in body else body["openConversationId"].removeprefix("cid")
        if fault == GONE:
            return web.json_response({"processQueryKey": "k", "invalidStaffIdList": [user]})
        values = json.loads(body["msgParam"])
        key = body["msgKey"]
        if key == "sampleText":
            self.sent.append(Sent(user, "text", values["content"], raw=body))
        elif key == "sampleMarkdown":
            text = values["text"].replace("  \n", "\n")
            self.sent.append(Sent(user, "buttons", LINK.sub(r"\1", text), tuple(LINK.findall(text)), raw=body))
        else:
            kind = "image" if key == "sampleImageMsg" else "file"
            media = values["photoURL" if kind == "image" else "mediaId"]
            self.sent.append(Sent(user, kind, data=self.uploaded[media], raw=body))
        return web.json_response({"processQueryKey": "k", "invalidStaffIdList": [], "flowControlledStaffIdList": []})

    async def upload(self, request: web.Request) -> web.Response:
        if request.query["access_token"] != self.valid_token:
            return web.json_response({"errcode": 40014, "errmsg": "不合法的access_token"})
        form = await request.post()
        file = form["media"]
        assert isinstance(file, web.FileField)
        return web.json_response({"errcode": 0, "media_id": self.keep_upload(file.file.read())})

    async def find_file(self, request: web.Request) -> web.Response:
        if (refusal := self.error(request, "")) is not None:
            return refusal
        code = (await request.json())["downloadCode"]
        if code not in self.files:
            return web.json_response({"code": "downloadCode.invalid"}, status=400)
        return web.json_response({"downloadUrl": f"{self.url}/download/{code}"})

    async def download(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["code"]])

    # The stream.

    async def open_stream(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (body["clientId"], body["clientSecret"]) != (CLIENT_ID, SECRET):
            return web.json_response({"code": "authFailed"}, status=401)
        assert body["subscriptions"] == [{"type": "CALLBACK", "topic": "/v1.0/im/bot/messages/get"}]
        return web.json_response({"endpoint": self.url.replace("http", "ws") + "/connect", "ticket": "t+/=1"})

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        assert request.query["ticket"] == "t+/=1"
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.socket = socket
        self.connections += 1
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                answer = json.loads(frame.data)
                self.acknowledgements[answer["headers"]["messageId"]] = answer
        return socket

    async def frame(self, kind: str, topic: str, data: dict[str, Any], wait_s: float = 2.0) -> dict[str, Any] | None:
        """Send a frame; what acknowledged it within ``wait_s``."""
        assert self.socket is not None
        name = uuid.uuid4().hex
        headers = {"messageId": name, "topic": topic, "contentType": "application/json", "time": "1690362102194"}
        text = json.dumps({"specVersion": "1.0", "type": kind, "headers": headers, "data": json.dumps(data)})
        await self.socket.send_str(text)
        with contextlib.suppress(TimeoutError):
            await eventually(lambda: name in self.acknowledgements, wait_s)
        return self.acknowledgements.get(name)

    async def stop(self) -> None:
        if self.socket is not None:
            await self.socket.close()
        await super().stop()

    async def push_stream(self, body: dict[str, Any], wait_s: float = 2.0) -> dict[str, Any] | None:
        return await self.frame("CALLBACK", "/v1.0/im/bot/messages/get", body, wait_s)
