"""Watches how phones come and go: damps those that flap, and finds those that left together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from phonefarm.domain.flap_damping import FlapDamping
from phonefarm.domain.hubs import TOGETHER_WITHIN, Loss, SharedLoss, shared_losses
from phonefarm.domain.ids import PhoneId
from phonefarm.domain.phones import PhoneState, PhoneStatus

_FLICKER = frozenset(
    {PhoneState.READY, PhoneState.STARTING, PhoneState.OFFLINE, PhoneState.AUTHORIZING, PhoneState.GONE}
)
"""States between which a loose cable throws a phone."""


class FlapDetector:
    """In memory only: after a start every phone is believed anew."""

    def __init__(self) -> None:
        self._dampings: dict[PhoneId, FlapDamping] = {}
        self._true: dict[PhoneId, PhoneStatus] = {}
        self._losses: list[Loss] = []
        self._together: list[SharedLoss] = []

    def shown(self, phone: PhoneId, status: PhoneStatus, now: datetime) -> PhoneStatus:
        """The status to be shown for the one the phone is in: damped, all the flicker is one state."""
        self._true[phone] = status
        damping = self._dampings.get(phone)
        if damping is None or status.state not in _FLICKER:
            return status
        damping = self._dampings[phone] = damping.at(now)
        if not damping.is_damped:
            return status
        return PhoneStatus(PhoneState.UNSTEADY, f"left {len(damping.losses)} times in ten minutes")

    def not_gone(self) -> list[PhoneId]:
        """Phones that are shown as something else than gone."""
        return [
            phone
            for phone, status in self._true.items()
            if status.state is not PhoneState.GONE or (phone in self._dampings and self._dampings[phone].is_damped)
        ]

    def note_losses(self, losses: Iterable[Loss]) -> None:
        """Phones that were there and are not any more, by adb's list."""
        for loss in losses:
            damping = self._dampings.get(loss.phone_id, FlapDamping()).on_loss(loss.at)
            self._dampings[loss.phone_id] = damping
            if not damping.is_damped:  # a loose cable says nothing of the hub
                self._losses.append(loss)

    def ended_dampings(self, now: datetime) -> dict[PhoneId, PhoneStatus]:
        """Phones whose damping is over since the last call, with the status they have now."""
        over: dict[PhoneId, PhoneStatus] = {}
        for phone, damping in list(self._dampings.items()):
            later = self._dampings[phone] = damping.at(now)
            if damping.is_damped and not later.is_damped and phone in self._true:
                over[phone] = self._true[phone]
            if not later.is_damped and not later.losses:
                del self._dampings[phone]
        return over

    def new_shared_losses(self, still_there: Mapping[PhoneId, str], now: datetime) -> list[SharedLoss]:
        """Groups that left together, told once, when no more can join; phones that are back again are no loss."""
        if not self._losses or now - self._losses[-1].at <= TOGETHER_WITHIN:
            return []
        gone = [loss for loss in self._losses if loss.phone_id not in still_there]
        self._losses.clear()
        found = shared_losses(gone, still_there)
        self._together += found
        return found

    def together(self, is_gone: Callable[[PhoneId], bool]) -> list[SharedLoss]:
        """Groups that left together and of which some are still gone, without those that came back."""
        left = []
        for shared in self._together:
            phones = tuple(phone for phone in shared.phones if is_gone(phone))
            if phones:
                left.append(SharedLoss(phones=phones, hub=shared.hub, at=shared.at))
        self._together = left
        return [shared for shared in left if len(shared.phones) > 1]
