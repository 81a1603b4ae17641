"""The action server: rasa-sdk's executor behind a small aiohttp application on the loopback address.

rasa-sdk's own server answers an error with the exception text and the whole tracker, inflates compressed bodies
without a limit and may start several processes, each with its own models. Here there is one process, bodies are
limited, and an error says its code and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import orjson
import structlog
from aiohttp import web
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

from actions.rasa_actions import rasa_actions
from actions.services import Deferred, Services, open_services
from bot.logs import configure_logging
from bot.settings import Settings, get_settings
from knowledge.answer import FaqService

log = structlog.get_logger(__name__)
MAX_BODY_BYTES = 2 * 1024 * 1024
REFRESH_EVERY_S = 1.0
EXECUTOR = web.AppKey("executor", ActionExecutor)
SERVICES = web.AppKey("services", Services)


async def _webhook(request: web.Request) -> web.Response:
    """Rasa's action protocol: ``{next_action, tracker, domain}`` → ``{events, responses}``."""
    if request.headers.get("Content-Encoding"):
        return web.json_response({"error": "encoding_not_supported"}, status=415)
    try:
        call = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return web.json_response({"error": "invalid_json"}, status=400)
    if not isinstance(call, dict) or not call.get("next_action") or "tracker" not in call:
        return web.json_response({"error": "invalid_call"}, status=400)
    try:
        result = await request.app[EXECUTOR].run(call)
    except ActionExecutionRejection as error:
        return web.json_response({"error": "rejected", "action_name": error.action_name}, status=400)
    except ActionNotFoundException as error:
        return web.json_response({"error": "unknown_action", "action_name": error.action_name}, status=404)
    body = result.model_dump() if result else {"events": [], "responses": []}
    return web.Response(body=orjson.dumps(body), content_type="application/json")


async def _health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok", "loading": request.app[SERVICES].loading()})


async def _refresh_for_ever(sources: Mapping[str, FaqService | Deferred[object]]) -> None:
    """Load what is deferred, so that nobody waits for it, and take over edits of the FAQ and of models within seconds.

    What cannot be read is told once, and the last good one stays.
    """
    errors: dict[str, str] = {}
    while True:
        for name, source in sources.items():
            try:
                if await asyncio.to_thread(source.refresh):
                    log.info("loaded", service=name)
                errors.pop(name, None)
            except Exception as error:  # noqa: BLE001 - a bad edit must not stop the server
                message = type(error).__name__
                if errors.get(name) != message:
                    log.error("not_loaded", service=name, error=message, hint=getattr(error, "hint", ""))
                    errors[name] = message
        await asyncio.sleep(REFRESH_EVERY_S)


def create_app(services: Services, settings: Settings) -> web.Application:
    """The aiohttp application: POST /webhook (Rasa's action protocol), GET /health (what is still loading)."""
    executor = ActionExecutor()
    for action in rasa_actions(services, settings.skill_timeout_s):
        executor.register_action(action)

    async def refresher(app: web.Application) -> AsyncIterator[None]:
        # Apart, so that an edit of the FAQ does not wait for models, which take seconds to load.
        answers = {"faq": services.faq, "chitchat": services.chitchat}
        tasks = [asyncio.create_task(_refresh_for_ever(some)) for some in (answers, services.deferred())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app[EXECUTOR] = executor
    app[SERVICES] = services
    app.cleanup_ctx.append(refresher)
    app.add_routes([web.post("/webhook", _webhook), web.get("/health", _health)])
    return app


def main() -> None:
    """Load the services and serve on the loopback address until SIGTERM."""
    settings = get_settings()
    configure_logging("actions", settings.log_level)
    services = open_services(settings)
    log.info("ready", port=settings.actions_port, entries=len(services.faq.entries), folder=Path(settings.faq_dir).name)
    web.run_app(
        create_app(services, settings),
        host="127.0.0.1",
        port=settings.actions_port,
        print=lambda *_: None,
        access_log=None,
        shutdown_timeout=settings.turn_deadline_s,
    )


if __name__ == "__main__":
    main()
