"""Hands on a handset: cards moved, switches turned, batteries run down; nothing here needs a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.profiles import Profile
from phonefarm.simulation.radio import NETWORK_TYPES, STRONGEST, Service
from phonefarm.simulation.reception import Reception
from phonefarm.simulation.sims import MobileOperator, VirtualSim
from phonefarm.simulation.telemetry import ROOM_WHEN_FULL, Telemetry

UNLOCK_MS = 60
"""What delivering a kept message takes, as the log says it."""


class Hands:
    """What a person, the network or time can do to a handset."""

    def __init__(self, handset: Handset) -> None:
        self.handset = handset
        self.reception = Reception(handset)
        self._news = asyncio.Event()

    def _tell(self) -> None:
        """Wake those who wait for another state of the phone."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._news.wait()

    @property
    def profile(self) -> Profile:
        return self.handset.profile

    @property
    def telemetry(self) -> Telemetry:
        return self.handset.telemetry

    # SIMs and clock.

    def insert_sim(self, sim: VirtualSim, slot: int = 0) -> int:
        """Returns the subscription id that Android gives the card."""
        sub_id = self.handset.insert_sim(sim, slot).sub_id
        self._tell()
        return sub_id

    def remove_sim(self, slot: int = 0) -> VirtualSim | None:
        return self.handset.remove_sim(slot)

    def swap_sims(self) -> None:
        """The cards of the two slots change places."""
        first, second = self.remove_sim(0), self.remove_sim(1)
        for sim, slot in ((first, 1), (second, 0)):
            if sim is not None:
                self.insert_sim(sim, slot)

    def set_slot_state(self, slot: int, state: str | None) -> None:
        """Say PIN_REQUIRED, NOT_READY and the like of a slot; None says the truth again."""
        if state is None:
            self.handset.slot_states.pop(slot, None)
        else:
            self.handset.slot_states[slot] = state
        self._tell()

    def set_clock_skew(self, seconds: float) -> None:
        self.handset.clock_skew = seconds

    def set_query_seconds(self, seconds: float) -> None:
        self.handset.query_seconds = seconds

    def withhold_sms(self, on: bool = True) -> None:
        self.handset.withholds_sms = on

    def allow_sms(self) -> None:
        """The user lets the shell read SMS: "USB debugging (Security settings)", "Disable permission monitoring"."""
        self.withhold_sms(False)

    def kill_provider(self, queries: int = 1) -> None:
        """The process of the SMS provider dies under the next query, or so many of them."""
        self.handset.provider_deaths = queries

    def slow_down_service(self, name: str, seconds: float | None = 10.0) -> None:
        """Let `dumpsys NAME` give up after so many seconds; None makes it well again."""
        if seconds is None:
            self.handset.slow_services.pop(name, None)
        else:
            self.handset.slow_services[name] = seconds

    def delay_codes(self, seconds: float) -> None:
        """Hide messages that look like one-time codes from the shell, from now on and for so long each."""
        self.handset.codes_delayed_for = seconds

    def send_hints(self, on: bool = True) -> None:
        self.handset.sends_hints = on

    def chatter(self, on: bool = True) -> None:
        """Whether the log has the radio's other lines, too."""
        self.handset.chatters = on

    @property
    def sims(self) -> dict[int, VirtualSim]:
        return {known.slot: known.sim for known in self.handset.active}

    # Telemetry.

    def set_battery(self, level: int, *, charging: bool | None = None) -> None:
        """Per cent; whether it charges stays as it was if not given."""
        if not 0 <= level <= 100:
            raise ValueError(f"a battery holds 0 to 100 per cent, not {level}")
        self.telemetry.battery_level = level
        if charging is not None:
            self.telemetry.is_charging = charging

    def set_temperature(self, celsius: float) -> None:
        self.telemetry.celsius = celsius

    def set_free_storage(self, free_bytes: int) -> None:
        self.telemetry.free_bytes = min(max(free_bytes, 0), self.telemetry.total_bytes)

    def fill_storage(self) -> None:
        """Leave too little room for an SMS: those that come from now on are lost."""
        self.set_free_storage(ROOM_WHEN_FULL)

    def free_storage(self) -> None:
        self.set_free_storage(self.telemetry.total_bytes * 5 // 8)

    def set_uptime(self, seconds: float) -> None:
        self.telemetry.booted_at = self.handset.host_clock() - seconds

    def set_sms_app(self, package: str | None) -> None:
        """Choose the default SMS app, which is installed if it was not; None and an empty text choose none."""
        self.telemetry.sms_app = package
        if package and package not in self.telemetry.installed:
            self.telemetry.installed.append(package)

    def disable_package(self, package: str, on: bool = True) -> None:
        """Switch an app off, as `pm disable-user` does; the settings keep naming it."""
        (self.telemetry.disabled.add if on else self.telemetry.disabled.discard)(package)

    def update_firmware(self) -> None:
        """Another build from now on: the fingerprint changes."""
        self.handset.firmware += 1

    # The radio.

    def set_airplane_mode(self, on: bool = True) -> None:
        self.telemetry.airplane_mode = on
        self._tell()

    def set_signal(self, level: int | None, slot: int = 0) -> None:
        """0 to 4, or None where the radio cannot say."""
        if level is not None and not 0 <= level <= STRONGEST:
            raise ValueError(f"signal is 0 to {STRONGEST}, not {level}")
        self.handset.radios[slot].level = level

    def set_network_type(self, name: str, slot: int = 0) -> None:
        """LTE, NR, UMTS, EDGE and so on."""
        if name not in NETWORK_TYPES:
            raise ValueError(f"no network type {name}; there are {', '.join(NETWORK_TYPES)}")
        self.handset.radios[slot].network_type = name

    def set_service(self, service: Service, slot: int = 0) -> None:
        """In service, out of it, or good for emergency calls only."""
        self.handset.radios[slot].service = service
        self._tell()

    def roam(self, visited: MobileOperator | None, slot: int = 0) -> None:
        """Move a card into another network; None brings it home."""
        self.handset.radios[slot].visited = visited

    def send_sms_over_ims(self, on: bool = True, slot: int = 0) -> None:
        """VoLTE or VoWiFi: the log names no new SMS from the radio, only the handler behind it."""
        self.handset.radios[slot].sms_over_ims = on

    # How far it has booted.

    def set_booting(self, on: bool = True) -> None:
        """adb answers and Android does not yet; its uptime counts from here."""
        self.handset.is_booting = on
        self.set_uptime(0.0)
        self._tell()

    def lock(self) -> None:
        """As after a boot before the first unlock: SMS arrive and nobody can read them."""
        if not self.profile.encrypts_files:
            raise ValueError(f"{self.profile.model} does not encrypt its users' files")
        self.handset.is_locked = True

    def unlock(self) -> None:
        """The first unlock: what arrived before comes into the inbox, each message with its date of arrival."""
        self.handset.is_locked = False
        self.reception.deliver_waiting(UNLOCK_MS)
