"""How many messages a rent had is counted where it is shown, not written down with each of them."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("rents", "sms_count")
