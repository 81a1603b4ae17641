"""The HTTP side of the dialogue process: two routes on the loopback address and nothing of Rasa's own server."""

import hmac
import json
import logging

from aiohttp import web

from bot.dialogue.logs import log, place_of
from bot.dialogue.messages import BadMessage, read_message
from bot.dialogue.turn import Turns

MAX_BODY_BYTES = 256 * 1024
TOKEN_HEADER = "X-Wenyu-Token"  # noqa: S105 - the name of a header


def create_app(turns: Turns, token: str) -> web.Application:
    """POST /webhooks/wenyu/turn runs a turn; GET /health says that the assistant is loaded and warm.

    Args:
        turns: runs the turns.
        token: what a request has to carry in ``X-Wenyu-Token``.
    """
    expected = token.encode()

    async def turn(request: web.Request) -> web.Response:
        given = request.headers.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            return web.json_response({"error": "wrong_token"}, status=401)
        try:
            incoming = read_message(json.loads(await request.read()))
        except BadMessage as error:
            return web.json_response({"error": str(error)}, status=400)
        except ValueError:
            return web.json_response({"error": "invalid_json"}, status=400)
        try:
            result = await turns.run(incoming)
        except Exception as error:  # noqa: BLE001 - the gateway sends the message again, or says so politely
            log(logging.ERROR, "turn_failed", error=type(error).__name__, error_place=place_of(error))
            return web.json_response({"error": "turn_failed"}, status=503)
        body = {"message_id": incoming.message_id, "replayed": result.replayed, "messages": result.messages}
        return web.json_response(body, dumps=lambda value: json.dumps(value, ensure_ascii=False))

    async def health(request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.add_routes([web.post("/webhooks/wenyu/turn", turn), web.get("/health", health)])
    return app
