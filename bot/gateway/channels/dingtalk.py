"""DingTalk (钉钉): a robot's messages by stream (a connection that the gateway opens) or at /hooks/dingtalk.

Source: open.dingtalk.com, 机器人接收消息, 机器人发送消息 (sampleText, sampleMarkdown, …), Stream 模式. The webhook's
signature covers the time only, not the body; it is good for the messages of one moment.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import web

from bot.gateway.channels.dingtalk_stream_client import StreamClient
from bot.gateway.platforms.adapter import (
    ALL_FILES,
    KIND_NOT_UNDERSTOOD,
    Adapter,
    Arrival,
    Call,
    FilePart,
    Opened,
    Outlook,
    Take,
    TextPart,
    check_fresh,
    file_form,
    json_object,
    refused,
    same,
)
from bot.gateway.platforms.api import PlatformApi, PlatformError, Result
from bot.settings import Settings

FILE_TYPES = {"audio/wav": "wav", "audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/midi": "mid", "image/svg+xml": "svg"}
MILLISECOND_S = 0.001


def link(title: str, payload: str) -> str:
    """A Markdown link that sends ``payload`` as the person's own message."""
    shown = "".join("\\" + c if c in "[]()\\`*_" else c for c in title)
    return f"[{shown}](dtmd://dingtalkclient/sendMessage?content={quote(payload, safe='')})"


