"""A push lets newer ones pass for failures of its own only; SIMs by their turn to be issued."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pushes", sa.Column("own_failures", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE pushes SET own_failures = attempts WHERE state IN ('waiting', 'sending')")
    op.create_index("sims_in_turn", "sims", ["unused_in_a_row", "last_rented_at", "sim_id"])
