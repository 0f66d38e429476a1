"""Health checks of what no other part reports: disk space, clock, keyring, and whether Onlinesim calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from phonefarm.application.log.log_reader import read_order_standing
from phonefarm.application.model.health_board import CALLS, CLOCK, DISK, KEYRING, HealthBoard
from phonefarm.application.model.read_models import Health, Verdict
from phonefarm.application.ports.storage import Storage, StorageFailing
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind, health, problem
from phonefarm.domain.usual_orders import OrderStanding
from phonefarm.support.clock import Clock

ROUND_SECONDS = 30.0
FIRST_CALL_SECONDS = 2.0
"""Between two looks for the first call ever: the user is waiting for it."""
LOW_DISK_BYTES = 1_000_000_000
FULL_DISK_BYTES = 100_000_000
_GIGABYTE = 1_000_000_000
_SECONDS_PER_HOUR = 3600


class KeyState(NamedTuple):
    """Where the partner key comes from."""

    place: str
    """Empty where there is no key."""
    problem: str | None


class SelfChecks:
    """`run` until cancelled."""

    def __init__(
        self,
        storage: Storage,
        board: HealthBoard,
        clock: Clock,
        *,
        free_bytes: Callable[[], int],
        key_state: Callable[[], KeyState],
        clock_problem: Callable[[], Health | None],
    ) -> None:
        """`free_bytes` and `key_state` may block; `free_bytes` raises KnownError."""
        self._storage = storage
        self._board = board
        self._clock = clock
        self._free_bytes = free_bytes
        self._key_state = key_state
        self._clock_problem = clock_problem
        self._was_called = False
        """Whether Onlinesim has called, as far as the log goes back."""

    async def run(self) -> None:
        while True:
            await self.look()
            for _ in range(round(ROUND_SECONDS / FIRST_CALL_SECONDS)):
                await asyncio.sleep(FIRST_CALL_SECONDS)
                if not self._was_called:
                    await self._look_at_calls()

    async def look(self) -> None:
        await self._look_at_disk()
        found = self._clock_problem()
        self._board.report(
            CLOCK, Verdict.PASS if found is None else Verdict.FAIL, found or health(HealthKind.CLOCK_RIGHT)
        )
        self._report_key(await asyncio.to_thread(self._key_state))
        await self._look_at_calls()

    async def _look_at_disk(self) -> None:
        try:
            free = await asyncio.to_thread(self._free_bytes)
        except KnownError as error:
            self._board.report(DISK, Verdict.FAIL, problem(str(error)))
            return
        if free < FULL_DISK_BYTES:
            self._board.report(DISK, Verdict.FAIL, health(HealthKind.DISK_FULL, megabytes=free // 1_000_000))
        elif free < LOW_DISK_BYTES:
            self._board.report(DISK, Verdict.WARN, health(HealthKind.DISK_LOW, megabytes=free // 1_000_000))
        else:
            self._board.report(DISK, Verdict.PASS, health(HealthKind.DISK_FREE, gigabytes=free // _GIGABYTE))

    def _report_key(self, state: KeyState) -> None:
        if state.problem is not None:
            self._board.report(KEYRING, Verdict.FAIL, health(HealthKind.KEY_UNKNOWN, cause=state.problem))
        elif state.place:
            self._board.report(KEYRING, Verdict.PASS, health(HealthKind.KEY_KEPT, place=state.place))
        else:
            self._board.report(KEYRING, Verdict.WARN, health(HealthKind.KEY_MISSING))

    async def _look_at_calls(self) -> None:
        now = self._clock()
        try:
            standing, last_call_at = await self._storage.read(
                lambda views: (read_order_standing(views, now), views.log.last_call_at())
            )
        except StorageFailing:
            return  # the check of the database says so
        self._was_called = last_call_at is not None
        verdict, found = _of_calls(standing, last_call_at, now)
        self._board.report(CALLS, verdict, found)


def _of_calls(standing: OrderStanding, last_call_at: datetime | None, now: datetime) -> tuple[Verdict, Health]:
    if standing.is_gap_unusual and standing.last_order_at is not None:
        hours = max(1, int((now - standing.last_order_at).total_seconds() // _SECONDS_PER_HOUR))
        return Verdict.WARN, health(HealthKind.ORDERS_STAY_AWAY, hours=hours, weekday=standing.weekday)
    if last_call_at is None:
        return Verdict.PASS, health(HealthKind.NOT_CALLED)
    return Verdict.PASS, health(HealthKind.CALLED)
