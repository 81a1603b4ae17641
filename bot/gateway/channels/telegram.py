"""Telegram: updates at /hooks/telegram, answers by the Bot API.

Source: core.telegram.org/bots/api. Calls carry the secret token that ``setWebhook`` named, no signature and no time:
Telegram repeats an update for a day until it is acknowledged, so an update is taken once, by its number. The Bot API
is plain JSON; a client library would only repeat what the gateway does for every platform.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from aiohttp import web

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
    Outlook,
    TextPart,
    file_form,
    json_object,
    refused,
    same,
)
from bot.gateway.platforms.api import PlatformError
from bot.settings import Settings

BOT_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{30,}")
SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
COMMAND = re.compile(r"/(start|help)(@\w+)?(\s.*)?", re.DOTALL)
METHODS = {
    "image/jpeg": ("sendPhoto", "photo"),
    "image/png": ("sendPhoto", "photo"),
    "audio/mpeg": ("sendAudio", "audio"),
}


def utf16_length(text: str) -> int:
    """UTF-16 code units, which Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


class Telegram(Adapter):
    """The adapter."""

    name = "telegram"
    title = "Telegram"
    required = ("telegram_bot_token", "telegram_secret_token")
    outlook = Outlook(4096, utf16_length, files=ALL_FILES)
    per_second = 25.0
    pause_s = 1.0

    @classmethod
    def problems(cls, settings: Settings) -> list[str]:
        """What has a wrong form."""
        found = []
        if not BOT_TOKEN.fullmatch(settings.telegram_bot_token):
            found.append("WENYU_TELEGRAM_BOT_TOKEN 的形式应是“数字:字母数字”，由 BotFather 给出。")
        if not SECRET.fullmatch(settings.telegram_secret_token):
            found.append("WENYU_TELEGRAM_SECRET_TOKEN 应是 16 个以上的字母、数字、下划线或连字符。")
        return found

    def open(self, call: Call) -> Opened:
        """An update."""
        if not same(call.header("X-Telegram-Bot-Api-Secret-Token"), self.settings.telegram_secret_token):
            raise refused()
        update = json_object(call.body)
        if not isinstance(update.get("update_id"), int):
            raise refused()
        pressed = update.get("callback_query")
        if isinstance(pressed, dict):
            # The acknowledgement stops the waiting sign on the button.
            answer = {"method": "answerCallbackQuery", "callback_query_id": pressed.get("id")}
            return Opened(lambda: json_response(answer), self._pressed(update["update_id"], pressed))
        return Opened(web.Response, self._message(update["update_id"], update.get("message")))

    @staticmethod
    def _names(message: dict[str, Any], person: Any) -> tuple[str, dict[str, Any]] | None:
        chat = message.get("chat")
        if not isinstance(chat, dict) or not isinstance(person, dict) or person.get("is_bot"):
            return None
        return f"{chat.get('id')}:{person.get('id')}", {"chat": chat.get("id")}

    def _pressed(self, number: int, pressed: dict[str, Any]) -> Arrival | None:
        names = self._names(pressed.get("message") or {}, pressed.get("from"))
        return names and Arrival(f"update:{number}", *names, choice=str(pressed.get("data") or ""))

    def _message(self, number: int, message: Any) -> Arrival | None:
        names = self._names(message, message.get("from")) if isinstance(message, dict) else None
        if names is None:
            return None
        make = partial(Arrival, f"update:{number}", *names)
        text = str(message.get("text") or message.get("caption") or "")
        photos, voice = message.get("photo"), message.get("voice") or message.get("audio")
        if photos:
            return make(text, files=({"kind": "image", "ref": str(photos[-1]["file_id"])},))
        if voice:
            return make(files=({"kind": "audio", "ref": str(voice["file_id"])},))
        if COMMAND.fullmatch(text):
            return make(GREETING, text)
        return make(text) if text else make(notice=KIND_NOT_UNDERSTOOD)

    async def _call(self, method: str, **request: Any) -> Any:
        base = self.settings.telegram_api_url.rstrip("/")
        url = f"{base}/bot{self.settings.telegram_bot_token}/{method}"
        answer = await self.api.call("POST", url, **request)
        if answer.get("ok") is True:
            return answer["result"]
        raise PlatformError(f"error_{answer.get('error_code')}", permanent=True)

    async def send(self, address: dict[str, Any], part: TextPart | FilePart) -> None:
        """One text with its buttons, picture, sound or document."""
        if isinstance(part, FilePart):
            method, field = METHODS.get(part.mime, ("sendDocument", "document"))
            form = file_form(part, field, chat_id=str(address["chat"]), caption=part.label)
            await self._call(method, data=form)
            return
        body: dict[str, Any] = {"chat_id": address["chat"], "text": part.text}
        if part.options:
            rows = [[{"text": option.title, "callback_data": option.reference}] for option in part.options]
            body["reply_markup"] = {"inline_keyboard": rows}
        await self._call("sendMessage", json=body)

    async def download(self, ref: str) -> bytes:
        """A file by its id."""
        found = await self._call("getFile", json={"file_id": ref})
        base = self.settings.telegram_api_url.rstrip("/")
        url = f"{base}/file/bot{self.settings.telegram_bot_token}/{found['file_path']}"
        _, data = await self.api.file("GET", url, self.settings.upload_max_bytes)
        return data
