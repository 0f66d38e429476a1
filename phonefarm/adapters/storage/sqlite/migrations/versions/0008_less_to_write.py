"""What each message writes is less: keys need no index of their own, and an accepted attempt no row beside its push."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_sms_standing", table_name="sms")
    op.drop_index("pushes_of_rent", table_name="pushes")
    op.drop_index("ix_pushes_ended_at", table_name="pushes")
    for table, key in (("sms", "sms_id"), ("rents", "rent_id"), ("pushes", "sms_id")):
        with op.batch_alter_table(table, recreate="always") as changed:
            changed.alter_column(key, existing_type=sa.BigInteger(), type_=sa.Integer(), existing_nullable=False)
    aside = sa.text("standing IN ('baseline', 'held')")
    op.create_index("sms_aside", "sms", ["standing"], sqlite_where=aside)
    uncertain = sa.text("uncertain > 0")
    op.create_index("uncertain_pushes", "pushes", ["uncertain"], sqlite_where=uncertain)
    ended = sa.text("ended_at IS NOT NULL")
    op.create_index("ended_pushes_by_time", "pushes", ["ended_at"], sqlite_where=ended)
    op.create_table(
        "failed_attempts",
        sa.Column("sms_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sms_id", "attempt"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO failed_attempts SELECT sms_id, attempt, begun_at, ended_at, answer FROM push_attempts "
        "WHERE ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pushes WHERE pushes.sms_id = push_attempts.sms_id "
        "AND pushes.state = 'delivered' AND pushes.attempts = push_attempts.attempt)"
    )
    op.drop_table("push_attempts")
    op.rename_table("failed_attempts", "push_attempts")
