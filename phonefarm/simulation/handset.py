"""The state of a handset: profile, SIMs, clock, storage and radio; no network I/O."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from phonefarm.simulation.profiles import Profile
from phonefarm.simulation.radio import LOADED_STATES, READABLE_STATES, Service, SlotRadio, SlotView
from phonefarm.simulation.radio_log import RadioLog
from phonefarm.simulation.sims import VirtualSim
from phonefarm.simulation.sms_table import SmsTable
from phonefarm.simulation.telemetry import initial_telemetry

LAST_SDK_THAT_DROPS_FAULTY_SIMS = 33
NO_SLOT = -1
"""The slot index of a subscription whose SIM is not inserted (INVALID_SIM_SLOT_INDEX)."""


@dataclass
class Counters:
    shell_commands: int = 0
    queries: int = 0
    sms_delivered: int = 0
    """Messages that reached the inbox."""
    sms_lost: int = 0
    """Messages that the phone received and could not store."""


@dataclass
class Subscription:
    """A SIM that was ever inserted, with the subscription id that Android assigned to it."""

    sub_id: int
    sim: VirtualSim
    slot: int


@dataclass
class Handset:
    """The mutable state of one phone."""

    profile: Profile
    query_seconds: float = 0.4
    clock_skew: float = 0.0
    host_clock: Callable[[], float] = time.time
    subscriptions: list[Subscription] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    sends_hints: bool = True
    chatters: bool = True
    """Whether the log contains unrelated radio lines, as on every real phone."""
    withholds_sms: bool = False
    slot_states: dict[int, str] = field(default_factory=dict)
    """Overrides of the SIM state by slot: PIN_REQUIRED, NOT_READY and so on."""
    is_booting: bool = False
    """adb answers; Android services do not yet."""
    is_locked: bool = False
    """Before the first unlock after a boot: credential-encrypted storage, including SMS, is closed."""
    provider_deaths: int = 0
    """How many of the next queries crash the process of the SMS provider."""
    slow_services: dict[str, float] = field(default_factory=dict)
    """Seconds until `dumpsys` of a service times out, by service."""
    firmware: int = 0
    """Number of firmware updates."""
    hardware_id: str = "0"
    """Unique per phone; the default serial number is derived from it."""
    serial_number: str = ""
    """A serial number shared by all phones of a model; empty for a unique one."""

    def __post_init__(self) -> None:
        profile = self.profile
        self.withholds_sms = self.withholds_sms or profile.withholds_sms
        self.sends_hints = self.sends_hints and not profile.has_no_hints
        self.telemetry = initial_telemetry(profile.default_sms_app, profile.total_bytes, booted_at=self.host_clock())
        self.radios = [SlotRadio() for _ in range(profile.slots)]
        self.sms = SmsTable(profile.vendor, marks_codes=profile.marks_codes)
        self.log = RadioLog(profile.sdk, self.now, is_mediatek=profile.has_mediatek_radio)
        self.codes_delayed_for = profile.delays_codes
        self._hidden_until: dict[int, float] = {}

    def now(self) -> float:
        """The phone's own clock, in seconds."""
        return self.host_clock() + self.clock_skew

    def subscription_in(self, slot: int) -> Subscription | None:
        return next((subscription for subscription in self.subscriptions if subscription.slot == slot), None)

    @property
    def active(self) -> list[Subscription]:
        """Subscriptions of inserted SIMs, sorted by slot."""
        inserted = (subscription for subscription in self.subscriptions if subscription.slot != NO_SLOT)
        return sorted(inserted, key=lambda subscription: subscription.slot)

    def show_row(self, row_id: int, *, after: float) -> None:
        """Make a row of the SMS table visible to the shell `after` seconds; 0 means now."""
        self._hidden_until.pop(row_id, None)
        if after > 0:
            self._hidden_until[row_id] = self.host_clock() + after

    @property
    def hidden_rows(self) -> list[int]:
        now = self.host_clock()
        return sorted(row_id for row_id, hidden_until in self._hidden_until.items() if hidden_until > now)

    @property
    def listed(self) -> list[Subscription]:
        """Active subscriptions as Android lists them: up to Android 13 without SIMs that have an I/O error."""
        return [subscription for subscription in self.active if not self._is_dropped(subscription)]

    def _is_dropped(self, subscription: Subscription) -> bool:
        is_old = self.profile.sdk <= LAST_SDK_THAT_DROPS_FAULTY_SIMS
        return is_old and self.slot_states.get(subscription.slot) == "CARD_IO_ERROR"

    def listed_slot(self, subscription: Subscription) -> int:
        return NO_SLOT if self._is_dropped(subscription) else subscription.slot

    def slot(self, slot: int) -> SlotView:
        """The state that the phone currently reports for a slot."""
        subscription, radio, state = self.subscription_in(slot), self.radios[slot], self._sim_state(slot)
        service = self._service(slot, state)
        is_registered = service is Service.IN_SERVICE and subscription is not None
        home = subscription.sim.operator if subscription is not None and state in READABLE_STATES else None
        return SlotView(
            sim_state=state,
            service=service,
            home=home,
            network=(radio.visited or home) if is_registered else None,
            network_type=radio.network_type if is_registered else "Unknown",
            level=radio.level if is_registered else None,
            is_roaming=is_registered and radio.visited is not None,
        )

    def can_receive(self, slot: int) -> bool:
        """Whether the network can deliver an SMS to the slot now."""
        return not self.is_booting and self.slot(slot).can_receive

    def _sim_state(self, slot: int) -> str:
        if (forced := self.slot_states.get(slot)) is not None:
            return forced
        if self.subscription_in(slot) is None:
            return "ABSENT"
        if self.telemetry.airplane_mode and self.profile.sdk < 28:
            # Older radios also power off the SIM.
            return "NOT_READY"
        return "LOADED" if self.profile.sdk >= 26 else "READY"

    def _service(self, slot: int, state: str) -> Service:
        if self.telemetry.airplane_mode:
            return Service.POWER_OFF
        if self.subscription_in(slot) is None:
            return Service.NO_SERVICE
        if state not in LOADED_STATES:
            return Service.EMERGENCY_ONLY
        return self.radios[slot].service

    def insert_sim(self, sim: VirtualSim, slot: int) -> Subscription:
        if not 0 <= slot < self.profile.slots:
            raise ValueError(f"{self.profile.model} has no slot {slot}")
        self.remove_sim(slot)
        subscription = next((old for old in self.subscriptions if old.sim.iccid == sim.iccid), None)
        if subscription is None:
            subscription = Subscription(max((old.sub_id for old in self.subscriptions), default=0) + 1, sim, slot)
            self.subscriptions.append(subscription)
        subscription.sim, subscription.slot = sim, slot
        return subscription

    def remove_sim(self, slot: int) -> VirtualSim | None:
        subscription = self.subscription_in(slot)
        if subscription is None:
            return None
        subscription.slot = NO_SLOT
        return subscription.sim

    def close(self) -> None:
        self.sms.close()
