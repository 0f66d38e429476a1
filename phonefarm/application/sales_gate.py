"""Whether anything may be sold now: a dependency that fails must not leave an offer standing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from phonefarm.application.interfaces import Clock
from phonefarm.application.storage import Storage
from phonefarm.domain.clock_trust import clock_problem

SKEW_IS_FRESH = timedelta(minutes=5)
"""A phone that was not read for longer is no witness of the time."""

Problem = Callable[[], str | None]


class SalesGate:
    """`problem()` is None while a number that is offered now could be rented now.

    adb has no part in it: where a server is away, its phones are, and their numbers have left the offer.
    """

    def __init__(self, storage: Storage, clock: Clock, *, key: Problem, push_url: str) -> None:
        """`key` says what is wrong with the partner key."""
        self._storage = storage
        self._clock = clock
        self._key = key
        self._push_url = push_url
        self._phone_skews: tuple[timedelta, ...] = ()

    def is_open(self) -> bool:
        return self.problem() is None

    def problem(self) -> str | None:
        """The most fundamental reason, as a short phrase."""
        return self.unchecked_problem() or self._storage.write_problem()

    def unchecked_problem(self) -> str | None:
        """The same, of what has no check of its own on the health board."""
        push_url = None if self._push_url else "the push URL is not set"
        return self._key() or push_url or clock_problem(self._clock(), self._phone_skews)

    async def look_at_clocks(self) -> None:
        """Ask the database how far the phones' clocks are off; raises StorageFailing."""
        read_since = self._clock() - SKEW_IS_FRESH
        self._phone_skews = tuple(await self._storage.read(lambda views: views.clock_skews(read_since)))
