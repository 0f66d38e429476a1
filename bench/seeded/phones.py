"""Simulated phones on the virtual clock, with loose cables and wrong clocks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from phonefarm.application.ports.world import (
    Checkup,
    Hint,
    ListedDevice,
    PhoneUnreachable,
    Probe,
    Remembered,
    ServerDown,
)
from phonefarm.domain.ids import Msisdn, SimId, phone_id
from phonefarm.domain.phones import HandsetProof, Introduction, PhoneFacts
from phonefarm.domain.sims import SeenSim, SlotState
from phonefarm.domain.sms import Reading, SmsRow
from phonefarm.domain.telemetry import PhoneTelemetry

SERVER = "127.0.0.1:5037"
QUERY_SECONDS = (0.1, 0.6)


@dataclass
class SeededPhone:
    serial: str
    msisdns: tuple[str, ...]
    skew: float
    hints: bool
    plugged: bool = True
    inbox: list[SmsRow] = field(default_factory=list)
    next_row: int = 1
    listeners: list[asyncio.Queue[Hint]] = field(default_factory=list)

    @property
    def sims(self) -> tuple[SeenSim, ...]:
        return tuple(
            SeenSim(
                sim_id=SimId(f"8970{int(msisdn):016d}"),
                iccid=f"8970{int(msisdn):016d}",
                slot=slot,
                sub_id=slot + 1,
                mcc_mnc="25001",
                slot_state=SlotState.READY,
                msisdn=Msisdn(msisdn),
            )
            for slot, msisdn in enumerate(self.msisdns)
        )

    def receive(self, msisdn: str, text: str, now: datetime) -> None:
        """Store a row in the inbox, dated by the phone's clock."""
        date = int((now + timedelta(seconds=self.skew)).timestamp() * 1000)
        sub_id = self.msisdns.index(msisdn) + 1
        self.inbox.append(
            SmsRow(
                row_id=self.next_row, date_ms=date, date_sent_ms=date // 1000 * 1000, sub_id=sub_id,
                sender="Shop", body=text, sim_mark=f"sub_id={sub_id}",
            )
        )  # fmt: skip
        self.next_row += 1
        if self.hints:
            for listener in self.listeners:
                listener.put_nowait(Hint.STORED)


class SeededBridge:
    """A `PhoneBridge`; `notify_change` wakes the readers of the device list."""

    server = SERVER
    may_restart = True

    def __init__(self, phones: Sequence[SeededPhone], rng: random.Random, clock: Callable[[], datetime]) -> None:
        self._phones = {phone.serial: phone for phone in phones}
        self._rng = rng
        self._clock = clock
        self._list_readers: list[asyncio.Event] = []
        self.down = False

    def notify_change(self) -> None:
        for reader in self._list_readers:
            reader.set()

    async def ensure_server(self) -> str:
        await asyncio.sleep(0.05)
        if self.down:
            raise ServerDown("adb was killed")
        return "1.0.41"

    async def device_lists(self) -> AsyncIterator[Sequence[ListedDevice]]:
        changed = asyncio.Event()
        self._list_readers.append(changed)
        try:
            while True:
                if self.down:
                    raise ServerDown("adb was killed")
                yield [ListedDevice(serial=phone.serial, adb_state="device") for phone in self._plugged_phones()]
                await changed.wait()
                changed.clear()
        finally:
            self._list_readers.remove(changed)

    async def identify(self, serial: str, remembered: Remembered | None = None, *, newest: int = 0) -> Introduction:
        await self._answer(serial)
        return Introduction(facts=PhoneFacts(make="Xiaomi", model="Redmi 12", android="13", sdk=33, firmware="x/1"))

    def address(self, named: Mapping[str, ListedDevice]) -> None:
        pass

    async def prove(self, serial: str) -> HandsetProof:
        await self._answer(serial)
        return HandsetProof(boot_id=serial)

    async def probe(self, serial: str, facts: PhoneFacts) -> Probe:
        await self._answer(serial)
        return Probe(facts=facts, reads_hex=True)

    async def check_up(self, serial: str, probe: Probe, *, thorough: bool) -> Checkup:
        phone = await self._answer(serial)
        return Checkup(sims=phone.sims, telemetry=PhoneTelemetry())

    async def read_inbox(
        self, serial: str, probe: Probe, *, newest: int, skip: int = 0, expecting: bool = False
    ) -> Reading:
        started = self._clock()
        phone = await self._answer(serial)
        rows = tuple(sorted(phone.inbox, key=lambda row: -row.row_id))[skip : skip + newest]
        await asyncio.sleep(self._rng.uniform(0, 0.05))
        if not phone.plugged or self._rng.random() < 0.02:
            raise PhoneUnreachable("the answer was cut")
        measured = timedelta(seconds=phone.skew + self._rng.uniform(-0.005, 0.005))
        return Reading(
            phone_id=phone_id(serial, SERVER),
            rows=rows,
            begun_at=started,
            ended_at=self._clock(),
            clock_skew=measured,
        )

    async def arrival_hints(self, serial: str) -> AsyncIterator[Hint]:
        phone = self._phones[serial]
        queue: asyncio.Queue[Hint] = asyncio.Queue()
        phone.listeners.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            phone.listeners.remove(queue)

    async def reconnect(self, serial: str) -> None:
        await self._answer(serial)

    async def reconnect_offline(self) -> None:
        await asyncio.sleep(0.05)

    async def restart(self) -> None:
        await asyncio.sleep(1.0)

    def can_reset_usb(self, usb_path: str) -> bool:
        return False

    async def reset_usb(self, usb_path: str) -> None:
        raise PhoneUnreachable("no port")

    def _plugged_phones(self) -> list[SeededPhone]:
        return [phone for phone in self._phones.values() if phone.plugged]

    async def _answer(self, serial: str) -> SeededPhone:
        await asyncio.sleep(self._rng.uniform(*QUERY_SECONDS))
        phone = self._phones[serial]
        if self.down or not phone.plugged:
            raise PhoneUnreachable("the phone is not there")
        return phone