class DingTalk(Adapter):
    """The adapter."""

    name = "dingtalk"
    title = "钉钉"
    required = ("dingtalk_client_id", "dingtalk_client_secret")
    outlook = Outlook(4000, files=ALL_FILES)
    pause_s = 0.1
    signs_time_only = True

    def __init__(self, settings: Settings, api: PlatformApi) -> None:
        super().__init__(settings, api)
        self.webhook = settings.dingtalk_mode == "webhook"
        self._base_url = settings.dingtalk_api_url.rstrip("/")
        self._media_url = settings.dingtalk_media_url.rstrip("/")
        self._stream: StreamClient | None = None

    async def start(self, take: Take) -> None:
        """In stream mode, connect and stay connected."""
        if self.webhook:
            return

        async def receive(body: dict[str, Any]) -> None:
            arrival = self._arrival(body)
            if arrival is not None:
                await take(arrival)

        settings = self.settings
        self._stream = StreamClient(
            self.api, self._base_url, settings.dingtalk_client_id, settings.dingtalk_client_secret, receive
        )
        self._stream.start()

    async def close(self) -> None:
        """Close the stream."""
        if self._stream is not None:
            await self._stream.close()

    def open(self, call: Call) -> Opened:
        """A message."""
        timestamp, signature = call.header("timestamp"), call.header("sign")
        secret = self.settings.dingtalk_client_secret
        signed = f"{timestamp}\n{secret}".encode("utf-8", "surrogatepass")
        expected = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
        if not same(signature, expected):
            raise refused()
        check_fresh(timestamp, MILLISECOND_S)
        body = json_object(call.body)
        if not same(str(body.get("robotCode", "")), self.settings.dingtalk_client_id):
            raise refused()
        return Opened(web.Response, self._arrival(body), signature)

    def _arrival(self, body: dict[str, Any]) -> Arrival | None:
        person, chat, name = (str(body.get(key) or "") for key in ("senderStaffId", "conversationId", "msgId"))
        if not person or not chat or not name:
            return None
        group = body.get("conversationType") == "2"
        address = {"group": chat} if group else {"user": person}
        make = partial(Arrival, name, f"{chat}:{person}", address)
        kind, content = body.get("msgtype"), body.get("content")
        content = content if isinstance(content, dict) else {}
        text = body.get("text")
        if kind == "text" and isinstance(text, dict):
            return make(str(text.get("content") or "").strip())
        if kind == "audio" and content.get("recognition"):
            return make(str(content["recognition"]))
        if kind in ("picture", "audio") and content.get("downloadCode"):
            return make(
                files=({"kind": "image" if kind == "picture" else "audio", "ref": str(content["downloadCode"])},)
            )
        if kind == "richText":
            parts = [part for part in content.get("richText") or [] if isinstance(part, dict)]
            files = tuple({"kind": "image", "ref": str(p["downloadCode"])} for p in parts if p.get("downloadCode"))
            return make("".join(str(part.get("text") or "") for part in parts).strip(), files=files[:4])
        return make(notice=KIND_NOT_UNDERSTOOD)

    # The API.

    async def _fetch_token(self) -> tuple[str, float]:
        body = {"appKey": self.settings.dingtalk_client_id, "appSecret": self.settings.dingtalk_client_secret}
        answer = self._checked(await self.api.call("POST", f"{self._base_url}/v1.0/oauth2/accessToken", json=body))
        return str(answer["accessToken"]), float(answer["expireIn"])

    @staticmethod
    def _checked(answer: dict[str, Any]) -> dict[str, Any]:
        code, status = str(answer.get("code", "")), answer["_status"]
        # The older interfaces answer 200 with an errcode, the newer ones a status with a code.
        errcode = answer.get("errcode", 0)
        if status < 400 and errcode == 0:
            return answer
        bad_token = status == 401 or "InvalidAuthentication" in code or errcode in (40014, 42001, 88)
        busy = any(word in code for word in ("Throttling", "QpsLimit", "SystemError", "serviceUnavailable"))
        reason = f"code_{code}" if code else f"errcode_{errcode}"
        raise PlatformError(reason, permanent=not busy and not bad_token and errcode != -1, bad_token=bad_token)

    async def _with_token(self, work: Callable[[str], Awaitable[Result]]) -> Result:
        name = f"dingtalk:{self.settings.dingtalk_client_id}"[:64]
        return await self.api.with_token(name, self._fetch_token, work)

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async def work(token: str) -> dict[str, Any]:
            headers = {"x-acs-dingtalk-access-token": token}
            return self._checked(await self.api.call("POST", self._base_url + path, json=body, headers=headers))

        return await self._with_token(work)

    async def _upload(self, part: FilePart, kind: str) -> str:
        async def work(token: str) -> str:
            form = file_form(part, "media")
            url, query = f"{self._media_url}/media/upload", {"access_token": token, "type": kind}
            return str(self._checked(await self.api.call("POST", url, params=query, data=form))["media_id"])

        return await self._with_token(work)

    async def send(self, address: dict[str, Any], part: TextPart | FilePart) -> None:
        """One text, Markdown with links that answer, picture or file."""
        if isinstance(part, FilePart) and part.mime in ("image/jpeg", "image/png"):
            key, values = "sampleImageMsg", {"photoURL": await self._upload(part, "image")}
        elif isinstance(part, FilePart):
            media = await self._upload(part, "file")
            values = {"mediaId": media, "fileName": part.path.name, "fileType": FILE_TYPES[part.mime]}
            key = "sampleFile"
        elif part.options:
            lines = [part.text.replace("\n", "  \n"), *(f"- {link(o.title, o.payload)}" for o in part.options)]
            key, values = "sampleMarkdown", {"title": part.text[:20], "text": "\n\n".join(lines)}
        else:
            key, values = "sampleText", {"content": part.text}
        body = {
            "robotCode": self.settings.dingtalk_client_id,
            "msgKey": key,
            "msgParam": orjson.dumps(values).decode(),
        }
        if "group" in address:
            await self._post("/v1.0/robot/groupMessages/send", {**body, "openConversationId": address["group"]})
            return
        answer = await self._post("/v1.0/robot/oToMessages/batchSend", {**body, "userIds": [address["user"]]})
        if answer.get("invalidStaffIdList"):
            raise PlatformError("invalid_staff_id", permanent=True)
        if answer.get("flowControlledStaffIdList"):
            raise PlatformError("flow_controlled")

    async def download(self, ref: str) -> bytes:
        """A picture or a voice message by its download code."""
        body = {"downloadCode": ref, "robotCode": self.settings.dingtalk_client_id}
        answer = await self._post("/v1.0/robot/messageFiles/download", body)
        _, data = await self.api.file("GET", str(answer["downloadUrl"]), self.settings.upload_max_bytes)
        return data
