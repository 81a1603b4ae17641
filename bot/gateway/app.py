"""Puts the gateway together: the services, the routes, the start and the end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from bot.gateway import feedback, health, media, openapi, uploads
from bot.gateway.channels import rest, socket
from bot.gateway.channels import web as web_channel
from bot.gateway.context import GATEWAY, Gateway
from bot.gateway.db.engine import Database
from bot.gateway.dialogue_client import DialogueClient
from bot.gateway.limits import RateLimiter
from bot.gateway.live import Hub
from bot.gateway.metrics import Metrics
from bot.gateway.middleware import around_requests
from bot.gateway.picture_decoder import PictureDecoder
from bot.gateway.platforms.hooks import hook_routes
from bot.gateway.platforms.service import Platforms
from bot.gateway.security import SecurityHeaders
from bot.gateway.sessions import Sessions
from bot.gateway.site import site_routes
from bot.gateway.speech import endpoints as speech
from bot.gateway.speech import socket as speech_socket
from bot.gateway.speech.recognition import Recognition
from bot.gateway.speech.synthesis import Synthesis
from bot.gateway.text import normalise
from bot.gateway.upload_store import UploadStore
from bot.gateway.worker import Worker
from bot.keys import Keys
from bot.settings import Settings

log = structlog.get_logger(__name__)


def _services(settings: Settings, keys: Keys) -> Gateway:
    database = Database(settings.effective_database_url)
    hub = Hub()
    metrics = Metrics()
    processes = tuple(f"http://127.0.0.1:{port}" for port in settings.dialogue_ports)
    dialogue = DialogueClient(processes, keys.internal, settings.var_dir / "uploads")
    pictures = PictureDecoder()
    message_rate = RateLimiter(settings.rate_limit_per_minute, "您发得太快了，请稍等一会儿再发。")
    store = UploadStore(database, pictures, metrics, settings.var_dir / "uploads")
    recognition = Recognition(settings)
    platforms = Platforms(settings, database, metrics, message_rate, store, recognition)
    return Gateway(
        settings=settings,
        database=database,
        sessions=Sessions(keys.session, settings.session_days),
        dialogue=dialogue,
        hub=hub,
        worker=Worker(database, dialogue, hub, metrics, platforms, deadline_s=settings.turn_deadline_s),
        metrics=metrics,
        message_rate=message_rate,
        session_rate=RateLimiter(settings.new_sessions_per_minute, "新会话开得太快了，请稍等一会儿。"),
        uploads=store,
        platforms=platforms,
        recognition=recognition,
        synthesis=Synthesis(settings),
    )


async def _run_services(app: web.Application) -> AsyncIterator[None]:
    gateway = app[GATEWAY]
    await gateway.dialogue.start()
    # The tables of traditional characters are read now, not in the first visitor's turn.
    normalise("繁體")
    await gateway.worker.start()
    await gateway.platforms.start(gateway.worker.accept)
    yield
    await gateway.recognition.stop()
    await gateway.synthesis.stop()
    await gateway.dialogue.close()
    await gateway.database.close()


async def _drain(app: web.Application) -> None:
    """Finish what runs while the connections are still open, then say good-bye to the live clients."""
    gateway = app[GATEWAY]
    log.info("draining", pending=gateway.worker.pending, sockets=gateway.hub.total())
    await speech_socket.close_sockets(app)
    await gateway.platforms.close_connections()
    await gateway.worker.drain()
    await gateway.platforms.stop()
    gateway.hub.close()


def create_app(settings: Settings, keys: Keys) -> web.Application:
    """The aiohttp application. The database's schema has to be current."""
    app = web.Application(
        client_max_size=settings.max_body_bytes, middlewares=[around_requests(SecurityHeaders(settings))]
    )
    app[GATEWAY] = _services(settings, keys)
    app[speech_socket.SOCKETS] = set()
    app.cleanup_ctx.append(_run_services)
    app.on_shutdown.append(_drain)
    app.add_routes(
        [
            web.post("/api/v1/sessions", web_channel.post_session),
            web.post("/api/v1/messages", web_channel.post_message),
            web.get("/api/v1/messages", web_channel.get_messages),
            web.get("/api/v1/ws", socket.get_socket),
            web.post("/api/v1/messages/{id}/feedback", feedback.post_feedback),
            web.post("/api/v1/uploads", uploads.post_upload),
            web.post("/api/v1/speech/transcriptions", speech.post_transcription),
            web.post("/api/v1/speech/audio", speech.post_audio),
            web.get("/api/v1/speech/ws", speech_socket.get_socket),
            web.get("/api/v1/openapi.json", openapi.get_document),
            web.post("/webhooks/rest/webhook", rest.post_webhook),
            web.get("/media/{id}", media.get_media),
            web.get("/livez", health.get_live),
            web.get("/readyz", health.get_ready),
            web.get("/metrics", health.get_metrics),
            *hook_routes(app[GATEWAY]),
            *site_routes(),
        ]
    )
    return app
