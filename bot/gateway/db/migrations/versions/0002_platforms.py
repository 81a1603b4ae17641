"""Messaging platforms"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _of(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "platform_messages",
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        _of("platform_messages", "message", "inbox"),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_platform_messages")),
    )
    op.create_table(
        "deliveries",
        sa.Column("reply", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sent_parts", sa.Integer(), nullable=False),
        sa.Column("carried", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("lease_until", sa.Float(), nullable=False),
        sa.Column("error", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float(), nullable=True),
        _of("deliveries", "reply", "outbox"),
        _of("deliveries", "message", "inbox"),
        _of("deliveries", "conversation", "conversations"),
        sa.PrimaryKeyConstraint("reply", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_message"), "deliveries", ["message"], unique=False)
    op.create_index(op.f("ix_deliveries_conversation"), "deliveries", ["conversation"], unique=False)
    op.create_index("ix_deliveries_state_due_at", "deliveries", ["state", "due_at"], unique=False)
    op.create_table(
        "seen_calls",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seen_calls")),
    )
    op.create_index(op.f("ix_seen_calls_seen_at"), "seen_calls", ["seen_at"], unique=False)
    op.create_table(
        "access_tokens",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_access_tokens")),
    )


def downgrade() -> None:
    op.drop_table("access_tokens")
    op.drop_index(op.f("ix_seen_calls_seen_at"), table_name="seen_calls")
    op.drop_table("seen_calls")
    op.drop_index("ix_deliveries_state_due_at", table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_conversation"), table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_message"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_table("platform_messages")
