"""The recovery ladder: the next step for a phone in trouble, mildest first, without harm to working phones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from phonefarm.domain.phones import PhoneState


class Step(StrEnum):
    """The rungs of the ladder, mildest first. Before these every session retries by itself."""

    RECONNECT = "reconnect"
    """adb drops the phone and connects it again."""
    RECONNECT_OFFLINE = "reconnect offline"
    """adb reconnects every phone that it lists as offline."""
    RESET_USB = "reset usb"
    """The device on the port is reset as if it were replugged, if this PC permits it."""
    RESTART_ADB = "restart adb"
    """The adb server is restarted. This drops all its phones, so never while one works."""


FIRST_AFTER = {
    Step.RECONNECT: timedelta(seconds=15),
    Step.RECONNECT_OFFLINE: timedelta(seconds=40),
    Step.RESET_USB: timedelta(seconds=75),
    Step.RESTART_ADB: timedelta(seconds=120),
}
"""The trouble must have lasted this long."""

AGAIN_AFTER = {
    Step.RECONNECT: timedelta(minutes=2),
    Step.RECONNECT_OFFLINE: timedelta(minutes=5),
    Step.RESET_USB: timedelta(minutes=10),
    Step.RESTART_ADB: timedelta(minutes=30),
}
"""Cool-down of a step for one phone; of RESTART_ADB for the whole server."""

IN_TROUBLE = frozenset({PhoneState.OFFLINE, PhoneState.FAILING})
"""States that reconnecting may repair; the others need the user, or time."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A phone that adb lists and that cannot be read."""

    state: PhoneState
    since: datetime
    tried: Mapping[Step, datetime] = field(default_factory=dict)
    """When each step was last taken in this trouble."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """The adb server that lists the phone."""

    phones_at_work: int
    may_restart: bool
    """Whether it runs on this PC under our control."""
    restarted_at: datetime | None
    can_reset_usb: bool
    """Whether the phone is on a USB port of this PC that may be reset."""


def next_step(trouble: Trouble, server: Server, now: datetime, *, hurry: float = 1.0) -> Step | None:
    """The mildest step that is due; None while there is nothing to do but wait.

    `hurry` divides all waits; it differs from 1 in tests only.
    """
    if trouble.state not in IN_TROUBLE:
        return None
    for step in Step:
        if not _is_possible(step, trouble, server):
            continue
        last = server.restarted_at if step is Step.RESTART_ADB else trouble.tried.get(step)
        if now - trouble.since >= FIRST_AFTER[step] / hurry and (
            last is None or now - last >= AGAIN_AFTER[step] / hurry
        ):
            return step
    return None


def _is_possible(step: Step, trouble: Trouble, server: Server) -> bool:
    match step:
        case Step.RECONNECT_OFFLINE:
            return trouble.state is PhoneState.OFFLINE
        case Step.RESET_USB:
            return server.can_reset_usb
        case Step.RESTART_ADB:
            return server.may_restart and server.phones_at_work == 0
        case _:
            return True
