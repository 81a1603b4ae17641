"""WeCom and WeChat Official Accounts, simulated from their documents: callbacks, tokens, media, messages."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
import uuid
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.channels.simulator import BUSY, DOWN, GONE, Sent, SignedCall, Simulator

AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
TOKEN = "QDG6eK"


def sha1_sorted(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def encrypt(key: str, message: bytes, app_id: str, padding: bytes | None = None) -> str:
    raw = secrets.token_bytes(16) + len(message).to_bytes(4, "big") + message + app_id.encode()
    count = 32 - len(raw) % 32
    raw += bytes([count]) * count if padding is None else padding.ljust(count, b"\0")[:count]
    aes = base64.b64decode(key + "=")
    encryptor = Cipher(algorithms.AES(aes), modes.CBC(aes[:16])).encryptor()
    return base64.b64encode(encryptor.update(raw) + encryptor.finalize()).decode()


def decrypt(key: str, text: str) -> tuple[str, str]:
    """The message and the app id behind it."""
    aes = base64.b64decode(key + "=")
    decryptor = Cipher(algorithms.AES(aes), modes.CBC(aes[:16])).decryptor()
    raw = decryptor.update(base64.b64decode(text)) + decryptor.finalize()
    raw = raw[: -raw[-1]]
    length = int.from_bytes(raw[16:20], "big")
    return raw[20 : 20 + length].decode(), raw[20 + length :].decode()


def tag(xml: str, name: str) -> str:
    found = re.search(rf"<{name}>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</{name}>", xml, re.DOTALL)
    return found[1] if found else ""


class Weixin(Simulator):
    """The common part. ``app_id`` is the corp id or the app id."""

    app_id: str
    safe = True
    repeats_verbatim = True
    secrets = (AES_KEY, TOKEN, "weixin-secret")
    max_bytes = 2048

    def seal(self, xml: str, *, age_s: float = 0.0, app_id: str = "", padding: bytes | None = None) -> SignedCall:
        encrypted = encrypt(AES_KEY, xml.encode(), app_id or self.app_id, padding)
        timestamp, nonce = str(int(time.time() - age_s)), str(secrets.randbelow(10**10))
        query = (
            ("msg_signature", sha1_sorted(TOKEN, timestamp, nonce, encrypted)),
            ("timestamp", timestamp),
            ("nonce", nonce),
            *self.more_query(timestamp, nonce),
        )
        body = (
            f"<xml><ToUserName><![CDATA[{self.app_id}]]></ToUserName>"
            f"<Encrypt><![CDATA[{encrypted}]]></Encrypt><AgentID><![CDATA[1000002]]></AgentID></xml>"
        )
        return SignedCall("POST", query, (("Content-Type", "text/xml"),), body.encode())

    def more_query(self, timestamp: str, nonce: str) -> tuple[tuple[str, str], ...]:
        return ()

    def xml(self, user: str, kind: str, inner: str, id: str = "") -> str:
        name = f"<MsgId>{id or uuid.uuid4().int % 10**19}</MsgId>" if kind != "event" else ""
        return (
            f"<xml><ToUserName><![CDATA[{self.app_id}]]></ToUserName><FromUserName><![CDATA[{user}]]></FromUserName>"
            f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{inner}{name}"
            "<AgentID>1000002</AgentID></xml>"
        )

    def message(self, text: str, *, user: str = "person", id: str = "", age_s: float = 0.0) -> SignedCall:
        return self.seal(self.xml(user, "text", f"<Content><![CDATA[{text}]]></Content>", id), age_s=age_s)

    def picture(self, ref: str, *, user: str = "person") -> SignedCall:
        inner = f"<PicUrl><![CDATA[http://p/x]]></PicUrl><MediaId><![CDATA[{ref}]]></MediaId>"
        return self.seal(self.xml(user, "image", inner))

    def voice(self, ref: str, *, user: str = "person") -> SignedCall:
        inner = f"<MediaId><![CDATA[{ref}]]></MediaId><Format><![CDATA[amr]]></Format>"
        return self.seal(self.xml(user, "voice", inner))

    def greeting(self, *, user: str = "person") -> SignedCall:
        return self.seal(self.xml(user, "event", "<Event><![CDATA[subscribe]]></Event><EventKey></EventKey>"))

    def menu(self, key: str, event: str) -> SignedCall:
        inner = f"<Event><![CDATA[{event}]]></Event><EventKey><![CDATA[{key}]]></EventKey>"
        return self.seal(self.xml("person", "event", inner))

    def wrong_app(self) -> SignedCall | None:
        return self.seal(self.xml("person", "text", "<Content>x</Content>"), app_id="wx0000000000000000")

    def wrong_paddings(self) -> list[SignedCall]:
        xml = self.xml("person", "text", "<Content>x</Content>")
        return [self.seal(xml, padding=padding) for padding in (b"", b"\x00" * 31 + b"\x21", b"\xff" * 32)]

    def passive(self, body: bytes) -> str:
        xml = body.decode()
        if "<Encrypt>" not in xml:
            return tag(xml, "Content")
        encrypted = tag(xml, "Encrypt")
        expected = sha1_sorted(TOKEN, tag(xml, "TimeStamp"), tag(xml, "Nonce"), encrypted)
        assert tag(xml, "MsgSignature") == expected
        message, app_id = decrypt(AES_KEY, encrypted)
        assert app_id == self.app_id
        return tag(message, "Content")

    def give_token(self) -> web.Response:
        return web.json_response({"errcode": 0, "errmsg": "ok", "access_token": self.new_token(), "expires_in": 7200})

    def error(self, request: web.Request, fault: str) -> web.Response | None:
        if fault == DOWN:
            return web.Response(status=502)
        if request.query.get("access_token") != self.valid_token:
            return web.json_response({"errcode": 42001, "errmsg": "access_token expired"})
        if fault == BUSY:
            return web.json_response({"errcode": 45009, "errmsg": "reach max api daily quota limit"})
        return None

    async def upload(self, request: web.Request) -> web.Response:
        if (refusal := self.error(request, "")) is not None:
            return refusal
        part = await (await request.multipart()).next()
        assert part is not None
        media = self.keep_upload(await part.read())  # type: ignore[union-attr, arg-type]
        return web.json_response({"errcode": 0, "type": request.query["type"], "media_id": media})

    async def download(self, request: web.Request) -> web.Response:
        if (refusal := self.error(request, "")) is not None:
            return refusal
        data = self.files.get(request.query["media_id"])
        if data is None:
            return web.json_response({"errcode": 40007, "errmsg": "invalid media_id"})
        return web.Response(body=data, content_type="image/jpeg")

    def take(self, user: str, body: dict[str, Any]) -> None:
        kind = body["msgtype"]
        if kind == "text":
            assert len(body["text"]["content"].encode()) <= self.max_bytes
            self.sent.append(Sent(user, "text", body["text"]["content"], raw=body))
        elif kind == "template_card":
            card = body["template_card"]
            options = tuple((b["text"], b["key"]) for b in card["button_list"])
            assert len(options) <= 6
            assert all(len(key) <= 1024 for _, key in options)
            assert re.fullmatch(r"[0-9a-zA-Z_\-@]{1,128}", card["task_id"])
            self.sent.append(Sent(user, "buttons", card["sub_title_text"], options, raw=body))
        elif kind == "msgmenu":
            options = tuple((item["content"], item["id"]) for item in body["msgmenu"]["list"])
            self.sent.append(Sent(user, "buttons", body["msgmenu"]["head_content"], options, raw=body))
        else:
            self.sent.append(Sent(user, kind, data=self.uploaded[body[kind]["media_id"]], raw=body))


class WeComPlatform(Weixin):
    """qyapi.weixin.qq.com"""

    name = "wecom"
    app_id = "wx5823bf96d3bd56c7"
    signed = (("query", "msg_signature"), ("query", "timestamp"), ("query", "nonce"))

    def settings(self) -> dict[str, Any]:
        return {
            "channels": "wecom",
            "wecom_corp_id": self.app_id,
            "wecom_agent_id": "1000002",
            "wecom_secret": "weixin-secret",
            "wecom_token": TOKEN,
            "wecom_aes_key": AES_KEY,
            "wecom_api_url": self.url,
        }

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/cgi-bin/gettoken", self.token),
            web.post("/cgi-bin/message/send", self.send),
            web.post("/cgi-bin/media/upload", self.upload),
            web.get("/cgi-bin/media/get", self.download),
        ]

    async def token(self, request: web.Request) -> web.Response:
        if (request.query["corpid"], request.query["corpsecret"]) != (self.app_id, "weixin-secret"):
            return web.json_response({"errcode": 40001, "errmsg": "invalid credential"})
        return self.give_token()

    async def send(self, request: web.Request) -> web.Response:
        fault = await self.fault(request)
        if (refusal := self.error(request, fault)) is not None:
            return refusal
        body = await request.json()
        assert body["agentid"] == 1000002
        if fault == GONE:
            return web.json_response({"errcode": 81013, "errmsg": "user & party & tag all invalid"})
        self.take(body["touser"], body)
        return web.json_response({"errcode": 0, "errmsg": "ok", "msgid": "m"})

    def press(self, sent: Sent, number: int, *, user: str = "person") -> SignedCall:
        inner = (
            "<Event><![CDATA[template_card_event]]></Event>"
            f"<EventKey><![CDATA[{sent.options[number][1]}]]></EventKey>"
            f"<TaskId><![CDATA[{sent.raw['template_card']['task_id']}]]></TaskId>"
        )
        return self.seal(self.xml(user, "event", inner))

    def echo(self, plain: str = "1616140317555161061") -> SignedCall:
        encrypted = encrypt(AES_KEY, plain.encode(), self.app_id)
        timestamp, nonce = str(int(time.time())), "263014780"
        query = (
            ("msg_signature", sha1_sorted(TOKEN, timestamp, nonce, encrypted)),
            ("timestamp", timestamp),
            ("nonce", nonce),
            ("echostr", encrypted),
        )
        return SignedCall("GET", query, (), b"")


class WeChatPlatform(Weixin):
    """api.weixin.qq.com, safe mode."""

    name = "wechat"
    app_id = "wxb11529c136998cb6"
    signed = (("query", "signature"), ("query", "msg_signature"), ("query", "timestamp"), ("query", "nonce"))

    def more_query(self, timestamp: str, nonce: str) -> tuple[tuple[str, str], ...]:
        return (("signature", sha1_sorted(TOKEN, timestamp, nonce)), ("encrypt_type", "aes"))

    def settings(self) -> dict[str, Any]:
        return {
            "channels": "wechat",
            "wechat_app_id": self.app_id,
            "wechat_secret": "weixin-secret",
            "wechat_token": TOKEN,
            "wechat_aes_key": AES_KEY,
            "wechat_api_url": self.url,
        }

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/cgi-bin/stable_token", self.token),
            web.post("/cgi-bin/message/custom/send", self.send),
            web.post("/cgi-bin/media/upload", self.upload),
            web.get("/cgi-bin/media/get", self.download),
        ]

    async def token(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (body["appid"], body["secret"], body["grant_type"]) != (self.app_id, "weixin-secret", "client_credential"):
            return web.json_response({"errcode": 40125, "errmsg": "invalid appsecret"})
        return self.give_token()

    async def send(self, request: web.Request) -> web.Response:
        fault = await self.fault(request)
        if (refusal := self.error(request, fault)) is not None:
            return refusal
        raw = await request.read()
        # The client shows escapes as they are.
        assert b"\\u" not in raw
        body = await request.json()
        if fault == GONE:
            return web.json_response({"errcode": 45015, "errmsg": "response out of time limit"})
        self.take(body["touser"], body)
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    def press(self, sent: Sent, number: int, *, user: str = "person") -> SignedCall:
        title, value = sent.options[number]
        inner = f"<Content><![CDATA[{title}]]></Content><bizmsgmenuid>{value}</bizmsgmenuid>"
        return self.seal(self.xml(user, "text", inner))

    def acknowledged(self, status: int, body: bytes) -> bool:
        return status == 200 and (body in (b"", b"success") or body.startswith(b"<xml>"))

    def plain(self, xml: str, *, age_s: float = 0.0) -> SignedCall:
        """A call in plain-text mode."""
        timestamp, nonce = str(int(time.time() - age_s)), str(secrets.randbelow(10**10))
        query = (("signature", sha1_sorted(TOKEN, timestamp, nonce)), ("timestamp", timestamp), ("nonce", nonce))
        return SignedCall("POST", query, (), xml.encode())
