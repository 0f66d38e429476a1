"""When it was found out what a phone's SMS provider takes: it is tried again once a day."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("probes", sa.Column("found_at", sa.BigInteger(), nullable=True))
