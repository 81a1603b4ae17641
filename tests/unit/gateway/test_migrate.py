"""The schema."""

from __future__ import annotations

import time
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from bot.gateway.db.migrate import is_current, upgrade
from bot.gateway.db.models import Base


async def test_upgrade_makes_the_schema_once(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'deep' / 'wenyu.db'}"
    assert not await is_current(url)
    assert await upgrade(url)
    assert await is_current(url)
    started = time.monotonic()
    assert not await upgrade(url)
    assert time.monotonic() - started < 1


async def test_the_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    path = tmp_path / "wenyu.db"
    await upgrade(f"sqlite+aiosqlite:///{path}")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


async def test_a_table_that_the_dialogue_process_made_first_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "wenyu.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE tracker(conversation TEXT PRIMARY KEY, events TEXT NOT NULL, updated_at REAL NOT NULL)"
        )
        connection.exec_driver_sql("INSERT INTO tracker VALUES ('c', '[]', 1.0)")
    engine.dispose()
    assert await upgrade(f"sqlite+aiosqlite:///{path}")
    assert await is_current(f"sqlite+aiosqlite:///{path}")
