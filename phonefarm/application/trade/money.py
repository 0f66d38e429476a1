"""The farm's account: the income of rents by group, and its comparison with the market's account."""

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
"""Reads the market's account from a file; raises KnownError, which names the bad line."""
MOST_CACHED = 12
"""Cached accounts of finished months: each grouping of two periods."""
CACHED_FOR = timedelta(minutes=10)
"""Bounds the error if an event about a changed rent is lost."""
MOST_CHANGED = 500
"""With more changed rents the cache is cleared without checking each of them."""


@dataclass(frozen=True)
class _CachedRows:
    rows: Sequence[MoneyRow]
    at: datetime

    def is_valid(self, now: datetime) -> bool:
        return timedelta(0) <= now - self.at < CACHED_FOR


class Money:
    """Caches the sums of finished months, so that each query reads only the rents of this month."""

    def __init__(self, storage: Storage, read_account: ReadAccount, announcer: Announcer, clock: Clock) -> None:
        self._storage = storage
        self._read_account = read_account
        self._clock = clock
        self._finished: dict[tuple[Grouping, datetime, datetime], _CachedRows] = {}
        self._changed: set[str] = set()
        announcer.subscribe(self._note_changes)

    async def account(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        if end <= begin:
            raise KnownError("The account's end must come after its begin.")
        month = min(max(_this_month(self._clock()), begin), end)
        finished = await self._finished_months(grouping, begin, month) if begin < month else ()
        running = await self._read(grouping, month, end) if month < end else ()
        return _merge(grouping, [*finished, *running])

    async def reconcile(self, path: str, begin: datetime, end: datetime) -> Sequence[Difference]:
        """The rents finished in [begin, end) whose income differs between the file and the database."""
        theirs = await self._read_account(path)
        ours = await self._storage.read(lambda views: views.net_by_rent(begin, end))
        return reconcile(ours, theirs)

    async def _finished_months(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        await self._drop_if_changed()
        now, wanted = self._clock(), (grouping, begin, end)
        cached = self._finished.pop(wanted, None)
        if cached is None or not cached.is_valid(now):
            cached = _CachedRows(await self._read(grouping, begin, end), now)
        self._finished[wanted] = cached  # dicts keep insertion order: the newest last
        for old in list(self._finished)[:-MOST_CACHED]:
            del self._finished[old]
        return cached.rows

    async def _read(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        return await self._storage.read(lambda views: views.money(grouping, begin, end))

    def _note_changes(self, changes: Changes) -> None:
        rents = changes.keys.get(Topic.RENTS, frozenset())
        if rents is None or len(self._changed | rents) > MOST_CHANGED:
            self._clear_cache()
        else:
            self._changed |= rents

    async def _drop_if_changed(self) -> None:
        """Clear the cache if a rent of a finished month changed: by a refund, or the late FINISH of an orphan."""
        if not self._changed:
            return
        changed, self._changed = self._changed, set()
        now = self._clock()
        rents = await self._storage.read(lambda views: views.rows(RENTS, changed, now))
        month = _this_month(now)
        if any(rent.finished_at is not None and rent.finished_at < month for rent in rents):
            self._clear_cache()

    def _clear_cache(self) -> None:
        self._finished.clear()
        self._changed.clear()


def _this_month(now: datetime) -> datetime:
    """The begin of the month in local time."""
    local = now.astimezone()
    return datetime(local.year, local.month, 1).astimezone()


def _merge(grouping: Grouping, rows: Sequence[MoneyRow]) -> list[MoneyRow]:
    """One line for each key, sorted as the account shows it."""
    sums: dict[str, Sums] = {}
    for row in rows:
        sums[row.key] = sums.get(row.key, Sums()) + row.sums
    labels = {row.key: row.label for row in rows}
    newest_first = grouping in (Grouping.DAY, Grouping.MONTH)
    return [MoneyRow(key=key, label=labels[key], sums=sums[key]) for key in sorted(sums, reverse=newest_first)]
