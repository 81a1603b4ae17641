"""``python -m bot.gateway.server``: the only public process."""

from __future__ import annotations

import asyncio
import logging
import sys

import structlog
import uvloop
from aiohttp import web

from bot.gateway.app import create_app
from bot.gateway.db.migrate import is_current
from bot.gateway.errors import origin
from bot.keys import load_keys
from bot.logs import configure_logging
from bot.settings import get_settings
from models.errors import WenyuError

log = structlog.get_logger(__name__)
# After the turns under way are finished, open requests get this long to send their answers.
SHUTDOWN_TIMEOUT_S = 2.0


class WithoutExceptionText(logging.Filter):
    """Leaves of an exception in other libraries' log records only its type and origin: a parser's error repeats
    the header it could not read, which may be a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; lets every record pass."""
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            record.msg = f"{record.getMessage()} [{type(error).__name__}, {'; '.join(origin(error)[-1:])}]"
            record.args = ()
            record.exc_info = None
        return True


def main() -> int:
    """Serve until SIGTERM; 1 when the process cannot start."""
    settings = get_settings()
    configure_logging("gateway", settings.log_level)
    for handler in logging.getLogger().handlers:
        handler.addFilter(WithoutExceptionText())
    try:
        keys = load_keys(settings)
    except WenyuError as error:
        log.error("not_started", code=error.code, hint=error.hint)
        return 1
    try:
        current = asyncio.run(is_current(settings.effective_database_url))
    except Exception as error:  # noqa: BLE001 - drivers have errors of their own while they connect
        hint = "打不开数据库，或者不能写：请检查 WENYU_DATABASE_URL、数据库服务，以及 var 所在磁盘的空间和权限。"
        log.error("not_started", code="database_not_usable", error=type(error).__name__, hint=hint)
        return 1
    if not current:
        log.error("not_started", code="schema_not_current", hint="数据库的结构不是当前版本，请先运行 wenyu migrate。")
        return 1
    try:
        app = create_app(settings, keys)
    except WenyuError as error:
        log.error("not_started", code=error.code, hint=error.hint)
        return 1
    log.info("starting", host=settings.host, port=settings.port)
    try:
        web.run_app(
            app,
            host=settings.host,
            port=settings.port,
            print=lambda *_: None,
            access_log=None,
            shutdown_timeout=SHUTDOWN_TIMEOUT_S,
            loop=uvloop.new_event_loop(),
        )
    except OSError as error:
        log.error(
            "not_started",
            code="port_not_free",
            error=type(error).__name__,
            hint=f"端口 {settings.port} 不能监听，换一个 WENYU_PORT。",
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
