"""Slack: events and pressed buttons at /hooks/slack, answers by the Web API.

Source: docs.slack.dev, Verifying requests from Slack, Events API, Block Kit, chat.postMessage, files.*External.
"""

from __future__ import annotations

import html
import re
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from bot.gateway.http import json_response
from bot.gateway.platforms.adapter import (
    ALL_FILES,
    KIND_NOT_UNDERSTOOD,
    Adapter,
    Arrival,
    Call,
    CardPart,
    FilePart,
    Opened,
    Option,
    Outlook,
    TextPart,
    check_fresh,
    json_object,
    refused,
)
from bot.gateway.platforms.api import PlatformApi, PlatformError
from bot.settings import Settings

TEMPORARY = frozenset(
    {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "rate_limited"}
)
MENTION = re.compile(r"<@[A-Z0-9]+>")
LINK = re.compile(r"<((?:https?|mailto):[^|>]*)(?:\|[^>]*)?>")
BUTTON_TEXT = 75


def plain(text: str) -> str:
    """What the person typed: mentions left out, links bare, entities resolved."""
    return html.unescape(LINK.sub(r"\1", MENTION.sub("", text))).strip()


def escaped(text: str) -> str:
    """Text as Slack wants it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Slack(Adapter):
    """The adapter."""

    name = "slack"
    title = "Slack"
    required = ("slack_signing_secret", "slack_bot_token")
    outlook = Outlook(2900, cards=True, files=ALL_FILES)
    pause_s = 1.0

    def __init__(self, settings: Settings, api: PlatformApi) -> None:
        super().__init__(settings, api)
        self._base_url = settings.slack_api_url.rstrip("/")
        self._verifier = SignatureVerifier(settings.slack_signing_secret)

    @classmethod
    def problems(cls, settings: Settings) -> list[str]:
        """What has a wrong form."""
        found = []
        if len(settings.slack_signing_secret) < 16:
            found.append("WENYU_SLACK_SIGNING_SECRET 太短，请填 Basic Information 里的 Signing Secret。")
        if not settings.slack_bot_token.startswith("xoxb-"):
            found.append("WENYU_SLACK_BOT_TOKEN 应以 xoxb- 开头。")
        return found

    def open(self, call: Call) -> Opened:
        """The check of the address, an event, or a pressed button."""
        signature, timestamp = call.header("X-Slack-Signature"), call.header("X-Slack-Request-Timestamp")
        check_fresh(timestamp)
        try:
            valid = signature.isascii() and self._verifier.is_valid(call.body, timestamp, signature)
        except ValueError:
            valid = False
        if not valid:
            raise refused()
        body = self._read(call)
        if body.get("type") == "url_verification":
            return Opened(lambda: json_response({"challenge": body.get("challenge")}))
        arrival = self._pressed(body) if body.get("type") == "block_actions" else self._event(body)
        return Opened(web.Response, arrival, signature)

    @staticmethod
    def _read(call: Call) -> dict[str, Any]:
        form = call.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        try:
            return json_object(parse_qs(call.body.decode())["payload"][0] if form else call.body)
        except (UnicodeDecodeError, KeyError):
            raise refused() from None

    @staticmethod
    def _pressed(body: dict[str, Any]) -> Arrival | None:
        user, channel = (body.get("user") or {}).get("id"), (body.get("channel") or {}).get("id")
        actions = body.get("actions") or []
        if not user or not channel or not actions:
            return None
        name = f"action:{channel}:{actions[0].get('action_ts')}:{actions[0].get('value')}"
        thread = (body.get("message") or {}).get("thread_ts") or ""
        address = {"channel": channel, "thread": thread}
        return Arrival(name, f"{channel}:{user}", address, choice=str(actions[0].get("value") or ""))

    @staticmethod
    def _event(body: dict[str, Any]) -> Arrival | None:
        event = body.get("event")
        if body.get("type") != "event_callback" or not isinstance(event, dict):
            return None
        kind, user, channel = event.get("type"), event.get("user"), event.get("channel")
        direct = kind == "message" and event.get("channel_type") == "im"
        other = event.get("bot_id") or event.get("subtype") not in (None, "file_share") or not user or not channel
        if other or not (direct or kind == "app_mention"):
            return None
        stamp = event.get("ts")
        thread = event.get("thread_ts") or ("" if direct else stamp)
        address = {"channel": channel, "thread": thread or ""}
        make = partial(Arrival, f"{channel}:{stamp}", f"{channel}:{user}", address, plain(str(event.get("text") or "")))
        files = []
        for file in event.get("files") or []:
            group = str(file.get("mimetype", "")).partition("/")[0]
            if group in ("image", "audio") and file.get("url_private_download"):
                files.append({"kind": group, "ref": str(file["url_private_download"])})
        if event.get("files") and not files:
            return make(notice=KIND_NOT_UNDERSTOOD)
        return make(files=tuple(files[:4]))

    async def _call(self, method: str, **request: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.settings.slack_bot_token}"}
        answer = await self.api.call("POST", f"{self._base_url}/api/{method}", headers=headers, **request)
        if answer.get("ok") is True:
            return answer
        error = str(answer.get("error", "unknown"))
        raise PlatformError(f"error_{error}", permanent=error not in TEMPORARY)

    async def send(self, address: dict[str, Any], part: TextPart | FilePart) -> None:
        """One message with its blocks, or one file."""
        thread = {"thread_ts": address["thread"]} if address["thread"] else {}
        if isinstance(part, FilePart):
            await self._upload(address["channel"], thread, part)
            return
        body: dict[str, Any] = {"channel": address["channel"], "text": escaped(part.text), **thread}
        if part.cards or part.options:
            body["blocks"] = blocks(part)
        await self._call("chat.postMessage", json=body)

    async def _upload(self, channel: str, thread: dict[str, str], part: FilePart) -> None:
        data = part.path.read_bytes()
        form = {"filename": part.path.name, "length": str(len(data))}
        place = await self._call("files.getUploadURLExternal", data=form)
        kind = {"Content-Type": part.mime}
        await self.api.file("POST", str(place["upload_url"]), 64 * 1024, data=data, headers=kind)
        files = [{"id": place["file_id"], "title": part.label}]
        await self._call("files.completeUploadExternal", json={"files": files, "channel_id": channel, **thread})

    async def download(self, ref: str) -> bytes:
        """A file by its private address; the bot's token goes to Slack alone."""
        host, own = urlsplit(ref), urlsplit(self._base_url)
        slack = host.scheme == "https" and (host.hostname or "").endswith(".slack.com")
        if not slack and (host.scheme, host.netloc) != (own.scheme, own.netloc):
            raise PlatformError("foreign_address", permanent=True)
        headers = {"Authorization": f"Bearer {self.settings.slack_bot_token}"}
        limit = self.settings.upload_max_bytes
        _, data = await self.api.file("GET", ref, limit, headers=headers, allow_redirects=False)
        return data


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": text}}


def _actions(options: tuple[Option, ...]) -> list[dict[str, Any]]:
    if not options:
        return []
    buttons = [
        {
            "type": "button",
            "action_id": option.reference,
            "text": {"type": "plain_text", "text": option.title[:BUTTON_TEXT]},
            "value": option.reference,
        }
        for option in options
    ]
    return [{"type": "actions", "elements": buttons}]


def _card(card: CardPart) -> list[dict[str, Any]]:
    return [{"type": "divider"}, _section(card.text[:2900]), *_actions(card.options)]


def blocks(part: TextPart) -> list[dict[str, Any]]:
    """The part as Block Kit blocks."""
    shown = [block for card in part.cards for block in _card(card)]
    return [_section(part.text), *shown, *_actions(part.options)]
