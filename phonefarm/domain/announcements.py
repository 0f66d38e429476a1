"""Announcements of a phone's log, kept until a row explains each or too much time has passed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

ONE_MESSAGE_WITHIN = 2.0
"""Lines of one message follow each other within so many seconds."""
LINES_TRAIL_FOR = 15.0
"""Lines about the end of a delivery may come so long after the row was found: they announce nothing new."""
SAME_TIME = 3.0
"""A row's own time and its announcement lie no further apart."""
MOST = 32


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """The lines of one message; times are seconds on one monotonic clock."""

    since: float
    latest: float
    arriving: bool
    """Whether a line told of a message from the network."""
    stored: bool
    """Whether the SMS app was handed a message: a row must follow, which a part of a longer text does not promise."""
    trails: bool = False
    """Whether a row had just been found when it began."""

    @property
    def promises_a_row(self) -> bool:
        return self.stored and (self.arriving or not self.trails)

    @property
    def tells_of_an_arrival(self) -> bool:
        """Whether it is more than the trailing lines of a message whose row was found."""
        return self.arriving or self.promises_a_row


@dataclass(frozen=True, kw_only=True)
class Announcements:
    """Oldest first; the oldest are forgotten when there are too many."""

    open: tuple[Announcement, ...] = ()
    explained_at: float = float("-inf")
    """When a row last explained one."""

    def on_hint(self, at: float, *, arriving: bool = False, stored: bool = False) -> Announcements:
        last = self.open[-1] if self.open else None
        if last is not None and at - last.latest < ONE_MESSAGE_WITHIN:
            grown = replace(last, latest=at, stored=last.stored or stored, arriving=last.arriving or arriving)
            return replace(self, open=(*self.open[:-1], grown))
        new = Announcement(
            since=at,
            latest=at,
            arriving=arriving,
            stored=stored,
            trails=at - self.explained_at < LINES_TRAIL_FOR,
        )
        return replace(self, open=(*self.open, new)[-MOST:])

    def on_rows(self, arrivals: Iterable[float] | None, now: float) -> tuple[Announcements, Announcement | None]:
        """Without those that rows of these times explain (all, where no time is known), and the last of these."""
        if arrivals is None:
            return Announcements(explained_at=now), self.open[-1] if self.open else None
        left = list(self.open)
        explained: Announcement | None = None
        for at in sorted(arrivals):
            fitting = [one for one in left if one.since - SAME_TIME <= at <= one.latest + SAME_TIME]
            if fitting:
                explained = min(fitting, key=lambda one: abs(one.since - at))
                left.remove(explained)
        return Announcements(open=tuple(left), explained_at=now), explained

    def overdue(self, now: float, patience: float) -> tuple[Announcements, tuple[Announcement, ...]]:
        """Without those that no row has explained for so long, and of these the ones that promised a row."""
        late = tuple(one for one in self.open if now - one.since >= patience)
        left = tuple(one for one in self.open if now - one.since < patience)
        return replace(self, open=left), tuple(one for one in late if one.promises_a_row)
