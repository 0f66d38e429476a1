"""Whether much less can be sold than usual, and by which cause; time is an argument."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.domain.phones import PhoneState
from phonefarm.domain.sims import SimStanding

USUAL_FOR = timedelta(days=7)
"""A number that was lost longer ago is not usual any more: who took a phone away for good is not told for ever."""

Cause = SimStanding | PhoneState
"""Why a SIM does not work: where its phone is not ready, how that phone is."""

OF_OTHERS = frozenset(
    {
        SimStanding.HELD_BACK,
        SimStanding.NO_NUMBER,
        SimStanding.NO_COUNTRY,
        SimStanding.SAME_NUMBER,
        PhoneState.DUPLICATE,
    }
)
"""No loss: the user wants it so, it was never for sale, or its number works elsewhere."""


@dataclass(frozen=True, kw_only=True)
class SimNow:
    """What a SIM adds to the sales at this moment."""

    sim_id: str
    number: str
    """Empty while it is not known."""
    phone_id: str
    cause: Cause | None
    """None: on offer, or rented and able to receive."""
    since: datetime | None = None
    """Of the cause."""


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """At most half of the usual numbers work."""

    working: int
    usual: int
    """Those that work, and those that were lost within `USUAL_FOR`."""
    cause: Cause
    """The most common one."""
    sims: tuple[str, ...]
    """Those that do not work by this cause."""
    phones: tuple[str, ...]
    """In which they sit."""
    since: datetime | None
    """When it came to this; None where nobody knows."""


def working_numbers(sims: Iterable[SimNow]) -> int:
    """How many numbers are on offer, or rented and able to receive."""
    return len(_working(sims))


def shortage(sims: Sequence[SimNow], now: datetime) -> Shortage | None:
    """None while more than half of the usual numbers work: a farm whose numbers are all rented lacks nothing."""
    works = _working(sims)
    lost = [sim for sim in sims if sim.number not in works and _is_lost(sim)]
    fresh = [sim for sim in lost if sim.since is None or now - sim.since < USUAL_FOR]
    usual = len(works) + len({sim.number for sim in fresh})
    if works and (not fresh or 2 * len(works) > usual):
        return None
    blamed = fresh or lost or [sim for sim in sims if sim.cause is not None]
    cause = _most_common(blamed)
    guilty = [sim for sim in blamed if sim.cause is cause]
    return Shortage(
        working=len(works),
        usual=usual,
        cause=cause,
        sims=tuple(sim.sim_id for sim in guilty),
        phones=tuple(dict.fromkeys(sim.phone_id for sim in guilty if sim.phone_id)),
        since=_fell_at(blamed, usual - usual // 2 if works else len(blamed)),
    )


def _working(sims: Iterable[SimNow]) -> frozenset[str]:
    return frozenset(sim.number for sim in sims if sim.cause is None)


def _is_lost(sim: SimNow) -> bool:
    return bool(sim.number) and sim.cause is not None and sim.cause not in OF_OTHERS


def _most_common(sims: Sequence[SimNow]) -> Cause:
    causes = Counter(sim.cause for sim in sims if sim.cause is not None)
    return causes.most_common(1)[0][0] if causes else SimStanding.OUT


def _fell_at(sims: Sequence[SimNow], losses: int) -> datetime | None:
    """When so many of them were lost."""
    moments = sorted(sim.since for sim in sims if sim.since is not None)
    return moments[min(losses, len(moments)) - 1] if moments else None
