"""Brings the database's schema up to date, and tells whether it is.

``wenyu run`` calls :func:`upgrade` before the processes start; the gateway itself only checks.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.gateway.db.engine import Work, sqlite_engine

LOCK = 0x57656E7975
MIGRATIONS = Path(__file__).parent / "migrations"
logging.getLogger("alembic").setLevel(logging.WARNING)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def head() -> str:
    """The revision this code works with."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("no migration in the package")
    return revision


def revision_of(connection: Connection) -> str | None:
    """The revision the database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> bool:
    if connection.dialect.name == "postgresql":
        # Several installations that start at once on one database wait for each other here.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    if revision_of(connection) == head():
        return False
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


async def _run(database_url: str, work: Work[bool]) -> bool:
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        postgres = create_async_engine(url)
        try:
            async with postgres.begin() as connection:
                return await connection.run_sync(work)
        finally:
            await postgres.dispose()
    return await asyncio.to_thread(_run_on_sqlite, url, work)


def _run_on_sqlite(url: URL, work: Work[bool]) -> bool:
    engine = sqlite_engine(url)
    try:
        with engine.begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


async def upgrade(database_url: str) -> bool:
    """Run the missing migrations in one transaction.

    Args:
        database_url: the same SQLAlchemy URL that :class:`bot.gateway.db.engine.Database` takes.

    Returns:
        whether anything had to be done.
    """
    return await _run(database_url, _upgrade)


async def is_current(database_url: str) -> bool:
    """Whether the schema is the one this code works with."""
    return await _run(database_url, lambda connection: revision_of(connection) == head())
