"""A farm of virtual phones of mixed makes with SIMs."""

from __future__ import annotations

import asyncio
import csv
import io
import random
from collections.abc import Iterator, Sequence
from types import TracebackType

from phonefarm.simulation import smart_socket
from phonefarm.simulation.addresses import candidate_addresses
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.profiles import PROFILES, Profile
from phonefarm.simulation.sims import SimFactory, VirtualSim
from phonefarm.simulation.sms_table import StoredSms

PARALLEL_CONNECTS = 16
MIXED_FARM_SIZE = 12
LONGEST_SKEW_SECONDS = 90.0
NUMBER_COLUMNS = ("iccid", "msisdn", "country", "operator", "label")


class VirtualFarm:
    """`async with VirtualFarm(12) as farm:` runs phones that each listen on a separate address.

    The same seed gives the same makes, SIMs and numbers. Addresses differ between runs unless
    `first_address` (a 127.x.y.z) is given. The phones cycle through `profiles`.
    """

    def __init__(
        self,
        count: int,
        seed: int = 1,
        query_seconds: float = 0.4,
        *,
        first_address: str | None = None,
        phones: Sequence[VirtualPhone] | None = None,
        profiles: Sequence[Profile] = PROFILES,
    ) -> None:
        self._cards = SimFactory(seed)
        self._first_address = first_address
        self._servers: set[tuple[str, int]] = set()
        self._profiles = profiles
        self.phones = list(phones) if phones is not None else self._make_phones(count, seed, query_seconds)

    def _make_phones(self, count: int, seed: int, query_seconds: float) -> list[VirtualPhone]:
        rng = random.Random(seed)
        phones = []
        for number in range(count):
            profile = self._profiles[number % len(self._profiles)]
            skew = round(rng.uniform(-LONGEST_SKEW_SECONDS, LONGEST_SKEW_SECONDS), 3) if number % 3 == 2 else 0.0
            phone = VirtualPhone(profile, name=f"phone-{number:03d}", query_seconds=query_seconds, clock_skew=skew)
            for slot in range(profile.slots if number % 2 == 0 else 1):
                # A numbers file cannot name SIMs with hidden ICCIDs, so their phones state the numbers.
                states_number = rng.random() < 0.5 or profile.guards_identifiers
                phone.insert_sim(self._cards.make(states_number=states_number), slot)
            phones.append(phone)
        return phones

    async def __aenter__(self) -> VirtualFarm:
        addresses = candidate_addresses(self._first_address)
        try:
            for phone in self.phones:
                await phone.start(addresses)
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        await asyncio.gather(*(phone.stop() for phone in self.phones))

    def new_sim(self, *, states_number: bool = True, number_by_ims: bool = False) -> VirtualSim:
        """A new SIM with an unused number."""
        return self._cards.make(states_number=states_number, number_by_ims=number_by_ims)

    # Lookups.

    def sims(self) -> Iterator[tuple[VirtualPhone, int, VirtualSim]]:
        for phone in self.phones:
            for slot, sim in phone.sims.items():
                yield phone, slot, sim

    def find(self, msisdn: str) -> tuple[VirtualPhone, int]:
        """The phone and slot of a number; raises LookupError."""
        for phone, slot, sim in self.sims():
            if sim.msisdn == msisdn:
                return phone, slot
        raise LookupError(f"no SIM with the number {msisdn}")

    def phone(self, key: str) -> VirtualPhone:
        """A phone by name or adb serial; raises LookupError."""
        for phone in self.phones:
            if key in (phone.name, phone.serial):
                return phone
        raise LookupError(f"no phone {key}")

    async def deliver(self, msisdn: str, sender: str, text: str) -> StoredSms:
        """Deliver an SMS to the phone with the number."""
        phone, slot = self.find(msisdn)
        return await phone.deliver_sms(sender, text, slot)

    def numbers_csv(self) -> str:
        """The numbers file for the app: one line per SIM, including SIMs that state their number."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(NUMBER_COLUMNS)
        for phone, slot, sim in self.sims():
            label = f"{phone.name} slot {slot}"
            rows.writerow((sim.iccid, sim.msisdn, sim.operator.country, sim.operator.name, label))
        return text.getvalue()

    def stats(self) -> dict[str, int]:
        """The phones' counters, summed."""
        return {
            "phones": len(self.phones),
            "plugged": sum(phone.is_plugged for phone in self.phones),
            "sims": sum(len(phone.sims) for phone in self.phones),
            "log_readers": sum(phone.log_readers for phone in self.phones),
            "shell_commands": sum(phone.counters.shell_commands for phone in self.phones),
            "queries": sum(phone.counters.queries for phone in self.phones),
            "sms_delivered": sum(phone.counters.sms_delivered for phone in self.phones),
            "sms_lost": sum(phone.counters.sms_lost for phone in self.phones),
        }

    # The adb server.

    async def connect_to(self, adb_host: str, adb_port: int) -> dict[str, str]:
        """Connect every plugged phone to an adb server; returns the server's answer by serial.

        For an unauthorized phone the answer is an error, but the server lists the phone.
        """
        self._servers.add((adb_host, adb_port))
        limit = asyncio.Semaphore(PARALLEL_CONNECTS)

        async def connect(phone: VirtualPhone) -> tuple[str, str]:
            async with limit:
                return phone.serial, await smart_socket.request(adb_host, adb_port, f"host:connect:{phone.serial}")

        return dict(await asyncio.gather(*(connect(phone) for phone in self.phones if phone.is_plugged)))

    async def unplug_usb(self, phone: VirtualPhone) -> None:
        """Unplug and disconnect: adb drops a USB phone from its list, but would show a TCP one as `offline`."""
        await phone.unplug()
        for host, port in self._servers:
            await smart_socket.disconnect(host, port, phone.serial)

    async def replug_usb(self, phone: VirtualPhone) -> None:
        """Replug and reconnect to the adb servers."""
        await phone.replug()
        for host, port in self._servers:
            await smart_socket.request(host, port, f"host:connect:{phone.serial}")

    async def flap(self, phone: VirtualPhone, times: int, on_seconds: float, off_seconds: float) -> None:
        """Simulate a bad USB cable: the phone leaves adb's list and returns `times` times; it ends plugged in."""
        for _ in range(times):
            await self.unplug_usb(phone)
            try:
                await asyncio.sleep(off_seconds)
            finally:
                await self.replug_usb(phone)
            await asyncio.sleep(on_seconds)


def make_mixed_farm(query_seconds: float = 0.4, *, seed: int = 1, first_address: str | None = None) -> VirtualFarm:
    """Twelve phones of many makes: `phone-010` is unauthorized, `phone-011` has no SIM, the others have one or two."""
    farm = VirtualFarm(MIXED_FARM_SIZE, seed, query_seconds, first_address=first_address)
    farm.phones[10].is_authorized = False
    for slot in list(farm.phones[11].sims):
        farm.phones[11].remove_sim(slot)
    return farm
