"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("line_id"),
    )
    op.create_index("journal_of_subject", "journal", ["topic", "key", "at"], unique=False)
    op.create_table(
        "numbers",
        sa.Column("iccid", sa.String(), nullable=False),
        sa.Column("msisdn", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("iccid"),
    )
    op.create_table(
        "phones",
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("handset", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("make", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("android", sa.String(), nullable=False),
        sa.Column("sdk", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("state_since", sa.BigInteger(), nullable=False),
        sa.Column("baseline_at", sa.BigInteger(), nullable=True),
        sa.Column("last_read_at", sa.BigInteger(), nullable=True),
        sa.Column("clock_skew_ms", sa.BigInteger(), nullable=True),
        sa.Column("query_ms", sa.Integer(), nullable=True),
        sa.Column("hints_working", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("phone_id"),
    )
    op.create_index(op.f("ix_phones_handset"), "phones", ["handset"], unique=False)
    op.create_table(
        "push_attempts",
        sa.Column("sms_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sms_id", "attempt"),
    )
    op.create_table(
        "pushes",
        sa.Column("sms_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rent_id", sa.BigInteger(), nullable=False),
        sa.Column("msisdn", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("soft_refusals", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("begun_at", sa.BigInteger(), nullable=True),
        sa.Column("is_last_chance", sa.Boolean(), nullable=False),
        sa.Column("last_answer", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("sms_id"),
    )
    op.create_index(op.f("ix_pushes_ended_at"), "pushes", ["ended_at"], unique=False)
    op.create_index(
        "open_pushes_by_number",
        "pushes",
        ["msisdn", "sms_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'sending')"),
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
    op.create_index(
        "open_pushes_by_time",
        "pushes",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'sending')"),
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
    op.create_index("pushes_by_state", "pushes", ["state"], unique=False)
    op.create_index("pushes_of_rent", "pushes", ["rent_id"], unique=False)
    op.create_table(
        "rents",
        sa.Column("rent_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sim_id", sa.String(), nullable=False),
        sa.Column("msisdn", sa.String(), nullable=False),
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("ordered_at", sa.BigInteger(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("accepted_sms", sa.Integer(), nullable=False),
        sa.Column("sms_count", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("finish_status", sa.Integer(), nullable=True),
        sa.Column("credited", sa.BigInteger(), nullable=True),
        sa.Column("credited_is_estimate", sa.Boolean(), nullable=False),
        sa.Column("reversed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("rent_id"),
    )
    op.create_index(op.f("ix_rents_finished_at"), "rents", ["finished_at"], unique=False)
    op.create_index(op.f("ix_rents_ordered_at"), "rents", ["ordered_at"], unique=False)
    op.create_index(
        "one_open_rent_a_number",
        "rents",
        ["msisdn"],
        unique=True,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        "one_open_rent_a_sim",
        "rents",
        ["sim_id"],
        unique=True,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index("rents_of_sim", "rents", ["sim_id", "ordered_at"], unique=False)
    op.create_table(
        "sequences",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "sim_places",
        sa.Column("handset", sa.String(), nullable=False),
        sa.Column("sim_id", sa.String(), nullable=False),
        sa.Column("sub_id", sa.Integer(), nullable=True),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("handset", "sim_id"),
    )
    op.create_table(
        "sims",
        sa.Column("sim_id", sa.String(), nullable=False),
        sa.Column("iccid", sa.String(), nullable=False),
        sa.Column("msisdn", sa.String(), nullable=True),
        sa.Column("msisdn_source", sa.String(), nullable=False),
        sa.Column("phone_msisdn", sa.String(), nullable=True),
        sa.Column("hand_msisdn", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("mcc_mnc", sa.String(), nullable=False),
        sa.Column("phone_id", sa.String(), nullable=True),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("slot_state", sa.String(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("held_reason", sa.String(), nullable=True),
        sa.Column("held_at", sa.BigInteger(), nullable=True),
        sa.Column("unused_in_a_row", sa.Integer(), nullable=False),
        sa.Column("banned_since", sa.BigInteger(), nullable=True),
        sa.Column("banned_until", sa.BigInteger(), nullable=True),
        sa.Column("banned_by_hand", sa.Boolean(), nullable=False),
        sa.Column("last_rented_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("sim_id"),
    )
    op.create_index(op.f("ix_sims_msisdn"), "sims", ["msisdn"], unique=False)
    op.create_index(op.f("ix_sims_phone_id"), "sims", ["phone_id"], unique=False)
    op.create_table(
        "sms",
        sa.Column("sms_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("handset", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("sim_id", sa.String(), nullable=True),
        sa.Column("msisdn", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("rent_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("sms_id"),
    )
    op.create_index(op.f("ix_sms_arrived_at"), "sms", ["arrived_at"], unique=False)
    op.create_index(op.f("ix_sms_standing"), "sms", ["standing"], unique=False)
    op.create_index("one_row_a_message", "sms", ["handset", "fingerprint"], unique=True)
    op.create_index("sms_of_rent", "sms", ["rent_id"], unique=False)
    op.create_index("sms_of_sim", "sms", ["sim_id", "arrived_at"], unique=False)
