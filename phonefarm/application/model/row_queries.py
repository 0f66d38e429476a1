"""The queries for rows: a constant for each kind of rows that the window lists, typed by its row.

`LiveFarmDesk`, the storage's views and the tests' desk each have a table from query to function.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar

from phonefarm.application.model.read_models import (
    BanRow,
    MessageRow,
    NetworkRow,
    NumberTask,
    PhoneRow,
    PushRow,
    RentRow,
    SimRow,
    Topic,
)

P = ParamSpec("P")
Row = TypeVar("Row")

Keys = Collection[str] | None
"""The keys of the rows to read, as `RowQuery.key` gives them; None for all (histories are bounded)."""


@dataclass(frozen=True, eq=False)
class RowQuery(Generic[Row]):
    """A kind of rows; compared by identity, since the only queries are the constants below."""

    name: str
    topic: Topic
    """Its changes may affect these rows."""
    key: Callable[[Row], str]


PHONES: RowQuery[PhoneRow] = RowQuery("phones", Topic.PHONES, lambda row: row.phone_id)
SIMS: RowQuery[SimRow] = RowQuery("sims", Topic.SIMS, lambda row: row.sim_id)
RENTS: RowQuery[RentRow] = RowQuery("rents", Topic.RENTS, lambda row: str(row.rent_id))
MESSAGES: RowQuery[MessageRow] = RowQuery("messages", Topic.MESSAGES, lambda row: str(row.sms_id))
PUSHES: RowQuery[PushRow] = RowQuery("pushes", Topic.PUSHES, lambda row: str(row.sms_id))
BANS: RowQuery[BanRow] = RowQuery("bans", Topic.BANS, lambda row: row.sim_id)
NUMBER_TASKS: RowQuery[NumberTask] = RowQuery("number tasks", Topic.NUMBERS, lambda row: row.sim_id)
"""The SIMs in phones whose number or network name is missing."""
NETWORKS: RowQuery[NetworkRow] = RowQuery("networks", Topic.NUMBERS, lambda row: row.mcc_mnc)
"""The networks of the farm's SIMs, and those that the user has named."""

ROW_QUERIES: tuple[RowQuery[Any], ...] = (PHONES, SIMS, RENTS, MESSAGES, PUSHES, BANS, NUMBER_TASKS, NETWORKS)


def answered_by(
    query: RowQuery[Row], read: Callable[P, Sequence[Row] | Awaitable[Sequence[Row]]]
) -> tuple[RowQuery[Any], Callable[P, Any]]:
    """An entry of a table from query to function; its signature makes mypy check that the rows match."""
    return query, read
