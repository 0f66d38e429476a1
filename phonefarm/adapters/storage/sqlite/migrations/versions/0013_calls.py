"""The log: calls of the market, changes of health checks, and the journal by time."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("call_id", sa.Integer(), primary_key=True),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("fields", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("milliseconds", sa.Float(), nullable=True),
        sa.Column("rent_id", sa.BigInteger(), nullable=True),
        sa.Column("sms_id", sa.BigInteger(), nullable=True),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("response", sa.String(), nullable=False),
    )
    op.create_index("calls_by_time", "calls", ["at", "call_id"])
    op.create_index("calls_by_kind", "calls", ["kind", "at", "call_id"])
    op.create_table(
        "health_changes",
        sa.Column("change_id", sa.Integer(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("fields", sa.String(), nullable=False),
    )
    op.create_index("health_changes_by_time", "health_changes", ["at"])
    op.create_index("health_changes_of_check", "health_changes", ["name", "at"])
    op.create_index("journal_by_time", "journal", ["at"])
