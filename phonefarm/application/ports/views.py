"""The read side of the database: rows and figures for the window, and what the use cases look up."""

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
from phonefarm.application.ports.records.numbers import SmsText
from phonefarm.application.ports.records.phone_health import RememberedProbe
from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.ids import Msisdn, PhoneId, SimId
from phonefarm.domain.money import Grouping
from phonefarm.domain.number_patterns import NumberPattern
from phonefarm.domain.phones import PhoneFacts, PhoneState
from phonefarm.domain.sims import Sim

Row = TypeVar("Row")

HISTORY_ROWS = 20_000
"""Of a history, at most this many of the newest rows are read."""


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What the offer at an instant is counted from: the SIMs in phones, one per group that it treats alike."""

    sims: list[Sim]
    alike: Mapping[SimId, int]
    """How many SIMs each one represents."""
    rented: frozenset[Msisdn]
    """The numbers of open rents."""
    countries: list[str]


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The overview's figures that come from the database."""

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

    def rows(self, query: RowQuery[Row], keys: Keys, now: datetime) -> list[Row]:
        """The stored part of the rows of one of `row_queries.ROW_QUERIES`; of histories the newest `HISTORY_ROWS`.

        The use cases add what is not stored: the number stated by a task's messages, and the shipped names of networks.
        """
        ...

    def waiting_rents(self, limit: int, now: datetime) -> list[RentRow]: ...

    def held_messages(self, limit: int) -> list[MessageRow]: ...

    def parked_pushes(self, limit: int) -> list[PushRow]: ...

    def newest_messages(self, sim_ids: Collection[str]) -> Mapping[str, tuple[int, int]]:
        """(count, newest id) of the messages of each SIM that has any: changes when one is added."""
        ...

    def messages_of(self, sim_id: str, limit: int) -> list[SmsText]:
        """The newest messages of a SIM, newest first."""
        ...

    def places_of_numbers(self, numbers: Collection[str]) -> Mapping[str, str]:
        """Those of the numbers that a SIM in a phone already has, and its phone and slot."""
        ...

    def number_patterns(self) -> list[NumberPattern]:
        """The user's own patterns; empty while the built-in ones are used."""
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
        """How far the clocks of ready phones are ahead of ours, if read since then."""
        ...

    def next_push_due(self) -> datetime | None: ...

    def newest_order_at(self) -> datetime | None: ...

    def orders_by_hour(self, since: datetime) -> Mapping[int, int]:
        """How many rents were ordered in each hour since then, by `order_gaps.hour_of`; empty hours are absent."""
        ...

    def remembered_probe(self, phone_id: PhoneId, facts: PhoneFacts) -> RememberedProbe | None:
        """As `ProbeRecords.remembered_probe`."""
        ...

    def blocked_senders(self) -> list[BlockedSender]:
        """The user's own list; empty while the built-in one is used."""
        ...
