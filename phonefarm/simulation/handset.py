"""A handset's state: what it is, what is in it, what its clock says; no network here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from phonefarm.simulation.profiles import Profile
from phonefarm.simulation.radio_log import RadioLog
from phonefarm.simulation.sims import VirtualSim
from phonefarm.simulation.sms_table import SmsTable

OUT = -1
"""The slot of a subscription whose card is not in the phone."""


@dataclass
class Counters:
    shell_commands: int = 0
    queries: int = 0
    sms_delivered: int = 0


@dataclass
class Subscription:
    """A card the phone knows, by the id that Android gave it at first sight."""

    sub_id: int
    sim: VirtualSim
    slot: int


@dataclass
class Handset:
    profile: Profile
    query_seconds: float = 0.4
    clock_skew: float = 0.0
    host_clock: Callable[[], float] = time.time
    subscriptions: list[Subscription] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    sends_hints: bool = True
    withholds_sms: bool = False
    slot_states: dict[int, str] = field(default_factory=dict)
    """SIM states said instead of the true ones: PIN_REQUIRED, NOT_READY and so on, by slot."""

    def __post_init__(self) -> None:
        self.withholds_sms = self.withholds_sms or self.profile.withholds_sms
        self.sms = SmsTable(self.profile.vendor)
        self.log = RadioLog(self.profile.sdk, self.now)

    def now(self) -> float:
        """The phone's own clock, in seconds."""
        return self.host_clock() + self.clock_skew

    def subscription_in(self, slot: int) -> Subscription | None:
        return next((known for known in self.subscriptions if known.slot == slot), None)

    @property
    def active(self) -> list[Subscription]:
        """Subscriptions in the phone now, by slot."""
        return sorted((known for known in self.subscriptions if known.slot != OUT), key=lambda known: known.slot)

    def insert_sim(self, sim: VirtualSim, slot: int) -> Subscription:
        if not 0 <= slot < self.profile.slots:
            raise ValueError(f"{self.profile.model} has no slot {slot}")
        self.remove_sim(slot)
        known = next((old for old in self.subscriptions if old.sim.iccid == sim.iccid), None)
        if known is None:
            known = Subscription(max((old.sub_id for old in self.subscriptions), default=0) + 1, sim, slot)
            self.subscriptions.append(known)
        known.sim, known.slot = sim, slot
        return known

    def remove_sim(self, slot: int) -> VirtualSim | None:
        subscription = self.subscription_in(slot)
        if subscription is None:
            return None
        subscription.slot = OUT
        return subscription.sim

    def close(self) -> None:
        self.sms.close()
