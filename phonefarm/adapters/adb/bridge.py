"""Implements the port `PhoneBridge` on one adb server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta

from phonefarm.adapters.adb import adb_server, tracking
from phonefarm.adapters.adb.checkup import BASIC_COMMANDS, CheckupReader
from phonefarm.adapters.adb.handset_proof import read_handset_proof
from phonefarm.adapters.adb.hints import logcat_command, parse_hint
from phonefarm.adapters.adb.inbox import InboxReader
from phonefarm.adapters.adb.introducing import introduce
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.phone_settings import FIRST_NATIVE_SDK
from phonefarm.adapters.adb.prefetching import PREFETCH_TIMEOUT_SECONDS, prefetch_with_probe
from phonefarm.adapters.adb.probing import probe_phone
from phonefarm.adapters.adb.shell import Shell
from phonefarm.adapters.adb.smart_socket import Address, SmartSocket, printable
from phonefarm.adapters.adb.usb_reset import UsbPorts
from phonefarm.application.ports.world import Checkup, Hint, ListedDevice, PhoneUnreachable, Probe, Remembered
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import phone_id
from phonefarm.domain.naming import NO_SERIAL, transport_id
from phonefarm.domain.phones import HandsetProof, Introduction, PhoneFacts, is_address
from phonefarm.domain.sms import Reading
from phonefarm.support.clock import Clock
from phonefarm.support.deadlines import within

RECONNECT_TIMEOUT_SECONDS = 15.0
FEATURES_TIMEOUT_SECONDS = 5.0
RESET_TIMEOUT_SECONDS = 10.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _PhoneReaders:
    """The readers of one phone, with their caches; they live while it is connected."""

    def __init__(self, calls: PhoneCalls, probe: Probe, clock: Clock, remembered: Remembered | None) -> None:
        self.calls = calls
        self.probe = probe
        self.inbox = InboxReader(calls, probe)
        self.checkups = CheckupReader(calls, probe, remembered, clock)


class AdbBridge:
    """`PhoneBridge` over one adb server's smart socket."""

    def __init__(
        self, server: str, *, adb: str | None = None, clock: Clock = _utc_now, usb: UsbPorts | None = None
    ) -> None:
        """`server` is host:port; `adb` the adb program of the settings, if they name one."""
        host, _, port = server.rpartition(":")
        self._socket = SmartSocket(host.strip("[]"), int(port))
        self._server = server
        self._adb = adb
        self._clock = clock
        self._usb = usb or UsbPorts()
        self._addresses: dict[str, Address] = {}
        """Of phones whose serial is ambiguous."""
        self._calls: dict[str, PhoneCalls] = {}
        self._remembered: dict[str, Remembered] = {}
        """Of phones that are being introduced."""
        self._readers: dict[str, _PhoneReaders] = {}
        self._sdks: dict[str, int] = {}
        """Of introduced phones."""

    @property
    def server(self) -> str:
        return self._server

    async def ensure_server(self) -> str:
        return await adb_server.ensure_server(self._socket, self._adb)

    async def device_lists(self) -> AsyncGenerator[Sequence[ListedDevice], None]:
        async with aclosing(tracking.device_lists(self._socket)) as lists:
            async for listed in lists:
                yield listed

    def address(self, named: Mapping[str, ListedDevice]) -> None:
        count = Counter(device.serial for device in named.values())
        addresses = {}
        for name, device in named.items():
            if name != device.serial or count[device.serial] > 1 or device.serial == NO_SERIAL:
                addresses[name] = Address(serial=device.serial, transport_id=transport_id(device.detail))
        for name in self._calls.keys() | addresses.keys():
            is_there = name in named and named[name].adb_state == "device"
            if not is_there or self._addresses.get(name) != addresses.get(name):
                self._forget(name)
        self._addresses = addresses

    async def prove(self, serial: str) -> HandsetProof:
        return await read_handset_proof(await self._calls_for(serial), self._clock)

    async def identify(self, serial: str, remembered: Remembered | None = None, *, newest: int = 0) -> Introduction:
        calls = await self._calls_for(serial)
        calls.discard_prefetched()
        if remembered is not None:
            self._remembered[serial] = remembered
            await calls.prefetch(
                *self._introduction_commands(serial, calls, remembered, newest), within=PREFETCH_TIMEOUT_SECONDS
            )
        introduction = await introduce(calls)
        self._sdks[serial] = introduction.facts.sdk
        if (readers := self._readers.get(serial)) is not None and readers.probe.facts != introduction.facts:
            del self._readers[serial]  # the firmware has changed
            if remembered is not None:
                self._remembered[serial] = remembered
        return introduction

    def _introduction_commands(self, serial: str, calls: PhoneCalls, remembered: Remembered, newest: int) -> list[str]:
        if remembered.probe is None:
            return list(BASIC_COMMANDS)
        readers = self._make_readers(serial, calls, remembered.probe)
        commands = readers.checkups.commands(thorough=remembered.probe.facts.sdk >= FIRST_NATIVE_SDK)
        return [*commands, readers.inbox.query(remembered.probe, newest=newest)]

    async def probe(self, serial: str, facts: PhoneFacts) -> Probe:
        calls = await self._calls_for(serial)
        await prefetch_with_probe(calls, facts)
        probe = await probe_phone(calls, facts)
        self._make_readers(serial, calls, probe)
        return probe

    async def check_up(self, serial: str, probe: Probe, *, thorough: bool) -> Checkup:
        readers = await self._readers_for(serial, probe)
        checkup = await readers.checkups.read(thorough=thorough)
        if checkup.sims is not None:
            readers.inbox.row_sims.set_sims(checkup.sims)
        return checkup

    async def read_inbox(
        self, serial: str, probe: Probe, *, newest: int, skip: int = 0, expecting: bool = False
    ) -> Reading:
        readers = await self._readers_for(serial, probe)
        if expecting:
            readers.calls.discard_prefetched()
        begun, begun_loop = self._clock(), asyncio.get_running_loop().time()
        window = await readers.inbox.read(probe, newest=newest, skip=skip, expecting=expecting)
        readers.calls.discard_prefetched()  # the introduction ends with this reading
        skew = None
        if window.phone_clock is not None and window.clock_seen_at is not None:
            ours = begun.timestamp() + (window.clock_seen_at - begun_loop)
            skew = timedelta(seconds=window.phone_clock - ours)
        begun -= timedelta(seconds=max(begun_loop - window.asked_at, 0.0))  # it may have been prefetched
        return Reading(
            phone_id=phone_id(serial, self._server),
            rows=window.rows,
            begun_at=begun,
            ended_at=max(self._clock(), begun),
            clock_skew=skew,
        )

    async def arrival_hints(self, serial: str) -> AsyncGenerator[Hint, None]:
        calls = await self._calls_for(serial)
        sdk = self._sdks.get(serial)
        if sdk is None:  # the filter depends on it: a wrong one passes every radio line, or misses messages
            sdk = self._sdks[serial] = (await introduce(calls)).facts.sdk
        async with aclosing(calls.shell.lines(logcat_command(sdk))) as lines:
            async for line in lines:
                if (hint := parse_hint(line)) is not None:
                    yield hint

    async def reconnect(self, serial: str) -> None:
        self._forget(serial)
        if not is_address(serial):
            request = self._address_of(serial).request("reconnect")
            await self._socket.ask(request, within=RECONNECT_TIMEOUT_SECONDS, serial=serial)
            return
        with suppress(PhoneUnreachable):  # already disconnected
            await self._socket.ask(f"host:disconnect:{serial}", within=RECONNECT_TIMEOUT_SECONDS, serial=serial)
        await self.connect(serial)

    async def reconnect_offline(self) -> None:
        await self._socket.ask("host:reconnect-offline", within=RECONNECT_TIMEOUT_SECONDS)

    @property
    def may_restart(self) -> bool:
        return adb_server.is_local(self._socket.host)

    async def restart(self) -> None:
        for serial in list(self._calls):
            self._forget(serial)
        await adb_server.restart_server(self._socket, self._adb)

    def can_reset_usb(self, usb_path: str) -> bool:
        return self.may_restart and self._usb.can_reset(usb_path)

    async def reset_usb(self, usb_path: str) -> None:
        if not self.may_restart:
            raise KnownError(
                f"The phones of the adb server {self._server} are connected to another PC: reset the port there."
            )
        try:
            async with within(RESET_TIMEOUT_SECONDS):
                await self._usb.reset(usb_path)
        except TimeoutError as error:
            raise KnownError(
                f"USB port {usb_path} did not come back from its reset within {RESET_TIMEOUT_SECONDS:g} s: "
                "unplug its hub and plug it in again."
            ) from error

    async def connect(self, address: str) -> None:
        """Connect to a phone over TCP; raises PhoneUnreachable if it does not answer."""
        answer = await self._socket.ask(f"host:connect:{address}", within=RECONNECT_TIMEOUT_SECONDS, serial=address)
        if not answer.startswith(("connected to", "already connected to")):
            raise PhoneUnreachable(f"Phone {printable(address)}: adb says: {' '.join(answer.split())[:160]}.")

    async def _readers_for(self, serial: str, probe: Probe) -> _PhoneReaders:
        readers = self._readers.get(serial)
        if readers is None:
            return self._make_readers(serial, await self._calls_for(serial), probe)
        return readers if readers.probe == probe else self._make_readers(serial, readers.calls, probe)

    def _make_readers(self, serial: str, calls: PhoneCalls, probe: Probe) -> _PhoneReaders:
        readers = _PhoneReaders(calls, probe, self._clock, self._remembered.pop(serial, None))
        if (before := self._readers.get(serial)) is not None:  # the firmware was probed again; the SIMs are the same
            readers.checkups = before.checkups
            readers.inbox.row_sims.set_sims(before.inbox.row_sims.sims)
        self._readers[serial] = readers
        return readers

    def _address_of(self, serial: str) -> Address:
        return self._addresses.get(serial) or Address(serial=serial)

    def _forget(self, serial: str) -> None:
        for kept in (self._calls, self._remembered, self._readers, self._sdks):
            kept.pop(serial, None)

    async def _calls_for(self, serial: str) -> PhoneCalls:
        """The same object while the phone is connected."""
        if (calls := self._calls.get(serial)) is not None:
            return calls
        address = self._address_of(serial)
        features = await self._socket.ask(address.request("features"), within=FEATURES_TIMEOUT_SECONDS, serial=serial)
        shell = Shell(self._socket, serial, v2="shell_v2" in features.split(","), address=address)
        if address != self._address_of(serial):
            raise PhoneUnreachable(f"Phone {printable(serial)} was reconnected.")
        return self._calls.setdefault(serial, PhoneCalls(serial, shell))
