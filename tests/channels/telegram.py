"""Telegram, simulated from the Bot API's documents: updates with a secret token, methods, files."""

from __future__ import annotations

import itertools
import json
import time
import zlib
from typing import Any

from aiohttp import web

from tests.channels.simulator import BUSY, DOWN, GONE, Sent, SignedCall, Simulator

BOT_TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawE"
SECRET = "telegram-secret_token"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class TelegramPlatform(Simulator):
    """api.telegram.org"""

    name = "telegram"
    signed = (("headers", HEADER),)
    body_is_signed = False
    has_clock = False
    token_expires = False
    secrets = (BOT_TOKEN, SECRET)

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1000)
        self.people: dict[int, str] = {}

    def settings(self) -> dict[str, Any]:
        return {
            "channels": "telegram",
            "telegram_bot_token": BOT_TOKEN,
            "telegram_secret_token": SECRET,
            "telegram_api_url": self.url,
        }

    def number(self, user: str) -> int:
        number = zlib.crc32(user.encode())
        self.people[number] = user
        return number

    def update(self, id: str = "", **content: Any) -> SignedCall:
        body = {"update_id": int(id) if id else next(self._numbers), **content}
        headers = (("Content-Type", "application/json"), (HEADER, SECRET))
        return SignedCall("POST", (), headers, json.dumps(body).encode())

    def incoming(self, user: str, **content: Any) -> dict[str, Any]:
        number = self.number(user)
        return {
            "message_id": next(self._numbers),
            "date": int(time.time()),
            "from": {"id": number, "is_bot": False, "first_name": user},
            "chat": {"id": number, "type": "private"},
            **content,
        }

    def message(self, text: str, *, user: str = "person", id: str = "", age_s: float = 0.0) -> SignedCall:
        return self.update(id, message=self.incoming(user, text=text))

    def picture(self, ref: str, *, user: str = "person") -> SignedCall:
        sizes = [{"file_id": "small", "width": 90}, {"file_id": ref, "width": 1280}]
        return self.update(message=self.incoming(user, photo=sizes))

    def voice(self, ref: str, *, user: str = "person") -> SignedCall:
        return self.update(message=self.incoming(user, voice={"file_id": ref, "duration": 3}))

    def greeting(self, *, user: str = "person") -> SignedCall:
        return self.message("/start", user=user)

    def press(self, sent: Sent, number: int, *, user: str = "person") -> SignedCall:
        person = {"id": self.number(user), "is_bot": False}
        pressed = {"id": "42", "from": person, "message": self.incoming(user), "data": sent.options[number][1]}
        return self.update(callback_query=pressed)

    # The API.

    def routes(self) -> list[web.RouteDef]:
        base = f"/bot{BOT_TOKEN}"
        return [
            web.post(base + "/getFile", self.find_file),
            web.post(base + "/{method}", self.method),
            web.get(f"/file{base}/{{path}}", self.download),
        ]

    async def method(self, request: web.Request) -> web.Response:
        fault = await self.fault(request)
        if fault == DOWN:
            return web.Response(status=502)
        if fault == BUSY:
            body = {"ok": False, "error_code": 429, "description": "Too Many", "parameters": {"retry_after": 0}}
            return web.json_response(body, status=429)
        if fault == GONE:
            body = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
            return web.json_response(body, status=403)
        method = request.match_info["method"]
        if method == "sendMessage":
            body = await request.json()
            assert len(body["text"].encode("utf-16-le")) // 2 <= 4096
            rows = body.get("reply_markup", {}).get("inline_keyboard", [])
            options = tuple((button["text"], button["callback_data"]) for row in rows for button in row)
            assert all(1 <= len(data.encode()) <= 64 for _, data in options)
            user = self.people[body["chat_id"]]
            self.sent.append(Sent(user, "buttons" if options else "text", body["text"], options, raw=body))
        else:
            form = await request.post()
            kind = {"sendPhoto": "photo", "sendAudio": "audio", "sendDocument": "document"}[method]
            file = form[kind]
            assert isinstance(file, web.FileField)
            user = self.people[int(str(form["chat_id"]))]
            self.sent.append(Sent(user, "image" if kind == "photo" else kind, data=file.file.read()))
        return web.json_response({"ok": True, "result": {"message_id": 1}})

    async def find_file(self, request: web.Request) -> web.Response:
        name = (await request.json())["file_id"]
        if name not in self.files:
            return web.json_response({"ok": False, "error_code": 400, "description": "wrong file_id"}, status=400)
        return web.json_response({"ok": True, "result": {"file_id": name, "file_path": name}})

    async def download(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["path"]])
