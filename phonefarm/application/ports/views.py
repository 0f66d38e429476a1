"""What is read from the database: rows and figures for the window, and what the use cases look up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from phonefarm.application.model.read_models import (
    Counts,
    MessageRow,
    MoneyRow,
    PushRow,
    RentRow,
    Topic,
)
from phonefarm.application.model.row_queries import Keys, RowQuery
from phonefarm.application.model.timeline import TimelineEntry
from phonefarm.application.ports.log_views import LogViews
from phonefarm.application.ports.records.numbers import ToldSms
from phonefarm.domain.ids import Msisdn, PhoneId, SimId
from phonefarm.domain.money import Grouping
from phonefarm.domain.number_patterns import NumberPattern
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.sims import Sim

Row = TypeVar("Row")

HISTORY_ROWS = 20_000
"""The newest rows of a history that are read at most."""


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What the offer of an instant is counted from: the SIMs in phones; of those that it cannot tell apart, one."""

    sims: list[Sim]
    alike: Mapping[SimId, int]
    """For how many SIMs each stands."""
    rented: frozenset[Msisdn]
    """The numbers of open rents."""
    countries: list[str]


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The figures of the overview that only the database knows."""

    sms_today: int
    sms_delivered_today: int
    sms_held: int
    income_today: Decimal
    income_month: Decimal
    sms_by_hour: tuple[int, ...]
    income_by_day: tuple[Decimal, ...]
    arrivals: tuple[tuple[datetime, float], ...]
    """(delivered at, seconds from arrival to the market's 200) of the last hour."""


class Views(Protocol):
    """Reads one snapshot of the database."""

    @property
    def log(self) -> LogViews: ...

    def rows(self, query: RowQuery[Row], keys: Keys, now: datetime) -> list[Row]:
        """The stored part of the rows of one of `row_queries.ROW_QUERIES`; of histories the newest `HISTORY_ROWS`.

        The use cases add what is not stored: the number that a task's messages state, and the names of a network
        that the user has not named.
        """
        ...

    def waiting_rents(self, limit: int, now: datetime) -> list[RentRow]: ...

    def held_messages(self, limit: int) -> list[MessageRow]: ...

    def parked_pushes(self, limit: int) -> list[PushRow]: ...

    def newest_messages(self, sim_ids: Collection[str]) -> Mapping[str, tuple[int, int]]:
        """(how many, newest id) of the messages of each SIM that has any: changes when one is added."""
        ...

    def messages_of(self, sim_id: str, limit: int) -> list[ToldSms]:
        """The newest messages of a SIM, newest first."""
        ...

    def places_of_numbers(self, numbers: Collection[str]) -> Mapping[str, str]:
        """Which of the numbers a SIM in a phone has already, and where: phone and slot."""
        ...

    def number_patterns(self) -> list[NumberPattern]:
        """The user's own patterns; none as long as the built-in ones are used."""
        ...

    def timeline(self, topic: Topic, key: str) -> list[TimelineEntry]: ...

    def counts(self, now: datetime) -> Counts: ...

    def phones_by_state(self) -> Mapping[PhoneState, int]: ...

    def traffic(self, now: datetime) -> Traffic: ...

    def oldest_open_push_at(self) -> datetime | None: ...

    def money(self, grouping: Grouping, begin: datetime, end: datetime) -> list[MoneyRow]:
        """Lines of the account for [begin, end): credits by the rent's finish, reversals by their own time."""
        ...

    def net_by_rent(self, begin: datetime, end: datetime) -> dict[int, Decimal]:
        """Net income of every rent finished in [begin, end)."""
        ...

    def stock(self, at: datetime) -> Stock: ...

    def knows_any(self, phone_id: PhoneId, rows: Mapping[bytes, int]) -> bool:
        """Whether one of the rows (row id by fingerprint) is stored: the same message under the same row id."""
        ...

    def has_baseline(self, phone_id: PhoneId) -> bool:
        """Whether the handset's inbox has been read before."""
        ...

    def phones_with_open_rents(self) -> frozenset[PhoneId]: ...

    def clock_skews(self, read_since: datetime) -> Sequence[timedelta]:
        """By how much the clocks of phones that are ready, and were read since, are ahead of ours."""
        ...

    def next_push_due(self) -> datetime | None: ...

    def newest_order_at(self) -> datetime | None: ...

    def orders_by_hour(self, since: datetime) -> Mapping[int, int]:
        """How many rents were ordered in each hour since then, by `order_gaps.hour_of`; empty hours are absent."""
        ...
