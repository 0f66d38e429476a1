"""What is in doubt of a message is kept, so that later knowledge settles it; rows are found by their row id."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sms", sa.Column("sub_id", sa.BigInteger(), nullable=True))
    op.add_column("sms", sa.Column("doubt", sa.String(), nullable=False, server_default=""))
    op.add_column("sms", sa.Column("phone_date_ms", sa.BigInteger(), nullable=True))
    op.create_index("sms_by_row_id", "sms", ["handset", "row_id"])
    op.create_index("sms_untold", "sms", ["handset", "arrived_at"], sqlite_where=sa.text("doubt = 'sim'"))
