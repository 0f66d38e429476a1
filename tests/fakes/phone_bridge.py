"""A `PhoneBridge` with scripted phones."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import uuid4

from phonefarm.application.ports.world import (
    Checkup,
    Hint,
    ListedDevice,
    PhoneUnreachable,
    Probe,
    Remembered,
    ServerDown,
    SmsWithheld,
)
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import PhoneId, phone_id
from phonefarm.domain.phones import HandsetProof, Introduction, PhoneFacts, is_address
from phonefarm.domain.sims import SeenSim
from phonefarm.domain.sms import Reading, SmsRow
from phonefarm.domain.telemetry import PhoneTelemetry
from phonefarm.support.clock import Clock

SERVER = "127.0.0.1:5037"
REDMI = PhoneFacts(make="Xiaomi", model="Redmi 12", android="13", sdk=33, firmware="redmi/13/1")
WELL = PhoneTelemetry(battery_percent=80, temperature=30.0, free_bytes=10**10, uptime_seconds=3600.0, sms_app="com.sms")


@dataclass
class ScriptedPhone:
    serial: str
    adb_state: str = "device"
    detail: str = ""
    """The attributes in adb's long list."""
    facts: PhoneFacts = REDMI
    hardware: str = ""
    proof: HandsetProof = field(default_factory=lambda: HandsetProof(boot_id=uuid4().hex))
    proofs: int = 0
    is_up: bool = True
    is_unlocked: bool = True
    telemetry: PhoneTelemetry = WELL
    skew: timedelta | None = None
    has_otp_mark: bool = False
    takes: Probe = field(default_factory=lambda: Probe(facts=REDMI, reads_hex=True))
    """The result of a probe, without the facts."""
    probe_trouble: KnownError | None = None
    """The error of every probe; other calls succeed."""
    probe_in_use: Probe | None = None
    """The probe of the last reading, without the facts."""
    sims: list[SeenSim] = field(default_factory=list)
    sims_untold: bool = False
    """Whether the SIMs cannot be read."""
    inbox: list[SmsRow] = field(default_factory=list)
    trouble: KnownError | None = None
    """The error of every call, until it is removed."""
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    """Initially set; while cleared, every call to the phone blocks."""
    introductions: int = 0
    remembered: list[Remembered | None] = field(default_factory=list)
    """The arguments of each introduction."""
    probes: int = 0
    checkups: list[bool] = field(default_factory=list)
    """For each check-up, whether it was thorough."""
    looks: int = 0
    ignores_offset: bool = False
    skips: list[int] = field(default_factory=list)
    on_look: Callable[[], None] = lambda: None
    """Called after each reading of a window of the inbox."""
    reconnects: int = 0
    followed: int = 0
    """How often the log was opened."""
    hints: asyncio.Queue[Hint] = field(default_factory=asyncio.Queue)
    checks: asyncio.Event = field(default_factory=asyncio.Event)
    """Initially set; while cleared, check-ups block and other calls succeed."""
    checking: bool = False
    checkup_trouble: KnownError | None = None
    """The error of every check-up; other calls succeed."""

    def __post_init__(self) -> None:
        self.answers.set()
        self.checks.set()

    def announce(self, hint: Hint = Hint.STORED) -> None:
        """Write a log line without storing a row."""
        self.hints.put_nowait(hint)

    def receive(self, row: SmsRow, *, hinted: bool = True) -> None:
        self.inbox.append(row)
        if hinted:
            self.hints.put_nowait(Hint.STORED)


