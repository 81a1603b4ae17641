"""WeChat Official Accounts (公众号): messages at /hooks/wechat, answers in the acknowledgement or by customer service.

Source: developers.weixin.qq.com, 接收普通消息, 被动回复用户消息, 客服消息, 消息加解密说明.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web

from bot.gateway.channels.wechat_api import WeixinApi
from bot.gateway.channels.wechat_envelope import Envelope, field, key_problem, read_xml, utf8_length
from bot.gateway.platforms.adapter import (
    GREETING,
    KIND_NOT_UNDERSTOOD,
    Adapter,
    Arrival,
    Call,
    FilePart,
    Opened,
    Outlook,
    TextPart,
    check_fresh,
)
from bot.gateway.platforms.api import PlatformApi
from bot.gateway.platforms.render import numbered
from bot.settings import Settings

GREETED = "（关注了公众号）"
# What is ready this soon goes out in the acknowledgement; WeChat itself waits five seconds.
PASSIVE_WAIT_S = 0.1
PASSIVE_ONLY_WAIT_S = 4.3


class WeChat(Adapter):
    """The adapter."""

    name = "wechat"
    title = "微信公众号"
    required = ("wechat_app_id", "wechat_secret", "wechat_token")
    # 2048 bytes, with room for the numbers of options.
    outlook = Outlook(1500, utf8_length, files=frozenset({"image/jpeg", "image/png", "audio/mpeg"}))
    repeats_verbatim = True

    def __init__(self, settings: Settings, api: PlatformApi) -> None:
        super().__init__(settings, api)
        self.active = settings.wechat_customer_service
        self.passive_wait_s = PASSIVE_WAIT_S if self.active else PASSIVE_ONLY_WAIT_S
        self._envelope = Envelope(settings.wechat_token, settings.wechat_aes_key, settings.wechat_app_id)
        body = {
            "grant_type": "client_credential",
            "appid": settings.wechat_app_id,
            "secret": settings.wechat_secret,
        }
        self._calls = WeixinApi(
            api,
            settings.wechat_api_url,
            f"wechat:{settings.wechat_app_id}"[:64],
            ("POST", "/cgi-bin/stable_token", {"json": body}),
        )

    @classmethod
    def problems(cls, settings: Settings) -> list[str]:
        """What has a wrong form."""
        found = []
        if settings.wechat_aes_key and key_problem(settings.wechat_aes_key):
            found.append("WENYU_WECHAT_AES_KEY 应是 43 个字符的 EncodingAESKey，明文模式请留空。")
        if not settings.wechat_app_id.startswith("wx"):
            found.append("WENYU_WECHAT_APP_ID 应以 wx 开头。")
        return found

    def open(self, call: Call) -> Opened:
        """The echo of the console's check, or a message; in safe mode only an encrypted one."""
        signature, timestamp, nonce = (call.parameter(name) for name in ("signature", "timestamp", "nonce"))
        self._envelope.check(signature, timestamp, nonce)
        check_fresh(timestamp)
        if call.method == "GET":
            echo = call.parameter("echostr")
            return Opened(lambda: web.Response(text=echo))
        fields = read_xml(call.body)
        if self.settings.wechat_aes_key:
            encrypted = field(fields, "Encrypt")
            self._envelope.check(call.parameter("msg_signature"), timestamp, nonce, encrypted)
            fields = read_xml(self._envelope.open(encrypted))
        person, account = field(fields, "FromUserName"), field(fields, "ToUserName")
        return Opened(
            lambda: web.Response(text="success"),
            self._arrival(fields, person),
            signature,
            self._envelope.passive(person, account),
        )

    def _arrival(self, fields: dict[str, Any], person: str) -> Arrival | None:
        if not person:
            return None
        kind, event, key = field(fields, "MsgType"), field(fields, "Event"), field(fields, "EventKey")
        name = field(fields, "MsgId") or f"{person}:{field(fields, 'CreateTime')}:{event}:{key}"
        make = partial(Arrival, name, person, {"user": person})
        media = field(fields, "MediaId")
        if kind == "text":
            pressed = field(fields, "bizmsgmenuid")
            return make(field(fields, "Content"), choice=pressed if pressed.startswith("r") else "")
        if kind == "voice" and field(fields, "Recognition"):
            return make(field(fields, "Recognition"))
        if kind in ("image", "voice") and media:
            return make(files=({"kind": "image" if kind == "image" else "audio", "ref": media},))
        return self._event(event, key, make) if kind == "event" else make(notice=KIND_NOT_UNDERSTOOD)

    @staticmethod
    def _event(event: str, key: str, make: Callable[..., Arrival]) -> Arrival | None:
        if event == "subscribe":
            return make(GREETING, GREETED)
        if event == "CLICK":
            return make(key or GREETING)
        return None

    async def send(self, address: dict[str, Any], part: TextPart | FilePart) -> None:
        """One text, menu, picture or sound through the customer-service interface."""
        if isinstance(part, FilePart):
            kind = "voice" if part.mime == "audio/mpeg" else "image"
            body: dict[str, Any] = {"msgtype": kind, kind: {"media_id": await self._calls.upload(part, kind)}}
        elif part.options:
            listed = [{"id": option.reference, "content": option.title} for option in part.options]
            body = {"msgtype": "msgmenu", "msgmenu": {"head_content": part.text, "list": listed, "tail_content": ""}}
        else:
            body = {"msgtype": "text", "text": {"content": numbered(part)}}
        await self._calls.post("/cgi-bin/message/custom/send", {"touser": address["user"], **body})

    async def download(self, ref: str) -> bytes:
        """A picture or a voice message by its media id."""
        return await self._calls.download(ref, self.settings.upload_max_bytes)
