"""Privacy: texts that are erased, senders whose messages are withheld."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sms", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.create_index("texts_to_erase", "sms", ["arrived_at"], sqlite_where=sa.text("erased_at IS NULL"))
    op.create_table(
        "blocked_senders",
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("pattern", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
