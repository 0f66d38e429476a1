"""Writes calls and changes of health checks to the log: a bounded buffer, and one commit a second at most."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from phonefarm.application.log.push_calls import is_delivered, push_call
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Health, HealthCheck, Topic, Verdict
from phonefarm.application.ports.push_exchange import PushExchange
from phonefarm.application.ports.storage import Storage, StorageFailing, UnitOfWork
from phonefarm.application.ports.views import Views
from phonefarm.domain.calls import (
    MERGE_GAP,
    Call,
    CallKind,
    MergeKey,
    Outcome,
    call_at,
    may_merge,
    merge_key,
    merged,
    with_reason,
)
from phonefarm.domain.fields import Fields
from phonefarm.domain.health_history import PROGRAM, Level, LevelChange
from phonefarm.domain.order_refusals import explain_refusal
from phonefarm.support.clock import Clock
from phonefarm.support.deadlines import is_set_within, within

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 1.0
MOST_BUFFERED = 1000
"""Entries that wait to be written; more are counted as lost."""
MOST_OPEN = 500
"""Written entries that further equal calls may join."""
MOST_PER_COMMIT = 200
"""An urgent order waits for no longer commit."""
PUSHES_PER_SECOND = 20
"""Delivered pushes with an entry of their own; the others of a burst share one."""
MOST_CHANGES_BUFFERED = 500
STOP_WITHIN_SECONDS = 1.0
SLEPT = timedelta(seconds=30)
"""A longer gap between two rounds: this PC slept, and the program did not run."""

_LEVELS = {Verdict.PASS: Level.UP, Verdict.WARN: Level.WARN, Verdict.FAIL: Level.DOWN}


@dataclass
class _Entry:
    """An entry that further equal calls may join."""

    call: Call
    call_id: int | None = None
    """None until it is written."""
    is_written: bool = False
    """Whether the database has it as it is now."""


class CallLog:
    """`note` and `note_check` take microseconds and never fail; `run` writes until `stop`.

    What cannot be written waits in the buffer. What the buffer cannot hold is counted in `lost`, and an entry says so.
    """

    def __init__(
        self,
        storage: Storage,
        announcer: Announcer,
        clock: Clock,
        *,
        closure: Callable[[], Health | None] = lambda: None,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        """`closure`: why nothing may be sold now."""
        self._storage = storage
        self._announcer = announcer
        self._clock = clock
        self._closure = closure
        self._flush_seconds = flush_seconds
        self._entries: dict[MergeKey, _Entry] = {}
        """By merge key, in the order of their first call."""
        self._closed: list[_Entry] = []
        """Entries to be written that no call joins any more."""
        self._waiting = 0
        """Entries of both that are not written as they are now."""
        self._writing = asyncio.Lock()
        self._changes: list[LevelChange] = []
        self._levels: dict[str, tuple[Level, Health | None]] = {}
        self._unreported = 0
        """Lost calls that no entry names yet."""
        self.lost = 0
        self._push_second = 0
        self._pushes_in_second = 0
        self._more_delivered = 0
        """Pushes of a burst that no entry counts yet."""
        self._has_work = asyncio.Event()
        self._stop = asyncio.Event()
        self._round_at: datetime | None = None

    # Noting --------------------------------------------------------------------------

    def note(self, call: Call) -> None:
        if call.outcome is Outcome.NOT_SELLING and (found := self._closure()) is not None:
            call = replace(call, fields={**found.fields, "reason": found.kind.value})
        key = merge_key(call)
        entry = self._entries.get(key)
        joins = entry is not None and may_merge(entry.call, call)
        if self._waiting >= MOST_BUFFERED and not (joins and entry is not None and not entry.is_written):
            self.lost += call.count
            self._unreported += call.count
        elif joins and entry is not None:
            self._waiting += entry.is_written
            entry.call = merged(entry.call, call)
            entry.is_written = False
        else:
            if entry is not None and not entry.is_written:
                self._closed.append(entry)
            self._entries.pop(key, None)  # the new one goes to the end
            self._entries[key] = _Entry(call)
            self._waiting += 1
        self._has_work.set()

    def note_push(self, exchange: PushExchange) -> None:
        """Delivered pushes of a burst are only counted, beyond the first of each second."""
        now = self._clock()
        if is_delivered(exchange) and self._is_burst(now):
            self._more_delivered += 1
            self._has_work.set()
        else:
            self.note(push_call(now, exchange))

    def note_check(self, check: HealthCheck) -> None:
        """A check was reported; only a change of its level, or of what is wrong, is stored."""
        level = _LEVELS[check.verdict]
        before = self._levels.get(check.name)
        if before is not None and before[0] is level and (level is Level.UP or before[1] == check.health):
            return
        self._levels[check.name] = (level, check.health)
        if len(self._changes) < MOST_CHANGES_BUFFERED:
            self._changes.append(LevelChange(at=self._clock(), name=check.name, level=level, health=check.health))
            self._has_work.set()

    def _is_burst(self, at: datetime) -> bool:
        second = int(at.timestamp())
        if second != self._push_second:
            self._push_second, self._pushes_in_second = second, 0
        self._pushes_in_second += 1
        return self._pushes_in_second > PUSHES_PER_SECOND

    # Writing -------------------------------------------------------------------------

    async def start(self) -> None:
        """Write down that the program runs, and since when it did not."""
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            changes = [LevelChange(at=now, name=PROGRAM, level=Level.UP)]
            if uow.log.is_running() and (alive_at := uow.log.last_beat()) is not None:
                changes.insert(0, LevelChange(at=min(alive_at, now), name=PROGRAM, level=Level.NOT_RUNNING))
            uow.log.add_changes(changes)

        await self._storage.write(work)
        self._round_at = now

    async def run(self) -> None:
        """Until `stop`; what is still buffered then is written before it returns."""
        while not self._stop.is_set():
            await is_set_within(self._stop, self._flush_seconds)
            self._note_sleep()
            await self._flush_quietly()

    async def stop(self) -> None:
        """Write what is buffered, and that the program ends."""
        self._stop.set()
        if self._round_at is not None:
            self._changes.append(LevelChange(at=self._clock(), name=PROGRAM, level=Level.NOT_RUNNING))
            self._has_work.set()
            try:
                async with within(STOP_WITHIN_SECONDS):
                    await self._flush_all()
            except (StorageFailing, TimeoutError) as error:
                log.warning("the end of the log is not written", cause=str(error), lost=self._waiting)

    async def _flush_all(self) -> None:
        while self._has_work.is_set():
            await self.flush()

    def _note_sleep(self) -> None:
        now, before = self._clock(), self._round_at
        self._round_at = now
        if before is not None and now - before > SLEPT:
            self._changes += [
                LevelChange(at=before, name=PROGRAM, level=Level.NOT_RUNNING),
                LevelChange(at=now, name=PROGRAM, level=Level.UP),
            ]
            self._changes += [
                LevelChange(at=now, name=name, level=level, health=health)
                for name, (level, health) in self._levels.items()
            ]
            self._has_work.set()

    async def _flush_quietly(self) -> None:
        try:
            await self.flush()
        except StorageFailing as error:
            log.info("the log cannot be written yet", cause=str(error), waiting=self._waiting)

    async def flush(self) -> None:
        """Write what is buffered, at most `MOST_PER_COMMIT` entries; raises StorageFailing and keeps them."""
        async with self._writing:
            if not self._has_work.is_set():
                return
            self._has_work.clear()
            try:
                await self._write_some()
            except BaseException:
                self._has_work.set()
                raise

    async def _write_some(self) -> None:
        if self._more_delivered:
            count, self._more_delivered = self._more_delivered, 0
            self.note(call_at(self._clock(), CallKind.PUSH, Outcome.MORE_DELIVERED, count=count))
        await self._find_reasons()
        unwritten = [each for each in self._all() if not each.is_written and each.call.order is None]
        chosen = [(entry, entry.call) for entry in unwritten[:MOST_PER_COMMIT]]
        changes, lost = list(self._changes), self._unreported
        now = self._clock()

        def work(uow: UnitOfWork) -> list[int]:
            uow.log.add_changes(changes)
            if lost:
                uow.log.add_calls([call_at(now, CallKind.TOO_MANY, Outcome.LOST, count=lost)])
            return _write(uow, [(entry.call_id, call) for entry, call in chosen])

        call_ids = await self._storage.write(work)
        del self._changes[: len(changes)]
        self._unreported -= lost
        for (entry, call), call_id in zip(chosen, call_ids, strict=True):
            entry.call_id = call_id
            entry.is_written = entry.call is call
            self._waiting -= entry.is_written
        self._forget(now)
        if self._waiting:
            self._has_work.set()
        if chosen or lost:
            self._announcer.changed(Topic.LOG)
        if changes:
            self._announcer.changed(Topic.OVERVIEW)

    def _forget(self, now: datetime) -> None:
        """Written entries that no further call can join, and the oldest of too many."""
        self._closed = [entry for entry in self._closed if not entry.is_written]
        surplus = len(self._entries) - MOST_OPEN
        for key, entry in list(self._entries.items()):
            if entry.is_written and (surplus > 0 or abs(now - entry.call.last_at) > MERGE_GAP):
                del self._entries[key]
                surplus -= 1

    def _all(self) -> list[_Entry]:
        return [*self._closed, *self._entries.values()]

    async def _find_reasons(self) -> None:
        """Refused orders are explained by the SIMs of this moment, with one query for all of them."""
        entries = [each for each in self._all() if each.call.order is not None]
        if not entries:
            return
        calls = [each.call for each in entries]
        now = self._clock()
        explained = await self._storage.read(lambda views: _explain(views, calls, now))
        for entry, call, (outcome, fields) in zip(entries, calls, explained, strict=True):
            if entry.call is call:
                entry.call = with_reason(call, outcome, fields)


def _write(uow: UnitOfWork, chosen: Sequence[tuple[int | None, Call]]) -> list[int]:
    """Returns the ids of the entries."""
    added = iter(uow.log.add_calls([call for call_id, call in chosen if call_id is None]))
    for call_id, call in chosen:
        if call_id is not None:
            uow.log.update_call(call_id, call)
    return [next(added) if call_id is None else call_id for call_id, _ in chosen]


def _explain(views: Views, calls: list[Call], now: datetime) -> list[tuple[Outcome, Fields]]:
    stock = views.stock(now)
    return [
        explain_refusal(call.order, stock.sims, now, stock.rented, stock.alike)
        if call.order is not None
        else (call.outcome, call.fields)
        for call in calls
    ]
