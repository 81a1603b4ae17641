"""The services that the request handlers share."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from bot.gateway.db.engine import Database
from bot.gateway.dialogue_client import DialogueClient
from bot.gateway.limits import RateLimiter
from bot.gateway.live import Hub
from bot.gateway.metrics import Metrics
from bot.gateway.platforms.service import Platforms
from bot.gateway.sessions import Sessions, bearer_token
from bot.gateway.speech.recognition import Recognition
from bot.gateway.speech.synthesis import Synthesis
from bot.gateway.upload_store import UploadStore
from bot.gateway.worker import Worker
from bot.settings import Settings


@dataclass(frozen=True)
class Gateway:
    """Everything a handler needs, made once by :func:`bot.gateway.app.create_app`."""

    settings: Settings
    database: Database
    sessions: Sessions
    dialogue: DialogueClient
    hub: Hub
    worker: Worker
    metrics: Metrics
    message_rate: RateLimiter
    session_rate: RateLimiter
    uploads: UploadStore
    platforms: Platforms
    recognition: Recognition
    synthesis: Synthesis


GATEWAY = web.AppKey("gateway", Gateway)


def conversation_of(request: web.Request) -> str:
    """The conversation that the request's token names.

    Raises:
        RequestError: 401 without a valid ``Authorization: Bearer`` header.
    """
    return request.app[GATEWAY].sessions.conversation_of(bearer_token(request.headers.get("Authorization", "")))
