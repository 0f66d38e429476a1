"""Messages announced by a phone's log, each kept until its row is found or is overdue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

ONE_MESSAGE_WITHIN_SECONDS = 2.0
"""The longest gap between two lines of one message."""
LINES_TRAIL_FOR_SECONDS = 15.0
"""Lines about the end of a delivery may come this long after its row was found; they announce nothing new."""
SAME_TIME_SECONDS = 3.0
"""The largest difference between a row's own time and its announcement."""
MOST_OPEN = 32


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """The lines of one message; times are seconds on one monotonic clock."""

    since: float
    latest: float
    arriving: bool
    """Whether a line was about a message from the network."""
    stored: bool
    """Whether the SMS app was handed a message, so that a row must follow; one part of a longer text promises none."""
    is_trailing: bool = False
    """Whether it began just after a row had been found."""

    @property
    def promises_a_row(self) -> bool:
        return self.stored and (self.arriving or not self.is_trailing)

    @property
    def is_of_an_arrival(self) -> bool:
        """Whether it is more than trailing lines of a message whose row was found."""
        return self.arriving or self.promises_a_row


@dataclass(frozen=True, kw_only=True)
class Announcements:
    """Oldest first; beyond MOST_OPEN the oldest are dropped."""

    open: tuple[Announcement, ...] = ()
    explained_at: float = float("-inf")
    """When rows were last found."""

    def on_hint(self, at: float, *, arriving: bool = False, stored: bool = False) -> Announcements:
        last = self.open[-1] if self.open else None
        if last is not None and at - last.latest < ONE_MESSAGE_WITHIN_SECONDS:
            grown = replace(last, latest=at, stored=last.stored or stored, arriving=last.arriving or arriving)
            return replace(self, open=(*self.open[:-1], grown))
        new = Announcement(
            since=at,
            latest=at,
            arriving=arriving,
            stored=stored,
            is_trailing=at - self.explained_at < LINES_TRAIL_FOR_SECONDS,
        )
        return replace(self, open=(*self.open, new)[-MOST_OPEN:])

    def on_rows(self, arrivals: Iterable[float] | None, now: float) -> tuple[Announcements, Announcement | None]:
        """Remove the announcements of rows that arrived at these times (None: all); returns also the last removed."""
        if arrivals is None:
            return Announcements(explained_at=now), self.open[-1] if self.open else None
        left = list(self.open)
        explained: Announcement | None = None
        for at in sorted(arrivals):
            fitting = [one for one in left if one.since - SAME_TIME_SECONDS <= at <= one.latest + SAME_TIME_SECONDS]
            if fitting:
                explained = min(fitting, key=lambda one: abs(one.since - at))
                left.remove(explained)
        return Announcements(open=tuple(left), explained_at=now), explained

    def drop_overdue(self, now: float, wait_seconds: float) -> tuple[Announcements, tuple[Announcement, ...]]:
        """Remove the announcements without a row after `wait_seconds`; returns also those that promised one."""
        late = tuple(one for one in self.open if now - one.since >= wait_seconds)
        left = tuple(one for one in self.open if now - one.since < wait_seconds)
        return replace(self, open=left), tuple(one for one in late if one.promises_a_row)
