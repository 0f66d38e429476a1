"""Timelines, measures and causes are plain values; the sentences of older versions stay as they were written."""

import json
import re

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_MEASURES = (
    (r"(\d+) MB free", "free_megabytes", 1),
    (r"(-?\d+) °C", "celsius", 1),
    (r"(\d+) %", "percent", 1),
    (r"(\d+) min fast", "minutes_fast", 1),
    (r"(\d+) min slow", "minutes_fast", -1),
)


def upgrade() -> None:
    op.execute("ALTER TABLE journal RENAME COLUMN title TO fields")
    op.execute("UPDATE journal SET kind = 'text', fields = json_object('text', fields)")
    op.add_column("phones", sa.Column("cause", sa.String(), nullable=False, server_default=""))
    op.execute("ALTER TABLE phone_conditions RENAME COLUMN detail TO fields")
    connection = op.get_bind()
    details = connection.execute(sa.text("SELECT DISTINCT fields FROM phone_conditions")).scalars().all()
    for detail in details:
        connection.execute(
            sa.text("UPDATE phone_conditions SET fields = :fields WHERE fields = :detail"),
            {"fields": _measure(detail), "detail": detail},
        )


def _measure(detail: str) -> str:
    """What is no measure is told anew with the phone's next check-up, a minute later."""
    for pattern, name, sign in _MEASURES:
        if (found := re.fullmatch(pattern, detail)) is not None:
            return json.dumps({name: sign * int(found[1])})
    return "{}"
