"""How often callers may call: who has the key, by one generous measure; who has not, by a small one per address.

Everybody may come from the one address of a tunnel, so an address is never shut: the key is looked at first, and a
stranger's measure, once used up, costs the caller with the key nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from phonefarm.domain.rate_limits import Bucket

BURST_SECONDS = 2.0
"""So many seconds' worth of calls with the key may come at once."""
LEAST_BURST = 60.0
"""Orders that come at once: the market tests a partner with thirty."""
MOST_ADDRESSES = 1000


class Gate:
    def __init__(self, *, calls_per_second: float, wrong_keys_per_minute: float, now: Callable[[], float]) -> None:
        """`now` is a clock that nobody sets, in seconds."""
        self._wrong_keys_per_minute = wrong_keys_per_minute
        self._now = now
        self._known = Bucket.full(calls_per_second, max(calls_per_second * BURST_SECONDS, LEAST_BURST), now())
        self._strangers: OrderedDict[str, Bucket] = OrderedDict()

    def wait_with_key(self) -> int:
        """Count a call with the right key; 0 lets it pass, else it may come again after so many seconds."""
        return self._known.take(self._now())

    def wait_of_stranger(self, address: str) -> int:
        """Count a call without the right key; 0 if it is told so, else it gets the short answer."""
        now = self._now()
        bucket = self._strangers.pop(address, None) or Bucket.full(
            self._wrong_keys_per_minute / 60, self._wrong_keys_per_minute, now
        )
        self._strangers[address] = bucket
        if len(self._strangers) > MOST_ADDRESSES:
            self._strangers.popitem(last=False)
        return bucket.take(now)