class ScriptedPhoneBridge:
    def __init__(self, clock: Clock, *phones: ScriptedPhone, server: str = SERVER) -> None:
        self.phones = {phone.serial: phone for phone in phones}
        self.server_trouble: ServerDown | None = None
        self.forgotten: dict[str, ScriptedPhone] = {}
        """TCP phones that are reachable but not connected."""
        self.asked: Counter[str] = Counter()
        self.introduced: list[str] = []
        """Serials in the order of their introductions."""
        self.may_restart = False
        self.usb_ports: set[str] = set()
        """USB ports that can be reset."""
        self.steps: list[str] = []
        """The steps of the recovery ladder, in order."""
        self.on_step: Callable[[], None] = lambda: None
        self.named: dict[str, str] = {}
        """Serials by name."""
        self._clock = clock
        self._server = server
        self._changed = asyncio.Event()

    @property
    def server(self) -> str:
        return self._server

    def id_of(self, phone: ScriptedPhone) -> PhoneId:
        return phone_id(phone.serial, self._server)

    def change(self) -> None:
        """Notify the readers of the device list of a change."""
        self._changed.set()

    def unplug(self, phone: ScriptedPhone) -> None:
        del self.phones[phone.serial]
        self.change()

    def plug_in(self, phone: ScriptedPhone) -> None:
        self.phones[phone.serial] = phone
        self.change()

    def end_server(self, cause: str = "adb was killed") -> None:
        """End the server, which forgets its TCP phones."""
        self.server_trouble = ServerDown(cause)
        self.forgotten |= {serial: phone for serial, phone in self.phones.items() if is_address(serial)}
        self.phones = {serial: phone for serial, phone in self.phones.items() if serial not in self.forgotten}
        self.change()

    async def ensure_server(self) -> str:
        self.asked["server"] += 1
        if self.server_trouble is not None:
            raise self.server_trouble
        return "1.0.41"

    async def device_lists(self) -> AsyncIterator[Sequence[ListedDevice]]:
        while True:
            if self.server_trouble is not None:
                raise self.server_trouble
            yield [
                ListedDevice(serial=phone.serial, adb_state=phone.adb_state, detail=phone.detail)
                for phone in self.phones.values()
            ]
            await self._changed.wait()
            self._changed.clear()

    async def identify(self, serial: str, remembered: Remembered | None = None, *, newest: int = 0) -> Introduction:
        self.introduced.append(serial)
        phone = await self._reach(serial)
        phone.introductions += 1
        phone.remembered.append(remembered)
        return Introduction(
            facts=phone.facts, is_up=phone.is_up, is_unlocked=phone.is_unlocked, hardware=phone.hardware
        )

    def address(self, named: Mapping[str, ListedDevice]) -> None:
        self.named = {name: device.serial for name, device in named.items()}

    async def prove(self, serial: str) -> HandsetProof:
        phone = await self._reach(serial)
        phone.proofs += 1
        return phone.proof

    async def probe(self, serial: str, facts: PhoneFacts) -> Probe:
        phone = await self._reach(serial)
        phone.probes += 1
        if phone.probe_trouble is not None:
            raise phone.probe_trouble
        return replace(phone.takes, facts=facts, has_otp_mark=phone.has_otp_mark)

    async def check_up(self, serial: str, probe: Probe, *, thorough: bool) -> Checkup:
        phone = await self._reach(serial)
        if phone.checkup_trouble is not None:
            raise phone.checkup_trouble
        phone.checking = True
        await phone.checks.wait()
        phone.checking = False
        phone.checkups.append(thorough)
        return Checkup(sims=None if phone.sims_untold else tuple(phone.sims), telemetry=phone.telemetry)

    async def read_inbox(
        self, serial: str, probe: Probe, *, newest: int, skip: int = 0, expecting: bool = False
    ) -> Reading:
        phone = await self._reach(serial)
        begun_at = self._clock()
        await asyncio.sleep(0)
        phone.looks += 1
        phone.probe_in_use = replace(probe, facts=PhoneFacts())
        phone.skips.append(skip)
        newest_first = sorted(phone.inbox, key=lambda row: -row.row_id)
        start = 0 if phone.ignores_offset else skip
        rows = tuple(newest_first[start : start + newest])
        phone.on_look()
        return Reading(
            phone_id=phone_id(serial, self._server),
            rows=rows,
            begun_at=begun_at,
            ended_at=self._clock(),
            clock_skew=phone.skew,
        )

    async def arrival_hints(self, serial: str) -> AsyncIterator[Hint]:
        try:
            phone = await self._reach(serial)
        except SmsWithheld as error:
            raise PhoneUnreachable(str(error)) from error
        phone.followed += 1
        while True:
            yield await phone.hints.get()

    async def reconnect(self, serial: str) -> None:
        if self.server_trouble is not None:
            raise self.server_trouble
        phone = self.forgotten.pop(serial, None)
        if phone is not None:
            self.plug_in(phone)
        phone = self.phones.get(serial)
        if phone is None:
            raise PhoneUnreachable("The phone is not there.")
        phone.reconnects += 1
        self.steps.append(f"reconnect {serial}")
        self.on_step()
        if isinstance(phone.trouble, ServerDown):
            raise phone.trouble

    async def reconnect_offline(self) -> None:
        self.steps.append("reconnect offline")

    async def restart(self) -> None:
        self.steps.append("restart")

    def can_reset_usb(self, usb_path: str) -> bool:
        return usb_path in self.usb_ports

    async def reset_usb(self, usb_path: str) -> None:
        self.steps.append(f"reset {usb_path}")

    async def _reach(self, serial: str) -> ScriptedPhone:
        self.asked[serial] += 1
        phone = self.phones.get(self.named.get(serial, serial))
        if phone is None:
            raise PhoneUnreachable("The phone is not there.")
        await phone.answers.wait()
        if phone.trouble is not None:
            raise phone.trouble
        return phone
