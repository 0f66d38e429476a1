"""Announced messages in UTC, and which rows that look new are known messages that were rewritten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from phonefarm.domain.announcements import SAME_TIME_SECONDS
from phonefarm.domain.sms import CLOCK_TOLERANCE

_SAME_TIME = timedelta(seconds=SAME_TIME_SECONDS)


@dataclass(frozen=True, kw_only=True)
class HeardArrival:
    """An announced message: the times of its first and last line."""

    since: datetime
    latest: datetime

    def fits(self, arrived_at: datetime) -> bool:
        return self.since - _SAME_TIME <= arrived_at <= self.latest + _SAME_TIME


@dataclass(frozen=True, kw_only=True)
class Heard:
    """The announced messages whose rows are not found yet, oldest first."""

    arrivals: tuple[HeardArrival, ...] = ()
    without_gap_since: datetime | None = None
    """Since when every arrival would have been announced; None where the phone's log does not announce them."""

    def without(self, rows: Iterable[datetime]) -> Heard:
        """Without the announcements of rows that arrived at these times."""
        left = list(self.arrivals)
        for at in sorted(rows):
            fitting = [one for one in left if one.fits(at)]
            if fitting:
                left.remove(min(fitting, key=lambda one: abs(one.since - at)))
        return replace(self, arrivals=tuple(left))


@dataclass(frozen=True, kw_only=True)
class FormerRow:
    """A known message with the row id of a row that now looks new."""

    arrived_at: datetime
    shown_at: datetime
    """When it was last read, as far as is known."""


def is_rewritten(former: FormerRow, date: datetime | None, heard: Heard) -> bool:
    """Whether a row with the id and text of a known message is that message with dates rewritten by another app.

    It is a new message if an arrival was announced since. If announcements may have been missed, its own `date` (UTC)
    decides: a date after the last reading of the known message belongs to a new one.
    """
    if any(one.since > former.arrived_at for one in heard.arrivals):
        return False
    if heard.without_gap_since is not None and heard.without_gap_since <= former.shown_at:
        return True
    return date is not None and not (date > former.shown_at and date - former.arrived_at > CLOCK_TOLERANCE)


NOTHING_HEARD = Heard()
"""For a phone whose log announces nothing."""
