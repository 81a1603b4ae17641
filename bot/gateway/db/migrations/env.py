"""Alembic's entry point; :mod:`bot.gateway.db.migrate` passes the connection, there is no alembic.ini."""

from alembic import context

from bot.gateway.db.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
)
with context.begin_transaction():
    context.run_migrations()
