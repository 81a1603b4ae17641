"""One way to run a transaction: ``await database.write(work)`` with a plain function of a connection.

SQLite runs in one thread that owns one connection, so that a transaction costs one thread switch instead of one
a statement; PostgreSQL runs on SQLAlchemy's asyncio engine with asyncpg. The functions are the same for both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

T = TypeVar("T")
Work = Callable[[Connection], T]
BUSY_TIMEOUT_MS = 4000


def _dump_json(value: object) -> str:
    return orjson.dumps(value).decode()


def sqlite_engine(url: URL) -> Engine:
    """An engine on one SQLite file: WAL, foreign keys on, and explicit transactions.

    A write transaction takes the write lock when it begins (``BEGIN IMMEDIATE``), because a lock that is taken
    halfway cannot be waited for; the dialogue process writes to the same file.
    """
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url.set(drivername="sqlite"),
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
        json_serializer=_dump_json,
        json_deserializer=orjson.loads,
    )

    @event.listens_for(engine, "connect")
    def _on_connect(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None
        dbapi_connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        dbapi_connection.execute("PRAGMA journal_mode = WAL")
        dbapi_connection.execute("PRAGMA synchronous = NORMAL")
        dbapi_connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


class Database:
    """Transactions on one database.

    Args:
        url: a SQLAlchemy URL, ``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._sqlite: Engine | None = None
        self._postgres: AsyncEngine | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._unreachable: tuple[type[Exception], ...] = ()
        if parsed.get_backend_name() == "sqlite":
            self._sqlite = sqlite_engine(parsed)
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        else:
            from asyncpg.exceptions import InterfaceError, PostgresError

            self._unreachable = (OSError, TimeoutError, InterfaceError, PostgresError)
            self._postgres = create_async_engine(
                parsed, json_serializer=_dump_json, json_deserializer=orjson.loads, pool_pre_ping=True
            )

    @property
    def shared(self) -> bool:
        """Whether several gateway processes may use the database at once: PostgreSQL, not SQLite."""
        return self._postgres is not None

    async def write(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction that is committed when it returns and undone when it raises."""
        return await self._run(work, reading=False)

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction that takes no write lock."""
        return await self._run(work, reading=True)

    async def _run(self, work: Work[T], *, reading: bool) -> T:
        if self._postgres is not None:
            try:
                async with self._postgres.begin() as connection:
                    return await connection.run_sync(work)
            except self._unreachable as error:
                # What the driver raises while it connects SQLAlchemy passes on as it is.
                raise OperationalError("connect", None, error) from None
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run_sqlite, work, reading)

    def _run_sqlite(self, work: Work[T], reading: bool) -> T:
        assert self._sqlite is not None  # noqa: S101 - _run has decided
        with self._sqlite.connect() as connection:
            if reading:
                connection.execution_options(reading=True)
            with connection.begin():
                return work(connection)

    async def close(self) -> None:
        """Close the connections after the transactions under way."""
        if self._postgres is not None:
            await self._postgres.dispose()
        if self._thread is not None and self._sqlite is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._sqlite.dispose)
            self._thread.shutdown()
