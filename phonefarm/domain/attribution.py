"""Which SIM of a phone a message reached: by Android's subscription id and by time, and never by guessing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.domain.ids import SimId

NOTICED_WITHIN = timedelta(seconds=90)
"""A card may have sat in a phone so long before a SIM check saw it there."""


@dataclass(frozen=True, kw_only=True)
class SimPlace:
    """A card's stay in one handset, as far as SIM checks noticed it."""

    sim_id: SimId
    sub_id: int | None
    since: datetime
    until: datetime | None
    """None while it sits there."""


def sim_of(sub_id: int | None, places: Sequence[SimPlace], arrived_at: datetime) -> SimId | None:
    """The SIM that a row with `sub_id` reached at `arrived_at`; None where it cannot be told.

    Android gives a subscription id to one card only, so it tells the card even after that was taken out.
    Where several cards come into question (a row without the id, a phone that was reset), the one that
    alone can have sat there at that time is it.
    """
    fitting = [place for place in places if sub_id is None or place.sub_id == sub_id]
    if len(fitting) == 1:
        return fitting[0].sim_id
    possible = [place for place in fitting if sat_there(place, arrived_at)]
    return possible[0].sim_id if len(possible) == 1 else None


def tells_something(sim_mark: str) -> bool:
    """Whether a row's mark tells its SIM apart from another's: `sub_id=-1 sim_id=2` does, `sub_id=-1` does not."""
    values = [part.rpartition("=")[2] for part in sim_mark.split()]
    return any(value.isascii() and value.isdigit() for value in values)


def sat_there(place: SimPlace, at: datetime) -> bool:
    """Whether the card may have sat in the handset at that time."""
    return place.since - NOTICED_WITHIN <= at and (place.until is None or at <= place.until)
