"""What a phone's log has announced, on our clock, and what that tells of rows that look new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from phonefarm.domain.announcements import SAME_TIME
from phonefarm.domain.sms import CLOCK_TOLERANCE

_SAME_TIME = timedelta(seconds=SAME_TIME)


@dataclass(frozen=True, kw_only=True)
class HeardArrival:
    """A message that was announced: from its first line to its last."""

    since: datetime
    latest: datetime

    def fits(self, arrived_at: datetime) -> bool:
        return self.since - _SAME_TIME <= arrived_at <= self.latest + _SAME_TIME


@dataclass(frozen=True, kw_only=True)
class Heard:
    """The announced messages that no row has explained yet, oldest first."""

    arrivals: tuple[HeardArrival, ...] = ()
    without_gap_since: datetime | None = None
    """Since when every arrival would have been heard; None where the phone's log does not announce them."""

    def without(self, rows: Iterable[datetime]) -> Heard:
        """Without those that rows which arrived at these times explain."""
        left = list(self.arrivals)
        for at in sorted(rows):
            fitting = [one for one in left if one.fits(at)]
            if fitting:
                left.remove(min(fitting, key=lambda one: abs(one.since - at)))
        return replace(self, arrivals=tuple(left))


@dataclass(frozen=True, kw_only=True)
class FormerRow:
    """A message that was seen under the id of a row that now looks new."""

    arrived_at: datetime
    shown_at: datetime
    """When a look showed it last, as far as is known."""


def is_rewritten(former: FormerRow, date: datetime | None, heard: Heard) -> bool:
    """Whether a row with the id and the text of a former one is that message, though another app rewrote its dates.

    It is another one if an arrival was announced since. Where announcements might have been missed, its own date tells:
    one that lies after the last look that showed the former row is of another message. `date`: by our clock.
    """
    if any(one.since > former.arrived_at for one in heard.arrivals):
        return False
    if heard.without_gap_since is not None and heard.without_gap_since <= former.shown_at:
        return True
    return date is not None and not (date > former.shown_at and date - former.arrived_at > CLOCK_TOLERANCE)


NOTHING_HEARD = Heard()
"""Of a phone whose log announces nothing."""
