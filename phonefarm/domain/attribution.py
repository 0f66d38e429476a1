"""Which SIM of a phone a message reached: by Android's subscription id, and never by guessing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from phonefarm.domain.ids import SimId


@dataclass(frozen=True, kw_only=True)
class SimPlace:
    sim_id: SimId
    sub_id: int | None
    is_in: bool
    """False for a SIM that sat in this phone before and was taken out."""


def sim_of(sub_id: int | None, places: Sequence[SimPlace]) -> SimId | None:
    """The SIM of a row with `sub_id`; None where it cannot be told.

    A row that names no subscription is the SIM's that sits there alone; Android's subscription ids
    are never given to another card, so they still tell the SIM after it was taken out.
    """
    if sub_id is None:
        return _only(places) or _only(place for place in places if place.is_in)
    return _only(place for place in places if place.sub_id == sub_id)


def _only(places: Iterable[SimPlace]) -> SimId | None:
    found = list(places)
    return found[0].sim_id if len(found) == 1 else None
