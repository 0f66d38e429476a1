"""Money: what was taken back is kept beside what was credited."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rents", sa.Column("reversed_sum", sa.BigInteger(), nullable=True))
    # What a reversed sale had been credited with was not kept so far; its expected sum comes nearest.
    op.execute("UPDATE rents SET reversed_sum = expected WHERE reversed_at IS NOT NULL")
