"""Rate limits of the webhooks: one generous token bucket for the key, a small one per address without it.

Onlinesim and everybody else may share the one address of a tunnel, so an address is never blocked: the key is checked
first, and unauthenticated calls never use up tokens of the caller with the key.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from phonefarm.domain.rate_limits import Bucket

BURST_SECONDS = 2.0
"""The bucket for the key has the size of this many seconds of calls."""
MIN_BURST_CALLS = 60.0
"""Its minimum size: Onlinesim tests a partner with thirty orders at once."""
MAX_ADDRESSES = 1000


class RateLimiter:
    def __init__(self, *, calls_per_second: float, wrong_keys_per_minute: float, now: Callable[[], float]) -> None:
        """`now`: monotonic seconds."""
        self._wrong_keys_per_minute = wrong_keys_per_minute
        self._now = now
        self._authenticated = Bucket.full(
            calls_per_second, max(calls_per_second * BURST_SECONDS, MIN_BURST_CALLS), now()
        )
        self._by_address: OrderedDict[str, Bucket] = OrderedDict()
        """For calls without the key, least recently used first."""

    def retry_after_authenticated(self) -> int:
        """Count a call with the key; 0 if it may pass, else the seconds until the next one may."""
        return self._authenticated.take(self._now())

    def retry_after_unauthenticated(self, address: str) -> int:
        """Count a call without the key; 0 if it gets the 401, else the seconds until the next one does."""
        now = self._now()
        bucket = self._by_address.pop(address, None) or Bucket.full(
            self._wrong_keys_per_minute / 60, self._wrong_keys_per_minute, now
        )
        self._by_address[address] = bucket
        if len(self._by_address) > MAX_ADDRESSES:
            self._by_address.popitem(last=False)
        return bucket.take(now)
