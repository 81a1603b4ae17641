"""Feishu and Lark (飞书): events and card callbacks at /hooks/feishu, answers by the message API.

Source: open.feishu.cn, 接收事件 (signature, Encrypt Key), im/v1/messages, 卡片回传交互. The official SDK imports all
of its several hundred interfaces (seconds and well over 100 MB), so the two formulas are written here on
pycryptodome: SHA-256 over timestamp + nonce + Encrypt Key + body, and AES-256-CBC with SHA-256 of the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import orjson
from Crypto.Cipher import AES
from Crypto.Util.Padding import unpad

from bot.gateway.http import json_response
from bot.gateway.platforms.adapter import (
    ALL_FILES,
    GREETING,
    KIND_NOT_UNDERSTOOD,
    Adapter,
    Arrival,
    Call,
    FilePart,
    Opened,
    Option,
    Outlook,
    TextPart,
    check_fresh,
    file_form,
    json_object,
    refused,
    same,
)
from bot.gateway.platforms.api import PlatformApi, PlatformError, Result
from bot.settings import Settings

GREETED = "（打开了会话）"
BAD_TOKEN = frozenset({99991663, 99991668, 99991661, 99991677})
TEMPORARY = frozenset({99991400, 230020, 11232, 11233, 11247, 1500, 1503, 2200})


def decrypt(key: str, encrypted: str) -> bytes:
    """The event in ``encrypted`` (base64 of initial vector and ciphertext).

    Raises:
        ValueError: not base64, not whole blocks, or wrong padding.
    """
    data = base64.b64decode(encrypted, validate=True)
    cipher = AES.new(hashlib.sha256(key.encode()).digest(), AES.MODE_CBC, iv=data[:16])
    return unpad(cipher.decrypt(data[16:]), AES.block_size)


def _part(value: Any, *names: str) -> Any:
    """``value[name]…`` of nested objects; an empty object where there is nothing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return {} if value is None else value


