"""The dialogue process: ``python -m bot.dialogue.server``.

Loads the one trained archive, warms up, and then listens on the loopback address. A SIGTERM lets turns in progress
finish.
"""

import os

# Read when Rasa and TensorFlow are imported.
os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import asyncio
import gc
import logging
import signal
import sys
import time
from typing import AsyncIterator

from aiohttp import web

from bot.dialogue.env import ARCHIVE, BadSetting, Env, read_env
from bot.dialogue.logs import configure_logging, log, place_of


class CannotStart(RuntimeError):
    """Something the operator has to do first; the message says what, in Chinese."""


def load(env: Env) -> web.Application:
    """The application with everything loaded.

    Raises:
        CannotStart: when the archive, the token or the static vectors are missing.
    """
    if not ARCHIVE.is_file():
        raise CannotStart("对话模型还没有训练。请运行 make run，它会自动训练；或运行 python -m bot.dialogue.train。")
    if not env.token:
        raise CannotStart("没有进程间口令 WENYU_INTERNAL_TOKEN。请用 make run 启动，它会自动设置。")
    from bot.dialogue.nlu.static_vectors import MissingVectors, StaticVectors

    try:
        StaticVectors(env.var_dir / "encoder" / "static")
    except MissingVectors as error:
        raise CannotStart(str(error)) from error
    import uvloop
    from rasa.core.agent import Agent

    from bot.dialogue.channel import create_app
    from bot.dialogue.patches import ActionClient, install
    from bot.dialogue.tracker_store import BoundedTrackerStore
    from bot.dialogue.turn import Turns

    uvloop.install()
    actions = ActionClient(f"http://127.0.0.1:{env.actions_port}/webhook", env.action_timeout_s)
    install(actions)
    processor = Agent.load(ARCHIVE).processor
    env.var_dir.mkdir(parents=True, exist_ok=True)
    store = BoundedTrackerStore(processor.domain, env.database_url)
    turns = Turns(processor, store, actions)
    asyncio.run(turns.warm_up())
    app = create_app(turns, env.token)

    async def resources(_app: web.Application) -> AsyncIterator[None]:
        yield
        await actions.close()
        store.close()

    app.cleanup_ctx.append(resources)
    # What is loaded stays: the collector need not walk through millions of objects in the middle of a turn.
    gc.collect()
    gc.freeze()
    return app


async def serve(app: web.Application, env: Env) -> None:
    """Listen until SIGTERM or SIGINT; then take no new turn, finish those in progress, and close idle connections."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=env.turn_deadline_s)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", env.port).start()
    log(logging.INFO, "ready", port=env.port)
    await stop.wait()
    await runner.cleanup()
    log(logging.INFO, "stopped")


def main() -> None:
    """Load, warm up, serve until SIGTERM."""
    began = time.monotonic()
    try:
        env = read_env()
    except BadSetting as error:
        sys.exit(str(error))
    configure_logging(env.log_level)
    try:
        app = load(env)
    except CannotStart as error:
        log(logging.ERROR, "cannot_start", hint=str(error))
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - one line that says where, in the common log
        hint = getattr(error, "hint", "")
        log(logging.ERROR, "cannot_start", error=type(error).__name__, error_place=place_of(error), hint=hint)
        sys.exit(1)

    log(logging.INFO, "loaded", seconds=round(time.monotonic() - began, 1))
    try:
        asyncio.run(serve(app, env))
    except OSError:
        log(
            logging.ERROR,
            "cannot_start",
            hint=f"端口 {env.port} 已被占用；请改 WENYU_DIALOGUE_PORT，或停掉占用它的程序。",
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
