"""The read side: queries on one snapshot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import Connection, func, select

from phonefarm.adapters.storage import accounts, figures, number_records, order_times, timelines
from phonefarm.adapters.storage.health_records import SqlPhoneHealthRecords
from phonefarm.adapters.storage.message_records import knows_any
from phonefarm.adapters.storage.phone_rows import open_rents_by_phone, phone_rows
from phonefarm.adapters.storage.privacy_records import blocked_senders_of
from phonefarm.adapters.storage.push_records import next_push_due
from phonefarm.adapters.storage.sim_rows import number_task_rows, places_of_numbers, sim_rows
from phonefarm.adapters.storage.tables import phones
from phonefarm.adapters.storage.trade_rows import (
    ban_rows,
    held_message_rows,
    message_rows,
    parked_push_rows,
    push_rows,
    rent_rows,
    waiting_rent_rows,
)
from phonefarm.application.model.read_models import (
    Counts,
    MessageRow,
    MoneyRow,
    PushRow,
    RentRow,
    Topic,
)
from phonefarm.application.model.row_queries import (
    BANS,
    MESSAGES,
    NETWORKS,
    NUMBER_TASKS,
    PHONES,
    PUSHES,
    RENTS,
    SIMS,
    Keys,
    RowQuery,
    answered_by,
)
from phonefarm.application.model.timeline import TimelineEntry
from phonefarm.application.ports.records.numbers import SmsText
from phonefarm.application.ports.records.phone_health import RememberedProbe
from phonefarm.application.ports.views import Stock, Traffic
from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.ids import PhoneId
from phonefarm.domain.money import Grouping
from phonefarm.domain.number_patterns import NumberPattern
from phonefarm.domain.phones import PhoneFacts, PhoneState, handset_of

Row = TypeVar("Row")


def _at_any_time(
    read: Callable[[Connection, Keys], list[Row]],
) -> Callable[[Connection, Keys, datetime], list[Row]]:
    """For rows that do not depend on the time."""
    return lambda connection, keys, _now: read(connection, keys)


_ROWS = dict(
    [
        answered_by(PHONES, phone_rows),
        answered_by(SIMS, sim_rows),
        answered_by(RENTS, rent_rows),
        answered_by(MESSAGES, _at_any_time(message_rows)),
        answered_by(PUSHES, _at_any_time(push_rows)),
        answered_by(BANS, ban_rows),
        answered_by(NUMBER_TASKS, _at_any_time(number_task_rows)),
        answered_by(NETWORKS, _at_any_time(number_records.network_rows)),
    ]
)


class SqlViews:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, query: RowQuery[Row], keys: Keys, now: datetime) -> list[Row]:
        read: Callable[[Connection, Keys, datetime], list[Row]] = _ROWS[query]
        return read(self._connection, keys, now)

    def waiting_rents(self, limit: int, now: datetime) -> list[RentRow]:
        return waiting_rent_rows(self._connection, limit, now)

    def held_messages(self, limit: int) -> list[MessageRow]:
        return held_message_rows(self._connection, limit)

    def parked_pushes(self, limit: int) -> list[PushRow]:
        return parked_push_rows(self._connection, limit)

    def newest_messages(self, sim_ids: Collection[str]) -> Mapping[str, tuple[int, int]]:
        return number_records.newest_messages(self._connection, sim_ids)

    def messages_of(self, sim_id: str, limit: int) -> list[SmsText]:
        return number_records.messages_of(self._connection, sim_id, limit)

    def places_of_numbers(self, numbers: Collection[str]) -> Mapping[str, str]:
        return places_of_numbers(self._connection, numbers)

    def number_patterns(self) -> list[NumberPattern]:
        return number_records.stored_patterns(self._connection)

    def timeline(self, topic: Topic, key: str) -> list[TimelineEntry]:
        return timelines.timeline(self._connection, topic, key)

    def counts(self, now: datetime) -> Counts:
        return figures.counts(self._connection, now)

    def phones_by_state(self) -> Mapping[PhoneState, int]:
        rows = self._connection.execute(select(phones.c.state, func.count()).group_by(phones.c.state))
        return {PhoneState(state): number for state, number in rows}

    def money(self, grouping: Grouping, begin: datetime, end: datetime) -> list[MoneyRow]:
        return accounts.money_rows(self._connection, grouping, begin, end)

    def net_by_rent(self, begin: datetime, end: datetime) -> dict[int, Decimal]:
        return accounts.net_by_rent(self._connection, begin, end)

    def traffic(self, now: datetime) -> Traffic:
        return figures.traffic(self._connection, now)

    def oldest_open_push_at(self) -> datetime | None:
        return figures.oldest_open_push_at(self._connection)

    def stock(self, at: datetime) -> Stock:
        return figures.stock(self._connection, at)

    def knows_any(self, phone_id: PhoneId, rows: Mapping[bytes, int]) -> bool:
        return knows_any(self._connection, phone_id, rows)

    def has_baseline(self, phone_id: PhoneId) -> bool:
        query = select(phones.c.phone_id).where(
            phones.c.handset == handset_of(phone_id), phones.c.baseline_at.is_not(None)
        )
        return self._connection.execute(query.limit(1)).scalar() is not None

    def phones_with_open_rents(self) -> frozenset[PhoneId]:
        return frozenset(PhoneId(phone) for phone in open_rents_by_phone(self._connection))

    def clock_skews(self, read_since: datetime) -> list[timedelta]:
        rows = self._connection.execute(
            select(phones.c.clock_skew_ms).where(
                phones.c.state == PhoneState.READY.value,
                phones.c.last_read_at >= read_since,
                phones.c.clock_skew_ms.is_not(None),
            )
        )
        return [timedelta(milliseconds=row.clock_skew_ms) for row in rows]

    def next_push_due(self) -> datetime | None:
        return next_push_due(self._connection)

    def newest_order_at(self) -> datetime | None:
        return order_times.newest_order_at(self._connection)

    def orders_by_hour(self, since: datetime) -> Mapping[int, int]:
        return order_times.orders_by_hour(self._connection, since)

    def blocked_senders(self) -> list[BlockedSender]:
        return blocked_senders_of(self._connection)

    def remembered_probe(self, phone_id: PhoneId, facts: PhoneFacts) -> RememberedProbe | None:
        return SqlPhoneHealthRecords(self._connection).remembered_probe(phone_id, facts)
