"""Whether anything may be sold now: without a working dependency nothing may be on offer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from phonefarm.application.model.read_models import Pause
from phonefarm.application.ports.storage import Storage
from phonefarm.domain.clock_trust import clock_problem
from phonefarm.domain.health import Health, HealthKind, health, problem
from phonefarm.support.clock import Clock

SKEW_VALID_FOR = timedelta(minutes=5)
"""Clock skews of phones that were not read for longer do not count."""

Problem = Callable[[], Health | None]
"""Returns what is wrong, or None."""


class Obstacle(StrEnum):
    """What prevents every sale."""

    PAUSED = "paused"
    KEY = "key"
    PUSH_URL = "push url"
    CLOCK = "clock"
    DATABASE = "database"


@dataclass(frozen=True, kw_only=True)
class Closure:
    """Why nothing may be sold, and since when."""

    obstacle: Obstacle
    problem: Health
    since: datetime


class SalesGate:
    """Open while a number that is on offer can be rented.

    adb is not checked here: if a server is down, its phones are gone, and their numbers have left the offer.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        *,
        key: Problem,
        push_url: str,
        paused: Callable[[], Pause | None] = lambda: None,
    ) -> None:
        """`key` returns what is wrong with the partner key; `paused` returns the pause of all selling."""
        self._storage = storage
        self._clock = clock
        self._key = key
        self._push_url = push_url
        self._paused = paused
        self._phone_skews: tuple[timedelta, ...] = ()
        self._closure: Closure | None = None

    def is_open(self) -> bool:
        return self.problem() is None

    def problem(self) -> Health | None:
        """The most fundamental problem, or None."""
        closure = self.closure()
        return None if closure is None else closure.problem

    def unchecked_problem(self) -> Health | None:
        """The same, only for problems without a check of their own on the health board."""
        unchecked = self._unchecked()
        return None if unchecked is None else unchecked[1]

    def closure(self) -> Closure | None:
        """The same as `problem()`, with its kind and since when it is known; the user's own wish comes first."""
        if (pause := self._paused()) is not None:
            paused = health(HealthKind.SELLING_PAUSED, by=pause.by)
            return Closure(obstacle=Obstacle.PAUSED, problem=paused, since=pause.since)
        found = self._unchecked()
        if found is None and (failing := self._storage.write_problem()) is not None:
            found = (Obstacle.DATABASE, problem(failing))
        before = self._closure
        if found is None:
            self._closure = None
        elif before is None or before.obstacle is not found[0]:
            self._closure = Closure(obstacle=found[0], problem=found[1], since=self._clock())
        elif before.problem != found[1]:
            self._closure = replace(before, problem=found[1])
        return self._closure

    def _unchecked(self) -> tuple[Obstacle, Health] | None:
        if (found := self._key()) is not None:
            return Obstacle.KEY, found
        if not self._push_url:
            return Obstacle.PUSH_URL, health(HealthKind.PUSH_URL_MISSING)
        if (found := clock_problem(self._clock(), self._phone_skews)) is not None:
            return Obstacle.CLOCK, found
        return None

    async def update_phone_skews(self) -> None:
        """Read the clock skews of the phones from the database. Raises StorageFailing."""
        read_since = self._clock() - SKEW_VALID_FOR
        self._phone_skews = tuple(await self._storage.read(lambda views: views.clock_skews(read_since)))
