"""Which SIM of a phone a message reached: decided by Android's subscription id and by time, never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.domain.ids import SimId

NOTICED_WITHIN = timedelta(seconds=90)
"""The longest time that a card may be in a phone before a SIM check sees it there."""


@dataclass(frozen=True, kw_only=True)
class SimPlace:
    """A card's stay in one handset, as SIM checks saw it."""

    sim_id: SimId
    sub_id: int | None
    since: datetime
    until: datetime | None
    """None while the card is there."""


def sim_of(sub_id: int | None, places: Sequence[SimPlace], arrived_at: datetime) -> SimId | None:
    """The SIM that a row with `sub_id` reached at `arrived_at`; None where that is ambiguous.

    Android gives a subscription id to one card only, so the id identifies the card even after it was taken out.
    If several cards are possible (a row without the id, a phone that was reset), time decides, provided that
    exactly one of them was in the phone then.
    """
    fitting = [place for place in places if sub_id is None or place.sub_id == sub_id]
    if len(fitting) == 1:
        return fitting[0].sim_id
    possible = [place for place in fitting if may_have_been_there(place, arrived_at)]
    return possible[0].sim_id if len(possible) == 1 else None


def identifies_sim(sim_mark: str) -> bool:
    """Whether a row's mark distinguishes its SIM from others: `sub_id=-1 sim_id=2` does, `sub_id=-1` does not."""
    values = [part.rpartition("=")[2] for part in sim_mark.split()]
    return any(value.isascii() and value.isdigit() for value in values)


def may_have_been_there(place: SimPlace, at: datetime) -> bool:
    """Whether the card may have been in the handset at that time."""
    return place.since - NOTICED_WITHIN <= at and (place.until is None or at <= place.until)
