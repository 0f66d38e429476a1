"""The account of the farm: what rents brought, by whatever the user groups them, and held against the market's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Changes, MoneyRow, Topic
from phonefarm.application.model.row_queries import RENTS
from phonefarm.application.ports.storage import Storage
from phonefarm.domain.errors import KnownError
from phonefarm.domain.money import Difference, Grouping, MarketSale, Sums, reconcile
from phonefarm.support.clock import Clock

ReadAccount = Callable[[str], Awaitable[Sequence[MarketSale]]]
"""The lines of the market's account in a file; raises KnownError that names the bad one."""
MOST_KEPT = 12
"""Accounts of finished months: each grouping of two periods."""
GOOD_FOR = timedelta(minutes=10)
"""The word that a rent has changed may be lost: then the account is right again after so long."""
MOST_CHANGED = 500
"""More rents than this that changed between two looks are not looked at one by one."""


@dataclass(frozen=True)
class _Summed:
    rows: Sequence[MoneyRow]
    at: datetime

    def is_good(self, now: datetime) -> bool:
        return timedelta(0) <= now - self.at < GOOD_FOR


class Money:
    """Sums finished months up once: of a million rents only those of this month are read at each look."""

    def __init__(self, storage: Storage, read_account: ReadAccount, announcer: Announcer, clock: Clock) -> None:
        self._storage = storage
        self._read_account = read_account
        self._clock = clock
        self._finished: dict[tuple[Grouping, datetime, datetime], _Summed] = {}
        self._changed: set[str] = set()
        announcer.subscribe(self._note)

    async def account(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        if end <= begin:
            raise KnownError("The account's end must come after its begin.")
        month = min(max(_this_month(self._clock()), begin), end)
        finished = await self._finished_months(grouping, begin, month) if begin < month else ()
        running = await self._read(grouping, month, end) if month < end else ()
        return _together(grouping, [*finished, *running])

    async def reconcile(self, path: str, begin: datetime, end: datetime) -> Sequence[Difference]:
        """The rents finished in [begin, end) on which the market's account in the file and the books differ."""
        theirs = await self._read_account(path)
        ours = await self._storage.read(lambda views: views.net_by_rent(begin, end))
        return reconcile(ours, theirs)

    async def _finished_months(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        await self._forget_what_changed()
        now, wanted = self._clock(), (grouping, begin, end)
        summed = self._finished.pop(wanted, None)
        if summed is None or not summed.is_good(now):
            summed = _Summed(await self._read(grouping, begin, end), now)
        self._finished[wanted] = summed  # the newest last
        for old in list(self._finished)[:-MOST_KEPT]:
            del self._finished[old]
        return summed.rows

    async def _read(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        return await self._storage.read(lambda views: views.money(grouping, begin, end))

    def _note(self, changes: Changes) -> None:
        rents = changes.keys.get(Topic.RENTS, frozenset())
        if rents is None or len(self._changed | rents) > MOST_CHANGED:
            self._forget()
        else:
            self._changed |= rents

    async def _forget_what_changed(self) -> None:
        """A refund, or a late word on an orphan, changes a month that was finished."""
        if not self._changed:
            return
        changed, self._changed = self._changed, set()
        now = self._clock()
        rents = await self._storage.read(lambda views: views.rows(RENTS, changed, now))
        month = _this_month(now)
        if any(rent.finished_at is not None and rent.finished_at < month for rent in rents):
            self._forget()

    def _forget(self) -> None:
        self._finished.clear()
        self._changed.clear()


def _this_month(now: datetime) -> datetime:
    """When it began for the user."""
    local = now.astimezone()
    return datetime(local.year, local.month, 1).astimezone()


def _together(grouping: Grouping, rows: Sequence[MoneyRow]) -> list[MoneyRow]:
    """One line a key, in the order of the account."""
    sums: dict[str, Sums] = {}
    for row in rows:
        sums[row.key] = sums.get(row.key, Sums()) + row.sums
    labels = {row.key: row.label for row in rows}
    newest_first = grouping in (Grouping.DAY, Grouping.MONTH)
    return [MoneyRow(key=key, label=labels[key], sums=sums[key]) for key in sorted(sums, reverse=newest_first)]
