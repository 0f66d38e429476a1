"""Phones in the field: health, probes, announcements, what the user settled for good."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("hint_to_row_ms", sa.Integer(), nullable=True),
        sa.Column("sms_hinted", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("sms_unhinted", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("hints_without_row", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("firmware", sa.String(), nullable=False, server_default=""),
        sa.Column("usb_path", sa.String(), nullable=False, server_default=""),
        sa.Column("battery_percent", sa.Integer(), nullable=True),
        sa.Column("is_charging", sa.Boolean(), nullable=True),
        sa.Column("temperature", sa.Float(), nullable=True),
        sa.Column("free_bytes", sa.BigInteger(), nullable=True),
        sa.Column("booted_at", sa.BigInteger(), nullable=True),
        sa.Column("airplane_mode", sa.Boolean(), nullable=True),
        sa.Column("sms_app", sa.String(), nullable=True),
    ):
        op.add_column("phones", column)
    for column in (
        sa.Column("slot_state_since", sa.BigInteger(), nullable=True),
        sa.Column("signal", sa.Integer(), nullable=True),
        sa.Column("network_type", sa.String(), nullable=False, server_default=""),
        sa.Column("is_roaming", sa.Boolean(), nullable=False, server_default="0"),
    ):
        op.add_column("sims", column)
    op.add_column("sms", sa.Column("sim_mark", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "phone_conditions",
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("phone_id", "condition"),
    )
    op.create_table(
        "probes",
        sa.Column("handset", sa.String(), nullable=False),
        sa.Column("firmware", sa.String(), nullable=False),
        sa.Column("reads_hex", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("has_sub_id", sa.Boolean(), nullable=False),
        sa.Column("slot_column", sa.String(), nullable=False),
        sa.Column("has_otp_mark", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("handset"),
    )
    op.create_table(
        "empty_hints",
        sa.Column("handset", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("handset", "at"),
    )
    op.create_table(
        "sim_rules",
        sa.Column("handset", sa.String(), nullable=False),
        sa.Column("sim_mark", sa.String(), nullable=False),
        sa.Column("sim_id", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("sub_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("handset", "sim_mark"),
    )
