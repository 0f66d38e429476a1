"""Detects that much less can be sold than usual, and the most common cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.domain.phones import PhoneState
from phonefarm.domain.sims import SimStanding

USUAL_FOR = timedelta(days=7)
"""A number that was lost longer ago is not expected any more: its phone was removed on purpose."""

Cause = SimStanding | PhoneState
"""Why a SIM does not work: its standing, or the state of its phone if that is not ready."""

NO_LOSS = frozenset(
    {
        SimStanding.HELD_BACK,
        SimStanding.NO_NUMBER,
        SimStanding.NO_COUNTRY,
        SimStanding.SAME_NUMBER,
        PhoneState.DUPLICATE,
    }
)
"""The user wants it so, it was never for sale, or its number works elsewhere."""


@dataclass(frozen=True, kw_only=True)
class SimNow:
    """Whether a SIM can sell at this moment."""

    sim_id: str
    number: str
    """Empty while it is not known."""
    phone_id: str
    cause: Cause | None
    """None: on offer, or rented and able to receive."""
    since: datetime | None = None
    """When the cause began."""


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """At most half of the usual numbers work."""

    working: int
    usual: int
    """Numbers that work, and numbers that were lost within `USUAL_FOR`."""
    cause: Cause
    """The most common one."""
    sims: tuple[str, ...]
    """The SIMs with this cause."""
    phones: tuple[str, ...]
    """The phones that hold them."""
    since: datetime | None
    """When the shortage began; None where that is unknown."""


def working_numbers(sims: Iterable[SimNow]) -> int:
    """How many numbers are on offer, or rented and able to receive."""
    return len(_working(sims))


def shortage(sims: Sequence[SimNow], now: datetime) -> Shortage | None:
    """None while more than half of the usual numbers work; rented numbers work, too."""
    works = _working(sims)
    lost = [sim for sim in sims if sim.number not in works and _is_lost(sim)]
    fresh = [sim for sim in lost if sim.since is None or now - sim.since < USUAL_FOR]
    usual = len(works) + len({sim.number for sim in fresh})
    if works and (not fresh or 2 * len(works) > usual):
        return None
    blamed = fresh or lost or [sim for sim in sims if sim.cause is not None]
    cause = _most_common(blamed)
    of_cause = [sim for sim in blamed if sim.cause is cause]
    return Shortage(
        working=len(works),
        usual=usual,
        cause=cause,
        sims=tuple(sim.sim_id for sim in of_cause),
        phones=tuple(dict.fromkeys(sim.phone_id for sim in of_cause if sim.phone_id)),
        since=_time_of_loss(blamed, usual - usual // 2 if works else len(blamed)),
    )


def _working(sims: Iterable[SimNow]) -> frozenset[str]:
    return frozenset(sim.number for sim in sims if sim.cause is None)


def _is_lost(sim: SimNow) -> bool:
    return bool(sim.number) and sim.cause is not None and sim.cause not in NO_LOSS


def _most_common(sims: Sequence[SimNow]) -> Cause:
    causes = Counter(sim.cause for sim in sims if sim.cause is not None)
    return causes.most_common(1)[0][0] if causes else SimStanding.OUT


def _time_of_loss(sims: Sequence[SimNow], losses: int) -> datetime | None:
    """When the number of lost SIMs reached `losses`."""
    moments = sorted(sim.since for sim in sims if sim.since is not None)
    return moments[min(losses, len(moments)) - 1] if moments else None
