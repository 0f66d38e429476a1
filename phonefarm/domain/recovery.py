"""The ladder: what is tried next for a phone in trouble, mildest first; never anything that harms phones at work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from phonefarm.domain.phones import PhoneState


class Step(StrEnum):
    """A rung. Asking again is the first one, and every session does that by itself."""

    RECONNECT = "reconnect"
    """adb drops the phone and takes it up again."""
    RECONNECT_OFFLINE = "reconnect offline"
    """adb takes up again whatever it lists as offline."""
    RESET_USB = "reset usb"
    """The port's device is reset, as if it were plugged in anew; where this PC permits it."""
    RESTART_ADB = "restart adb"
    """The adb server is ended and started: drops every phone of it, so never while one works."""


AFTER = {
    Step.RECONNECT: timedelta(seconds=15),
    Step.RECONNECT_OFFLINE: timedelta(seconds=40),
    Step.RESET_USB: timedelta(seconds=75),
    Step.RESTART_ADB: timedelta(seconds=120),
}
"""How long the trouble must have lasted."""

AGAIN_AFTER = {
    Step.RECONNECT: timedelta(minutes=2),
    Step.RECONNECT_OFFLINE: timedelta(minutes=5),
    Step.RESET_USB: timedelta(minutes=10),
    Step.RESTART_ADB: timedelta(minutes=30),
}
"""Cool-down of a step; of the last one for all phones of the server together."""

IN_TROUBLE = frozenset({PhoneState.OFFLINE, PhoneState.FAILING})
"""States that a connection made anew may mend; for the others the user is needed or time is."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A phone that adb lists and that cannot be worked with."""

    state: PhoneState
    since: datetime
    tried: Mapping[Step, datetime] = field(default_factory=dict)
    """When each step was last taken in this trouble."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """What is known of the adb server that lists it."""

    phones_at_work: int
    may_restart: bool
    """Whether it is this PC's own."""
    restarted_at: datetime | None
    can_reset_usb: bool
    """Whether the phone hangs on a USB port of this PC that may be reset."""


def next_step(trouble: Trouble, server: Server, now: datetime, *, hurry: float = 1.0) -> Step | None:
    """The mildest step whose time has come; None while there is nothing to do but to wait.

    `hurry`: by how much all waits are divided; other than 1 in tests only.
    """
    if trouble.state not in IN_TROUBLE:
        return None
    for step in Step:
        if not _is_possible(step, trouble, server):
            continue
        last = server.restarted_at if step is Step.RESTART_ADB else trouble.tried.get(step)
        if now - trouble.since >= AFTER[step] / hurry and (last is None or now - last >= AGAIN_AFTER[step] / hurry):
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
