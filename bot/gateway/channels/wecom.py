"""WeCom (企业微信): a self-built app that receives messages at /hooks/wecom and answers by ``message/send``.

Source: developer.work.weixin.qq.com, 接收消息与事件, 发送应用消息, 素材管理.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web

from bot.gateway.channels.wechat_api import WeixinApi
from bot.gateway.channels.wechat_envelope import Envelope, field, key_problem, read_xml, utf8_length
from bot.gateway.platforms.adapter import (
    ALL_FILES,
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
    refused,
)
from bot.gateway.platforms.api import PlatformApi
from bot.gateway.platforms.render import numbered
from bot.settings import Settings

# A button card has room for so much; anything more is sent as text with numbers.
CARD_TEXT, CARD_BUTTONS, BUTTON_TEXT = 112, 6, 20
GREETED = "（打开了应用）"


class WeCom(Adapter):
    """The adapter."""

    name = "wecom"
    title = "企业微信"
    required = ("wecom_corp_id", "wecom_agent_id", "wecom_secret", "wecom_token", "wecom_aes_key")
    # 2048 bytes, with room for the numbers of options.
    outlook = Outlook(1500, utf8_length, files=ALL_FILES)
    repeats_verbatim = True

    def __init__(self, settings: Settings, api: PlatformApi) -> None:
        super().__init__(settings, api)
        self._envelope = Envelope(settings.wecom_token, settings.wecom_aes_key, settings.wecom_corp_id)
        credentials = {"corpid": settings.wecom_corp_id, "corpsecret": settings.wecom_secret}
        self._calls = WeixinApi(
            api,
            settings.wecom_api_url,
            f"wecom:{settings.wecom_corp_id}:{settings.wecom_agent_id}"[:64],
            ("GET", "/cgi-bin/gettoken", {"params": credentials}),
        )

    @classmethod
    def problems(cls, settings: Settings) -> list[str]:
        """What has a wrong form."""
        found = []
        if key_problem(settings.wecom_aes_key):
            found.append("WENYU_WECOM_AES_KEY 应是 43 个字符的 EncodingAESKey。")
        if not settings.wecom_agent_id.isdigit():
            found.append("WENYU_WECOM_AGENT_ID 应是数字。")
        return found

    def open(self, call: Call) -> Opened:
        """The echo of the console's check, or a message."""
        signature, timestamp, nonce = (call.parameter(name) for name in ("msg_signature", "timestamp", "nonce"))
        encrypted = call.parameter("echostr") if call.method == "GET" else field(read_xml(call.body), "Encrypt")
        self._envelope.check(signature, timestamp, nonce, encrypted)
        check_fresh(timestamp)
        message = self._envelope.open(encrypted)
        if call.method == "GET":
            return Opened(lambda: web.Response(text=message))
        fields = read_xml(message)
        if field(fields, "AgentID") not in ("", self.settings.wecom_agent_id):
            raise refused()
        person, corp = field(fields, "FromUserName"), field(fields, "ToUserName")
        return Opened(web.Response, self._arrival(fields, person), signature, self._envelope.passive(person, corp))

    def _arrival(self, fields: dict[str, Any], person: str) -> Arrival | None:
        if not person:
            return None
        kind, event, key = field(fields, "MsgType"), field(fields, "Event"), field(fields, "EventKey")
        name = (
            field(fields, "MsgId") or f"{person}:{field(fields, 'CreateTime')}:{event}:{key}:{field(fields, 'TaskId')}"
        )
        make = partial(Arrival, name, person, {"user": person})
        media = field(fields, "MediaId")
        if kind == "text":
            return make(field(fields, "Content"))
        if kind in ("image", "voice") and media:
            return make(files=({"kind": "image" if kind == "image" else "audio", "ref": media},))
        return self._event(event, key, make) if kind == "event" else make(notice=KIND_NOT_UNDERSTOOD)

    @staticmethod
    def _event(event: str, key: str, make: Callable[..., Arrival]) -> Arrival | None:
        if event == "template_card_event":
            return make(choice=key)
        if event == "subscribe":
            return make(GREETING, GREETED)
        if event == "click":
            return make(key or GREETING)
        return None

    async def send(self, address: dict[str, Any], part: TextPart | FilePart) -> None:
        """One text, button card, picture or file."""
        if isinstance(part, FilePart):
            kind = "image" if part.mime in ("image/jpeg", "image/png") else "file"
            body: dict[str, Any] = {"msgtype": kind, kind: {"media_id": await self._calls.upload(part, kind)}}
        elif self._fits_card(part):
            body = {"msgtype": "template_card", "template_card": button_card(part)}
        else:
            body = {"msgtype": "text", "text": {"content": numbered(part)}}
        agent = int(self.settings.wecom_agent_id)
        await self._calls.post("/cgi-bin/message/send", {"touser": address["user"], "agentid": agent, **body})

    @staticmethod
    def _fits_card(part: TextPart) -> bool:
        return (
            1 <= len(part.options) <= CARD_BUTTONS
            and len(part.text) <= CARD_TEXT
            and all(len(option.title) <= BUTTON_TEXT for option in part.options)
        )

    async def download(self, ref: str) -> bytes:
        """A picture or a voice message by its media id."""
        return await self._calls.download(ref, self.settings.upload_max_bytes)


def button_card(part: TextPart) -> dict[str, Any]:
    """A card of type ``button_interaction``."""
    return {
        "card_type": "button_interaction",
        "main_title": {"title": "请选择"},
        "sub_title_text": part.text,
        "task_id": part.id,
        "button_list": [{"text": option.title, "style": 1, "key": option.reference} for option in part.options],
    }