class Feishu(Adapter):
    """The adapter."""

    name = "feishu"
    title = "飞书"
    required = ("feishu_app_id", "feishu_app_secret", "feishu_encrypt_key", "feishu_verification_token")
    outlook = Outlook(4000, cards=True, files=ALL_FILES)
    pause_s = 0.2

    def __init__(self, settings: Settings, api: PlatformApi) -> None:
        super().__init__(settings, api)
        self._base_url = settings.feishu_api_url.rstrip("/")

    @classmethod
    def problems(cls, settings: Settings) -> list[str]:
        """What has a wrong form."""
        return [] if settings.feishu_app_id.startswith("cli_") else ["WENYU_FEISHU_APP_ID 应以 cli_ 开头。"]

    def _decrypt(self, body: bytes) -> dict[str, Any]:
        try:
            return json_object(decrypt(self.settings.feishu_encrypt_key, json_object(body)["encrypt"]))
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise refused() from None

    def open(self, call: Call) -> Opened:
        """The console's check of the address, an event or a pressed button."""
        if "X-Lark-Signature" not in call.headers:
            # The check of the address is encrypted but not signed; only it passes here, and nothing comes of it.
            return self._challenge(self._decrypt(call.body))
        signature, timestamp, nonce = (
            call.header(f"X-Lark-{name}") for name in ("Signature", "Request-Timestamp", "Request-Nonce")
        )
        signed = f"{timestamp}{nonce}{self.settings.feishu_encrypt_key}".encode("utf-8", "surrogatepass") + call.body
        if not same(signature, hashlib.sha256(signed).hexdigest()):
            raise refused()
        check_fresh(timestamp)
        event = self._decrypt(call.body)
        if event.get("type") == "url_verification":
            return self._challenge(event)
        header = _part(event, "header")
        self._check_token(_part(header, "token"))
        if not same(str(_part(header, "app_id")), self.settings.feishu_app_id):
            raise refused()
        return Opened(lambda: json_response({}), self._arrival(event), signature)

    def _check_token(self, token: object) -> None:
        if not isinstance(token, str) or not same(token, self.settings.feishu_verification_token):
            raise refused()

    def _challenge(self, event: dict[str, Any]) -> Opened:
        self._check_token(event.get("token"))
        if event.get("type") != "url_verification":
            raise refused()
        return Opened(lambda: json_response({"challenge": event.get("challenge")}))

    def _arrival(self, event: dict[str, Any]) -> Arrival | None:
        kind, name = _part(event, "header", "event_type"), _part(event, "header", "event_id")
        body = _part(event, "event")
        if kind == "im.message.receive_v1":
            return self._message(body)
        if kind == "card.action.trigger":
            person, chat = _part(body, "operator", "open_id"), _part(body, "context", "open_chat_id")
            choice = str(_part(body, "action", "value", "choice"))
            return Arrival(str(name), f"{chat}:{person}", {"chat": chat}, choice=choice)
        if kind == "im.chat.access_event.bot_p2p_chat_entered_v1" and not _part(body, "last_message_id"):
            person, chat = _part(body, "operator_id", "open_id"), _part(body, "chat_id")
            return Arrival(str(name), f"{chat}:{person}", {"chat": chat}, GREETING, GREETED)
        return None

    def _message(self, body: dict[str, Any]) -> Arrival | None:
        message, person = _part(body, "message"), _part(body, "sender", "sender_id", "open_id")
        chat, name, kind = (str(_part(message, key)) for key in ("chat_id", "message_id", "message_type"))
        mentions = message.get("mentions") or []
        if not isinstance(person, str) or (message.get("chat_type") == "group" and not mentions):
            return None
        make = partial(Arrival, name, f"{chat}:{person}", {"chat": chat})
        try:
            content = orjson.loads(message["content"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            content = {}
        if kind == "text":
            text = str(_part(content, "text") or "")
            for mention in mentions:
                text = text.replace(str(_part(mention, "key") or "\0"), "")
            return make(text.strip())
        key = str(_part(content, "image_key") or _part(content, "file_key") or "")
        if kind in ("image", "audio") and key:
            return make(files=({"kind": kind, "ref": f"{name}/{key}/{'image' if kind == 'image' else 'file'}"},))
        return make(notice=KIND_NOT_UNDERSTOOD)

    # The API.

    async def _fetch_token(self) -> tuple[str, float]:
        body = {"app_id": self.settings.feishu_app_id, "app_secret": self.settings.feishu_app_secret}
        url = f"{self._base_url}/open-apis/auth/v3/tenant_access_token/internal"
        answer = self._checked(await self.api.call("POST", url, json=body))
        return str(answer["tenant_access_token"]), float(answer["expire"])

    @staticmethod
    def _checked(answer: dict[str, Any]) -> dict[str, Any]:
        code = answer.get("code", 0)
        if code == 0 and answer["_status"] < 400:
            return answer
        raise PlatformError(
            f"code_{code}", permanent=code not in TEMPORARY and code not in BAD_TOKEN, bad_token=code in BAD_TOKEN
        )

    async def _call(self, path: str, *, query: dict[str, str] | None = None, **request: Any) -> dict[str, Any]:
        async def work(token: str) -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {token}"}
            # A form can be sent once only, so each attempt makes its own.
            arguments = {key: value() if callable(value) else value for key, value in request.items()}
            url = self._base_url + path
            return self._checked(await self.api.call("POST", url, params=query, headers=headers, **arguments))

        return await self._with_token(work)

    async def _with_token(self, work: Callable[[str], Awaitable[Result]]) -> Result:
        return await self.api.with_token(f"feishu:{self.settings.feishu_app_id}", self._fetch_token, work)

    async def _upload(self, part: FilePart, path: str, fields: dict[str, str], file_field: str, key: str) -> str:
        return str((await self._call(path, data=partial(file_form, part, file_field, **fields)))["data"][key])

    async def _upload_image(self, part: FilePart) -> str:
        return await self._upload(part, "/open-apis/im/v1/images", {"image_type": "message"}, "image", "image_key")

    async def send(self, address: dict[str, Any], part: TextPart | FilePart) -> None:
        """One text, card, picture or file. ``uuid`` makes a repeated call one message for an hour."""
        if isinstance(part, FilePart) and part.mime in ("image/jpeg", "image/png"):
            kind, content = "image", {"image_key": await self._upload_image(part)}
        elif isinstance(part, FilePart):
            fields = {"file_type": "stream", "file_name": part.path.name}
            key = await self._upload(part, "/open-apis/im/v1/files", fields, "file", "file_key")
            kind, content = "file", {"file_key": key}
        elif part.cards or part.options:
            kind, content = "interactive", await self._card(part)
        else:
            kind, content = "text", {"text": part.text}
        body = {
            "receive_id": address["chat"],
            "msg_type": kind,
            "content": orjson.dumps(content).decode(),
            "uuid": part.id[:50],
        }
        await self._call("/open-apis/im/v1/messages", query={"receive_id_type": "chat_id"}, json=body)

    async def _card(self, part: TextPart) -> dict[str, Any]:
        elements: list[dict[str, Any]] = [_plain(part.text)]
        for card in part.cards:
            elements += [{"tag": "hr"}, _plain(card.text)]
            if card.image is not None:
                image = FilePart("image", card.image, "image/png", card.title)
                elements.append({"tag": "img", "img_key": await self._upload_image(image), "alt": _text(card.title)})
            elements += _buttons(card.options)
        elements += _buttons(part.options)
        return {"config": {"wide_screen_mode": True}, "elements": elements}

    async def download(self, ref: str) -> bytes:
        """A file of a message; ``ref`` is message id, file key and type."""
        message, key, kind = ref.split("/")

        async def work(token: str) -> bytes:
            _, data = await self.api.file(
                "GET",
                f"{self._base_url}/open-apis/im/v1/messages/{message}/resources/{key}",
                self.settings.upload_max_bytes,
                check=self._checked,
                params={"type": kind},
                headers={"Authorization": f"Bearer {token}"},
            )
            return data

        return await self._with_token(work)


def _text(text: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": text}


def _plain(text: str) -> dict[str, Any]:
    return {"tag": "div", "text": _text(text)}


def _buttons(options: tuple[Option, ...]) -> list[dict[str, Any]]:
    if not options:
        return []
    actions = [
        {"tag": "button", "text": _text(option.title), "type": "default", "value": {"choice": option.reference}}
        for option in options
    ]
    return [{"tag": "action", "actions": actions}]
