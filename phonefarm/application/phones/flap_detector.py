"""Detects phones that flap, and groups of phones that left at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from phonefarm.domain.flap_damping import FlapDamping
from phonefarm.domain.hubs import TOGETHER_WITHIN, Loss, SharedLoss, shared_losses
from phonefarm.domain.ids import PhoneId
from phonefarm.domain.phones import PhoneState, PhoneStatus

_DAMPED_STATES = frozenset(
    {PhoneState.READY, PhoneState.STARTING, PhoneState.OFFLINE, PhoneState.AUTHORIZING, PhoneState.GONE}
)
"""A phone on a loose cable moves between these; every other state is shown even while it is damped."""


class FlapDetector:
    """Kept in memory only: after a start no phone is damped."""

    def __init__(self) -> None:
        self._dampings: dict[PhoneId, FlapDamping] = {}
        self._actual: dict[PhoneId, PhoneStatus] = {}
        self._losses: list[Loss] = []
        self._shared_losses: list[SharedLoss] = []

    def damp(self, phone: PhoneId, actual: PhoneStatus, now: datetime) -> PhoneStatus:
        """The status to show for a phone's actual one: UNSTEADY while it is damped."""
        self._actual[phone] = actual
        damping = self._dampings.get(phone)
        if damping is None or actual.state not in _DAMPED_STATES:
            return actual
        damping = self._dampings[phone] = damping.at(now)
        if not damping.is_damped:
            return actual
        return PhoneStatus(PhoneState.UNSTEADY, f"left {len(damping.losses)} times in ten minutes")

    def not_gone(self) -> list[PhoneId]:
        """Phones that are shown as something else than gone."""
        return [
            phone
            for phone, actual in self._actual.items()
            if actual.state is not PhoneState.GONE or (phone in self._dampings and self._dampings[phone].is_damped)
        ]

    def note_losses(self, losses: Iterable[Loss]) -> None:
        """Phones that worked at the last device list and are not reachable in this one."""
        for loss in losses:
            damping = self._dampings.get(loss.phone_id, FlapDamping()).on_loss(loss.at)
            self._dampings[loss.phone_id] = damping
            if not damping.is_damped:  # a loose cable is no sign of a failing hub
                self._losses.append(loss)

    def ended_dampings(self, now: datetime) -> dict[PhoneId, PhoneStatus]:
        """Phones whose damping has ended since the last call, with their actual status."""
        ended: dict[PhoneId, PhoneStatus] = {}
        for phone, damping in list(self._dampings.items()):
            later = self._dampings[phone] = damping.at(now)
            if damping.is_damped and not later.is_damped and phone in self._actual:
                ended[phone] = self._actual[phone]
            if not later.is_damped and not later.losses:
                del self._dampings[phone]
        return ended

    def new_shared_losses(self, still_there: Mapping[PhoneId, str], now: datetime) -> list[SharedLoss]:
        """Groups that left together, returned once, when no more can join them.

        `still_there`: the USB paths of all present phones; one that is back is no loss.
        """
        if not self._losses or now - self._losses[-1].at <= TOGETHER_WITHIN:
            return []
        gone = [loss for loss in self._losses if loss.phone_id not in still_there]
        self._losses.clear()
        found = shared_losses(gone, still_there)
        self._shared_losses += found
        return found

    def unresolved_shared_losses(self, is_gone: Callable[[PhoneId], bool]) -> list[SharedLoss]:
        """Groups of which several phones are still gone, without those that came back."""
        unresolved = []
        for shared in self._shared_losses:
            phones = tuple(phone for phone in shared.phones if is_gone(phone))
            if phones:
                unresolved.append(SharedLoss(phones=phones, hub=shared.hub, at=shared.at))
        self._shared_losses = unresolved
        return [shared for shared in unresolved if len(shared.phones) > 1]
