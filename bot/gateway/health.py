"""What a supervisor, a load balancer and Prometheus ask."""

from __future__ import annotations

import asyncio

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot.gateway.context import GATEWAY, Gateway
from bot.gateway.db.models import Conversation
from bot.gateway.dialogue_client import probe
from bot.gateway.http import json_response

PROBE_TIMEOUT_S = 1.5


async def get_live(request: web.Request) -> web.Response:
    """GET /livez: the process answers."""
    return json_response({"status": "ok"})


async def _database_answers(gateway: Gateway) -> bool:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            await gateway.database.read(lambda c: c.execute(select(Conversation.id).limit(1)).all())
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True


async def get_ready(request: web.Request) -> web.Response:
    """GET /readyz: 200 when database, dialogue and actions answer now, else 503 with what does not."""
    gateway = request.app[GATEWAY]
    database, dialogue, actions = await asyncio.gather(
        _database_answers(gateway),
        gateway.dialogue.probe(),
        probe(f"http://127.0.0.1:{gateway.settings.actions_port}/health"),
    )
    checks = {"database": database, "dialogue": dialogue, "actions": actions}
    ready = all(checks.values()) and not gateway.worker.draining
    return json_response(
        {
            "status": "ready" if ready else "not_ready",
            "checks": {k: "ok" if v else "failed" for k, v in checks.items()},
        },
        200 if ready else 503,
    )


async def get_metrics(request: web.Request) -> web.Response:
    """GET /metrics: Prometheus' text format."""
    return web.Response(
        body=request.app[GATEWAY].metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    )
