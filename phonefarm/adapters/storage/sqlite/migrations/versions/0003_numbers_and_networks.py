"""Numbers that are imported or accepted, the user's own names of networks, patterns of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sims", sa.Column("message_msisdn", sa.String(), nullable=True))
    op.create_table(
        "numbers_new",
        sa.Column("iccid", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("msisdn", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("iccid", "origin"),
    )
    op.execute(
        "INSERT INTO numbers_new (iccid, origin, msisdn, country, operator, label, said_at) "
        "SELECT iccid, 'file', msisdn, country, operator, label, 0 FROM numbers"
    )
    op.drop_table("numbers")
    op.rename_table("numbers_new", "numbers")
    op.create_table(
        "network_names",
        sa.Column("mcc_mnc", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("named_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mcc_mnc"),
    )
    op.create_table(
        "number_patterns",
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
