"""A virtual farm's SIMs, lookups and HTTP control."""

from __future__ import annotations

import csv

import aiohttp
import pytest

from phonefarm.simulation.control import ControlServer, phone_routes
from phonefarm.simulation.control_client import PhonesClient
from phonefarm.simulation.farm import VirtualFarm, make_mixed_farm
from phonefarm.simulation.simulation_thread import SimulationThread


def test_the_mixed_farm_is_as_documented() -> None:
    farm = make_mixed_farm()

    assert len(farm.phones) == 12
    assert [phone.name for phone in farm.phones if not phone.is_authorized] == ["phone-010"]
    assert [phone.name for phone in farm.phones if not phone.sims] == ["phone-011"]
    assert {len(phone.sims) for phone in farm.phones[:10]} == {1, 2}
    assert {sim.states_number for _, _, sim in farm.sims()} == {True, False}


def test_the_numbers_file_names_every_card() -> None:
    farm = VirtualFarm(6)

    rows = list(csv.DictReader(farm.numbers_csv().splitlines()))

    assert [(row["iccid"], row["msisdn"]) for row in rows] == [(sim.iccid, sim.msisdn) for _, _, sim in farm.sims()]
    assert {row["country"] for row in rows} <= {"russia", "ukraine", "germany", "kazakhstan"}


def test_the_same_seed_makes_the_same_farm() -> None:
    assert VirtualFarm(8, seed=4).numbers_csv() == VirtualFarm(8, seed=4).numbers_csv()
    assert VirtualFarm(8, seed=4).numbers_csv() != VirtualFarm(8, seed=5).numbers_csv()


async def test_an_sms_to_a_number_lands_in_the_slot_that_holds_it() -> None:
    async with VirtualFarm(4, query_seconds=0.0) as farm:
        phone, slot, sim = list(farm.sims())[-1]

        stored = await farm.deliver(sim.msisdn, "Shop", "text")

        assert stored.slot == slot
        assert farm.find(sim.msisdn) == (phone, slot)
        assert phone.handset.sms.count() == 1


async def test_an_unknown_number_is_not_found() -> None:
    with pytest.raises(LookupError):
        await VirtualFarm(2).deliver("79990000000", "Shop", "text")


async def test_the_control_drives_phones_from_another_process() -> None:
    async with (
        VirtualFarm(3, query_seconds=0.0) as farm,
        ControlServer(phone_routes(farm), ("127.0.0.1", 0)) as control,
        aiohttp.ClientSession() as session,
    ):
        client = PhonesClient(control.url, session)
        numbers = await client.numbers()

        await client.deliver(numbers[0], "Shop", "text\x00 🙏")
        async with session.post(f"{control.url}/phones/phone-001/unplug") as response:
            described = await response.json()
        async with session.post(f"{control.url}/phones/phone-001/explode") as response:
            unknown = response.status
        async with session.post(f"{control.url}/phones/phone-001/cut") as response:
            incomplete = response.status
        async with session.get(f"{control.url}/stats") as response:
            stats = await response.json()

    assert described["plugged"] is False
    assert (unknown, incomplete) == (404, 400)
    assert (stats["sms_delivered"], stats["plugged"]) == (1, 2)


async def test_the_control_reports_an_unknown_number() -> None:
    async with (
        VirtualFarm(1) as farm,
        ControlServer(phone_routes(farm), ("127.0.0.1", 0)) as control,
        aiohttp.ClientSession() as session,
    ):
        with pytest.raises(LookupError):
            await PhonesClient(control.url, session).deliver("79990000000", "Shop", "text")


def test_the_control_refuses_a_public_address() -> None:
    with pytest.raises(ValueError, match="loopback"):
        ControlServer(phone_routes(VirtualFarm(1)), ("0.0.0.0", 0))


def test_a_farm_on_another_thread_is_controlled_from_this_one() -> None:
    with SimulationThread(lambda: VirtualFarm(2, query_seconds=0.0)) as farm:
        number = farm.call(lambda it: next(it.sims())[2].msisdn)

        stored = farm.run(lambda it: it.deliver(number, "Shop", "text"))

        assert stored.row_id == 1


def test_a_simulation_that_cannot_start_says_why() -> None:
    with (
        pytest.raises(ValueError, match="loopback"),
        SimulationThread(lambda: VirtualFarm(1, first_address="10.0.0.1")),
    ):
        pass
