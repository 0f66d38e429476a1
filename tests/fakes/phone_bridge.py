"""An adb server whose phones do what the test says."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from phonefarm.application.interfaces import (
    Clock,
    Hint,
    ListedDevice,
    PhoneUnreachable,
    Probe,
    ServerDown,
    SmsWithheld,
)
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import PhoneId, phone_id
from phonefarm.domain.phones import PhoneFacts, is_address
from phonefarm.domain.sims import SeenSim
from phonefarm.domain.sms import Reading, SmsRow

SERVER = "127.0.0.1:5037"


@dataclass
class ScriptedPhone:
    serial: str
    adb_state: str = "device"
    sims: list[SeenSim] = field(default_factory=list)
    inbox: list[SmsRow] = field(default_factory=list)
    trouble: KnownError | None = None
    """What every question to it ends with, until it is taken away."""
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    """Set from the start; while it is not, every question to the phone waits."""
    introductions: int = 0
    looks: int = 0
    skips: list[int] = field(default_factory=list)
    reconnects: int = 0
    hints: asyncio.Queue[Hint] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.answers.set()

    def receive(self, row: SmsRow, *, hinted: bool = True) -> None:
        self.inbox.append(row)
        if hinted:
            self.hints.put_nowait(Hint.STORED)


class ScriptedPhoneBridge:
    def __init__(self, clock: Clock, *phones: ScriptedPhone, server: str = SERVER) -> None:
        self.phones = {phone.serial: phone for phone in phones}
        self.server_trouble: ServerDown | None = None
        self.forgotten: dict[str, ScriptedPhone] = {}
        """Phones over TCP that answer but are not connected."""
        self.asked: Counter[str] = Counter()
        self._clock = clock
        self._server = server
        self._changed = asyncio.Event()

    @property
    def server(self) -> str:
        return self._server

    def id_of(self, phone: ScriptedPhone) -> PhoneId:
        return phone_id(phone.serial, self._server)

    def change(self) -> None:
        """Tell whoever follows the device list that something is different now."""
        self._changed.set()

    def unplug(self, phone: ScriptedPhone) -> None:
        del self.phones[phone.serial]
        self.change()

    def plug_in(self, phone: ScriptedPhone) -> None:
        self.phones[phone.serial] = phone
        self.change()

    def end_server(self, cause: str = "adb was killed") -> None:
        """The server goes, and with it what it knew of phones over TCP."""
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
            yield [ListedDevice(serial=phone.serial, adb_state=phone.adb_state) for phone in self.phones.values()]
            await self._changed.wait()
            self._changed.clear()

    async def probe(self, serial: str) -> Probe:
        (await self._reach(serial)).introductions += 1
        return Probe(facts=PhoneFacts(make="Xiaomi", model="Redmi 12", android="13", sdk=33), reads_hex=True)

    async def read_sims(self, serial: str, probe: Probe) -> Sequence[SeenSim]:
        return list((await self._reach(serial)).sims)

    async def read_inbox(self, serial: str, probe: Probe, *, newest: int, skip: int = 0) -> Reading:
        phone = await self._reach(serial)
        begun_at = self._clock()
        await asyncio.sleep(0)
        phone.looks += 1
        phone.skips.append(skip)
        newest_first = sorted(phone.inbox, key=lambda row: -row.row_id)
        return Reading(
            phone_id=phone_id(serial, self._server),
            rows=tuple(newest_first[skip : skip + newest]),
            begun_at=begun_at,
            ended_at=self._clock(),
            clock_skew=None,
        )

    async def arrival_hints(self, serial: str) -> AsyncIterator[Hint]:
        try:
            phone = await self._reach(serial)
        except SmsWithheld as error:
            raise PhoneUnreachable(str(error)) from error
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
        if isinstance(phone.trouble, ServerDown):
            raise phone.trouble

    async def _reach(self, serial: str) -> ScriptedPhone:
        self.asked[serial] += 1
        phone = self.phones.get(serial)
        if phone is None:
            raise PhoneUnreachable("The phone is not there.")
        await phone.answers.wait()
        if phone.trouble is not None:
            raise phone.trouble
        return phone
