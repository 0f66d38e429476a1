"""Controls of a virtual handset that need no network: SIMs, settings, battery, storage, radio and boot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.inbound_sms_handler import InboundSmsHandler
from phonefarm.simulation.profiles import Profile
from phonefarm.simulation.radio import MAX_LEVEL, NETWORK_TYPES, Service
from phonefarm.simulation.sims import MobileOperator, VirtualSim
from phonefarm.simulation.telemetry import FREE_BYTES_WHEN_FULL, Telemetry

DELIVERY_AFTER_UNLOCK_MS = 60
"""Broadcast time that the log gives for a message delivered after the unlock."""


class PhoneControls:
    """Changes a handset the way its user, the network or the passing of time would."""

    def __init__(self, handset: Handset) -> None:
        self.handset = handset
        self.inbound = InboundSmsHandler(handset)
        self._changed = asyncio.Event()

    def _notify_change(self) -> None:
        """Wake the coroutines that wait for a change of state."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _wait_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._changed.wait()

    @property
    def profile(self) -> Profile:
        return self.handset.profile

    @property
    def telemetry(self) -> Telemetry:
        return self.handset.telemetry

    # SIMs and clock.

    def insert_sim(self, sim: VirtualSim, slot: int = 0) -> int:
        """Insert a SIM and return its subscription id."""
        sub_id = self.handset.insert_sim(sim, slot).sub_id
        self._notify_change()
        return sub_id

    def remove_sim(self, slot: int = 0) -> VirtualSim | None:
        return self.handset.remove_sim(slot)

    def swap_sims(self) -> None:
        """Swap the SIMs of the two slots."""
        first, second = self.remove_sim(0), self.remove_sim(1)
        for sim, slot in ((first, 1), (second, 0)):
            if sim is not None:
                self.insert_sim(sim, slot)

    def set_slot_state(self, slot: int, state: str | None) -> None:
        """Override the reported SIM state of a slot, e.g. PIN_REQUIRED or NOT_READY; None ends the override."""
        if state is None:
            self.handset.slot_states.pop(slot, None)
        else:
            self.handset.slot_states[slot] = state
        self._notify_change()

    def set_clock_skew(self, seconds: float) -> None:
        self.handset.clock_skew = seconds

    def set_query_seconds(self, seconds: float) -> None:
        self.handset.query_seconds = seconds

    def withhold_sms(self, on: bool = True) -> None:
        self.handset.withholds_sms = on

    def allow_sms(self) -> None:
        """Let the shell read SMS, as "USB debugging (Security settings)" or "Disable permission monitoring" do."""
        self.withhold_sms(False)

    def kill_provider(self, queries: int = 1) -> None:
        """Crash the process of the SMS provider during the next `queries` queries."""
        self.handset.provider_deaths = queries

    def slow_down_service(self, name: str, seconds: float | None = 10.0) -> None:
        """Make `dumpsys NAME` time out after `seconds`; None ends the fault."""
        if seconds is None:
            self.handset.slow_services.pop(name, None)
        else:
            self.handset.slow_services[name] = seconds

    def delay_codes(self, seconds: float) -> None:
        """Hide each new message that looks like a one-time code from the shell for `seconds`."""
        self.handset.codes_delayed_for = seconds

    def send_hints(self, on: bool = True) -> None:
        self.handset.sends_hints = on

    def chatter(self, on: bool = True) -> None:
        """Whether the log contains unrelated radio lines, too."""
        self.handset.chatters = on

    @property
    def sims(self) -> dict[int, VirtualSim]:
        return {subscription.slot: subscription.sim for subscription in self.handset.active}

    # Telemetry.

    def set_battery(self, level: int, *, charging: bool | None = None) -> None:
        """Set the level in per cent; `charging` None leaves the charging state unchanged."""
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
        """Leave too little space for an SMS: later messages are lost."""
        self.set_free_storage(FREE_BYTES_WHEN_FULL)

    def free_storage(self) -> None:
        self.set_free_storage(self.telemetry.total_bytes * 5 // 8)

    def set_uptime(self, seconds: float) -> None:
        self.telemetry.booted_at = self.handset.host_clock() - seconds

    def set_sms_app(self, package: str | None) -> None:
        """Set the default SMS app, and install it if needed; None and "" mean no app."""
        self.telemetry.sms_app = package
        if package and package not in self.telemetry.installed:
            self.telemetry.installed.append(package)

    def disable_package(self, package: str, on: bool = True) -> None:
        """Disable an app like `pm disable-user`; the settings still name it."""
        (self.telemetry.disabled.add if on else self.telemetry.disabled.discard)(package)

    def update_firmware(self) -> None:
        """Install another build: the fingerprint changes."""
        self.handset.firmware += 1

    # The radio.

    def set_airplane_mode(self, on: bool = True) -> None:
        self.telemetry.airplane_mode = on
        self._notify_change()

    def set_signal(self, level: int | None, slot: int = 0) -> None:
        """Set the signal level, 0 to 4; None means unknown."""
        if level is not None and not 0 <= level <= MAX_LEVEL:
            raise ValueError(f"signal is 0 to {MAX_LEVEL}, not {level}")
        self.handset.radios[slot].level = level

    def set_network_type(self, name: str, slot: int = 0) -> None:
        """Set the network type: LTE, NR, UMTS, EDGE and so on."""
        if name not in NETWORK_TYPES:
            raise ValueError(f"no network type {name}; there are {', '.join(NETWORK_TYPES)}")
        self.handset.radios[slot].network_type = name

    def set_service(self, service: Service, slot: int = 0) -> None:
        """Set the service state of a slot."""
        self.handset.radios[slot].service = service
        self._notify_change()

    def roam(self, visited: MobileOperator | None, slot: int = 0) -> None:
        """Register a SIM in a visited network; None means its home network."""
        self.handset.radios[slot].visited = visited

    def send_sms_over_ims(self, on: bool = True, slot: int = 0) -> None:
        """Deliver SMS over VoLTE or VoWiFi: the log has the handler's lines, but none from the radio."""
        self.handset.radios[slot].sms_over_ims = on

    # Boot and unlock.

    def set_booting(self, on: bool = True) -> None:
        """Simulate a boot: adb answers, Android services do not yet. Resets the uptime."""
        self.handset.is_booting = on
        self.set_uptime(0.0)
        self._notify_change()

    def lock(self) -> None:
        """Enter the state before the first unlock after a boot: SMS arrive, but cannot be read."""
        if not self.profile.encrypts_files:
            raise ValueError(f"{self.profile.model} does not encrypt its users' files")
        self.handset.is_locked = True

    def unlock(self) -> None:
        """First unlock: move the pending messages to the inbox, each with its date of arrival."""
        self.handset.is_locked = False
        self.inbound.deliver_pending(DELIVERY_AFTER_UNLOCK_MS)
