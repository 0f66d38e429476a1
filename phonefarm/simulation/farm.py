"""A farm of virtual phones of mixed makes, with cards in them."""

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
from phonefarm.simulation.sims import SimMaker, VirtualSim
from phonefarm.simulation.sms_table import StoredSms

CONNECTING_AT_ONCE = 16
MIXED_FARM_SIZE = 12
LONGEST_SKEW = 90.0
NUMBER_COLUMNS = ("iccid", "msisdn", "country", "operator", "label")


class VirtualFarm:
    """`async with VirtualFarm(12) as farm:` — phones that listen, each on an address of its own.

    The same seed gives the same makes, cards and numbers; addresses differ from run to run unless
    `first_address` (a 127.x.y.z) is given. Makes are taken in turn from `profiles`.
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
        self._cards = SimMaker(seed)
        self._first_address = first_address
        self._servers: set[tuple[str, int]] = set()
        self._profiles = profiles
        self.phones = list(phones) if phones is not None else self._make_phones(count, seed, query_seconds)

    def _make_phones(self, count: int, seed: int, query_seconds: float) -> list[VirtualPhone]:
        chance = random.Random(seed)
        phones = []
        for number in range(count):
            profile = self._profiles[number % len(self._profiles)]
            skew = round(chance.uniform(-LONGEST_SKEW, LONGEST_SKEW), 3) if number % 3 == 2 else 0.0
            phone = VirtualPhone(profile, name=f"phone-{number:03d}", query_seconds=query_seconds, clock_skew=skew)
            for slot in range(profile.slots if number % 2 == 0 else 1):
                # A phone that also keeps its ICCIDs to itself states its numbers: no file could name them.
                states_number = chance.random() < 0.5 or profile.guards_identifiers
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
        """A further card whose number nobody else has."""
        return self._cards.make(states_number=states_number, number_by_ims=number_by_ims)

    # Finding.

    def sims(self) -> Iterator[tuple[VirtualPhone, int, VirtualSim]]:
        for phone in self.phones:
            for slot, sim in phone.sims.items():
                yield phone, slot, sim

    def find(self, msisdn: str) -> tuple[VirtualPhone, int]:
        """The phone and slot that hold a number."""
        for phone, slot, sim in self.sims():
            if sim.msisdn == msisdn:
                return phone, slot
        raise LookupError(f"no SIM with the number {msisdn}")

    def phone(self, key: str) -> VirtualPhone:
        """By name or adb serial."""
        for phone in self.phones:
            if key in (phone.name, phone.serial):
                return phone
        raise LookupError(f"no phone {key}")

    async def deliver(self, msisdn: str, sender: str, text: str) -> StoredSms:
        """An SMS from `sender` reaches the phone that holds the number."""
        phone, slot = self.find(msisdn)
        return await phone.deliver_sms(sender, text, slot)

    def numbers_csv(self) -> str:
        """The numbers file for the app: one line a card, also for cards that state their number themselves."""
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
        """Have an adb server connect every phone; returns its answer by serial.

        An unauthorized phone's answer is a refusal; the server lists it all the same.
        """
        self._servers.add((adb_host, adb_port))
        gate = asyncio.Semaphore(CONNECTING_AT_ONCE)

        async def connect(phone: VirtualPhone) -> tuple[str, str]:
            async with gate:
                return phone.serial, await smart_socket.ask(adb_host, adb_port, f"host:connect:{phone.serial}")

        return dict(await asyncio.gather(*(connect(phone) for phone in self.phones if phone.is_plugged)))

    async def pull_out(self, phone: VirtualPhone) -> None:
        """Unplug so that adb forgets the phone at once, as it does with USB ones (over TCP it would show `offline`)."""
        await phone.unplug()
        for host, port in self._servers:
            await smart_socket.forget(host, port, phone.serial)

    async def push_in(self, phone: VirtualPhone) -> None:
        """Replug and have the adb servers take the phone up."""
        await phone.replug()
        for host, port in self._servers:
            await smart_socket.ask(host, port, f"host:connect:{phone.serial}")

    async def flap(self, phone: VirtualPhone, times: int, on_seconds: float, off_seconds: float) -> None:
        """A bad cable as adb sees it with USB: the phone leaves its list and comes back; it ends plugged in."""
        for _ in range(times):
            await self.pull_out(phone)
            try:
                await asyncio.sleep(off_seconds)
            finally:
                await self.push_in(phone)
            await asyncio.sleep(on_seconds)


def a_mixed_farm(query_seconds: float = 0.4, *, seed: int = 1, first_address: str | None = None) -> VirtualFarm:
    """Twelve phones of many makes: `phone-010` is unauthorized, `phone-011` has no SIM, the rest hold one or two."""
    farm = VirtualFarm(MIXED_FARM_SIZE, seed, query_seconds, first_address=first_address)
    farm.phones[10].is_authorized = False
    for slot in list(farm.phones[11].sims):
        farm.phones[11].remove_sim(slot)
    return farm
