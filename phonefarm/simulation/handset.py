"""A handset's state: what it is, what is in it, what its clock says; no network here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from phonefarm.simulation.profiles import Profile
from phonefarm.simulation.radio import LOADED_STATES, READABLE_STATES, Service, SlotRadio, SlotView
from phonefarm.simulation.radio_log import RadioLog
from phonefarm.simulation.sims import VirtualSim
from phonefarm.simulation.sms_table import SmsTable
from phonefarm.simulation.telemetry import fresh_telemetry

LAST_SDK_THAT_DROPS_FAULTY_CARDS = 33
OUT = -1
"""The slot of a subscription whose card is not in the phone."""


@dataclass
class Counters:
    shell_commands: int = 0
    queries: int = 0
    sms_delivered: int = 0
    """Messages that reached the inbox."""
    sms_lost: int = 0
    """Messages that the phone took from the network and could not store."""


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
    chatters: bool = True
    """Whether its radio's other lines are in the log, as on every real phone."""
    withholds_sms: bool = False
    slot_states: dict[int, str] = field(default_factory=dict)
    """SIM states said instead of the true ones: PIN_REQUIRED, NOT_READY and so on, by slot."""
    is_booting: bool = False
    """adb answers; the services of Android do not yet."""
    is_locked: bool = False
    """Not yet unlocked after a boot: the user's files, the SMS among them, are closed."""
    provider_deaths: int = 0
    """So many queries that come next find the process of the SMS provider dying."""
    slow_services: dict[str, float] = field(default_factory=dict)
    """Services whose dump is given up after so many seconds."""
    firmware: int = 0
    """Updates since the first day."""
    hardware_id: str = "0"
    """Whatever tells it from others; its serial number is made from it."""
    serial_number: str = ""
    """One that its maker gave to all of its kind; empty for one of its own."""

    def __post_init__(self) -> None:
        profile = self.profile
        self.withholds_sms = self.withholds_sms or profile.withholds_sms
        self.sends_hints = self.sends_hints and not profile.has_no_hints
        self.telemetry = fresh_telemetry(profile.default_sms_app, profile.total_bytes, booted_at=self.host_clock())
        self.radios = [SlotRadio() for _ in range(profile.slots)]
        self.sms = SmsTable(profile.vendor, marks_codes=profile.marks_codes)
        self.log = RadioLog(profile.sdk, self.now, is_mediatek=profile.has_mediatek_radio)
        self.codes_delayed_for = profile.delays_codes
        self._shown_from: dict[int, float] = {}

    def now(self) -> float:
        """The phone's own clock, in seconds."""
        return self.host_clock() + self.clock_skew

    def subscription_in(self, slot: int) -> Subscription | None:
        return next((known for known in self.subscriptions if known.slot == slot), None)

    @property
    def active(self) -> list[Subscription]:
        """Subscriptions in the phone now, by slot."""
        return sorted((known for known in self.subscriptions if known.slot != OUT), key=lambda known: known.slot)

    def show_row(self, row_id: int, *, after: float) -> None:
        """Let the shell see a row of the SMS table at once or so many seconds later."""
        self._shown_from.pop(row_id, None)
        if after > 0:
            self._shown_from[row_id] = self.host_clock() + after

    @property
    def hidden_rows(self) -> list[int]:
        now = self.host_clock()
        return sorted(row_id for row_id, shown_from in self._shown_from.items() if shown_from > now)

    @property
    def listed(self) -> list[Subscription]:
        """Active subscriptions as Android lists them: up to 13 a card with an I/O error is as good as out."""
        return [known for known in self.active if not self._is_dropped(known)]

    def _is_dropped(self, known: Subscription) -> bool:
        is_old = self.profile.sdk <= LAST_SDK_THAT_DROPS_FAULTY_CARDS
        return is_old and self.slot_states.get(known.slot) == "CARD_IO_ERROR"

    def listed_slot(self, known: Subscription) -> int:
        return OUT if self._is_dropped(known) else known.slot

    def slot(self, slot: int) -> SlotView:
        """What the phone says of a slot just now."""
        known, radio, state = self.subscription_in(slot), self.radios[slot], self._sim_state(slot)
        service = self._service(slot, state)
        is_on_air = service is Service.IN_SERVICE and known is not None
        home = known.sim.operator if known is not None and state in READABLE_STATES else None
        return SlotView(
            sim_state=state,
            service=service,
            home=home,
            network=(radio.visited or home) if is_on_air else None,
            network_type=radio.network_type if is_on_air else "Unknown",
            level=radio.level if is_on_air else None,
            is_roaming=is_on_air and radio.visited is not None,
        )

    def can_receive(self, slot: int) -> bool:
        """Whether the network can hand it an SMS now."""
        return not self.is_booting and self.slot(slot).can_receive

    def _sim_state(self, slot: int) -> str:
        if (forced := self.slot_states.get(slot)) is not None:
            return forced
        if self.subscription_in(slot) is None:
            return "ABSENT"
        if self.telemetry.airplane_mode and self.profile.sdk < 28:
            # Older radios cut the card's power too.
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
