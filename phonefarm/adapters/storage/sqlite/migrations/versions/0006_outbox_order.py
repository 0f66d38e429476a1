"""The outbox knows which pushes may go now, instead of finding it out for each of them at each look."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pushes", sa.Column("is_free", sa.Boolean(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE pushes SET is_free = 1 WHERE state = 'waiting' AND NOT EXISTS ("
        "SELECT 1 FROM pushes AS older WHERE older.msisdn = pushes.msisdn AND older.sms_id < pushes.sms_id "
        "AND older.state IN ('waiting', 'sending') AND (older.state = 'sending' OR older.attempts < 3))"
    )
    op.drop_index("open_pushes_by_time", table_name="pushes")
    op.create_index("free_pushes_by_time", "pushes", ["next_at"], sqlite_where=sa.text("is_free = 1"))
