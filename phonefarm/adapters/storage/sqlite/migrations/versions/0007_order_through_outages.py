"""A push lets newer ones pass for failures of its own only; indexes for what each message and order looks at."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pushes", sa.Column("own_failures", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE pushes SET own_failures = attempts WHERE state IN ('waiting', 'sending')")
    op.drop_index("pushes_by_state", table_name="pushes")
    failed = sa.text("state NOT IN ('waiting', 'sending', 'delivered')")
    op.create_index("failed_pushes_by_state", "pushes", ["state"], sqlite_where=failed)
    op.create_index("rents_of_sim_by_end", "rents", ["sim_id", "finished_at"])
    op.create_index("refunds_by_time", "rents", ["reversed_at"], sqlite_where=sa.text("reversed_at IS NOT NULL"))
    op.create_index("sims_in_turn", "sims", ["unused_in_a_row", "last_rented_at", "sim_id"])
