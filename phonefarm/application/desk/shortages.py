"""Detects from the rows of the window that nothing, or much less than usual, can be sold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from phonefarm.application.model.read_models import PhoneRow, SimRow
from phonefarm.domain.conditions import BLOCKING
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.shortage import Cause, Shortage, SimNow, shortage
from phonefarm.domain.sims import SimStanding

REPORTED_AFTER = timedelta(minutes=1)
"""Shorter shortages are normal: phones that start, a hub that is moved."""


def lasting_shortage(
    sims: Sequence[SimNow], noted: datetime | None, now: datetime
) -> tuple[Shortage | None, datetime | None]:
    """The present shortage once it has lasted for REPORTED_AFTER, and since when there is one at all.

    `noted`: the latter from the previous call. A phone that alternates between two problems restarts its own `since`,
    but not that of the shortage.
    """
    found = shortage(sims, now)
    if found is None:
        return None, None
    noted = now if noted is None else min(noted, now)
    since = noted if found.since is None else min(found.since, noted)
    return (replace(found, since=since) if now - since >= REPORTED_AFTER else None), noted


def sims_now(sims: Iterable[SimRow], phones: Iterable[PhoneRow]) -> list[SimNow]:
    by_id = {phone.phone_id: phone for phone in phones}
    return [_sim_now(sim, by_id) for sim in sims]


def _sim_now(sim: SimRow, phones: Mapping[str, PhoneRow]) -> SimNow:
    cause, since = _standing(sim, phones.get(sim.phone_id))
    return SimNow(sim_id=sim.sim_id, number=sim.msisdn, phone_id=sim.phone_id, cause=cause, since=since)


class _Standing(NamedTuple):
    cause: Cause | None
    since: datetime | None


_WORKS = _Standing(None, None)


def _standing(sim: SimRow, phone: PhoneRow | None) -> _Standing:
    """A rented SIM works as long as its phone does."""
    match sim.standing:
        case SimStanding.ON_OFFER:
            return _WORKS
        case SimStanding.RENTED:
            return _phone_standing(phone)
        case SimStanding.AWAY if phone is not None:
            if not sim.country:
                return _Standing(SimStanding.NO_COUNTRY, sim.standing_since)
            return _Standing(phone.state, phone.since)
        case _:
            return _Standing(sim.standing, sim.standing_since)


def _phone_standing(phone: PhoneRow | None) -> _Standing:
    if phone is None:
        return _Standing(SimStanding.OUT, None)
    if phone.state is not PhoneState.READY:
        return _Standing(phone.state, phone.since)
    blocking = [active.since for active in phone.conditions if active.condition in BLOCKING]
    return _Standing(SimStanding.PHONE_BLOCKED, blocking[0]) if blocking else _WORKS
