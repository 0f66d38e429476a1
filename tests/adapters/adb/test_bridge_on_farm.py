"""The bridge on a real adb server and virtual phones of many makes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from phonefarm.adapters.adb.bridge import AdbBridge
from phonefarm.application.ports.world import (
    Checkup,
    Hint,
    KnownCard,
    PhoneUnreachable,
    Probe,
    Remembered,
    ServerDown,
    SmsWithheld,
)
from phonefarm.domain.ids import SimId
from phonefarm.domain.phones import is_same_handset
from phonefarm.domain.sims import SeenSim
from phonefarm.domain.sms import Reading, SmsRow
from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.field_profiles import DOOGEE_X5, NOKIA_G21, PIXEL_9, PIXEL_9A, TECNO_SPARK
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.profiles import (
    HUAWEI_P30,
    NEXUS_5,
    PIXEL_6A,
    PIXEL_8,
    PROFILES,
    REDMI_NOTE_9,
    SONY_XA,
    Expressions,
    Profile,
)
from phonefarm.simulation.radio_log import LogLine
from phonefarm.simulation.sims import SimFactory
from tests.simulation.adb_server import private_adb_server
from tests.waiting import until

pytestmark = pytest.mark.farm

TEXT = "Row: 1 _id=99, d=1\r\n 🙏\nNo result found."
TRIES = 50


@pytest.fixture(scope="module")
def adb_port() -> Iterator[int]:
    with private_adb_server() as (port, _):
        yield port


@asynccontextmanager
async def connected(port: int, *phones: VirtualPhone) -> AsyncIterator[AdbBridge]:
    async with VirtualFarm(0, phones=phones) as farm:
        await farm.connect_to("127.0.0.1", port)
        yield AdbBridge(f"127.0.0.1:{port}")


def a_phone(profile: Profile = PIXEL_8, *, cards: int = 1, **more: Any) -> VirtualPhone:
    phone = VirtualPhone(profile, query_seconds=0.01, **more)
    maker = SimFactory(seed=7)
    for slot in range(min(cards, phone.profile.slots)):
        phone.insert_sim(maker.make(), slot)
    return phone


async def probed(bridge: AdbBridge, phone: VirtualPhone) -> Probe:
    introduction = await bridge.identify(phone.serial)
    return await bridge.probe(phone.serial, introduction.facts)


async def rows(bridge: AdbBridge, phone: VirtualPhone) -> tuple[SmsRow, ...]:
    probe = await probed(bridge, phone)
    await bridge.check_up(phone.serial, probe, thorough=False)
    return (await bridge.read_inbox(phone.serial, probe, newest=50)).rows


@pytest.mark.parametrize("profile", [*PROFILES, DOOGEE_X5, PIXEL_9, PIXEL_9A], ids=lambda profile: profile.name)
async def test_sims_and_messages_of_every_make_are_read(adb_port: int, profile: Profile) -> None:
    phone = a_phone(profile, cards=2, clock_skew=-37.5)
    async with connected(adb_port, phone) as bridge:
        probe = await probed(bridge, phone)
        sims = (await bridge.check_up(phone.serial, probe, thorough=True)).sims or ()
        for slot in phone.sims:
            await phone.deliver_sms("Bank, x=1", f"{slot}{TEXT}", slot)

        reading = await bridge.read_inbox(phone.serial, probe, newest=50)

        expected = await bridge.read_inbox(phone.serial, probe, newest=50, expecting=True)

    assert probe.facts.model == phone.profile.model
    assert expected.rows == reading.rows
    assert [sim.slot for sim in sims] == list(phone.sims)
    if not phone.profile.guards_identifiers:
        assert [(sim.iccid, sim.msisdn) for sim in sims] == [(sim.iccid, sim.msisdn) for sim in phone.sims.values()]
    assert [row.body for row in reading.rows] == [f"{slot}{TEXT}" for slot in reversed(phone.sims)]
    assert {row.sender for row in reading.rows} == {"Bank, x=1"}
    assert [row.sub_id for row in reading.rows] == [sim.sub_id for sim in reversed(sims)]
    assert reading.clock_skew is not None
    assert abs(reading.clock_skew - timedelta(seconds=-37.5)) < timedelta(seconds=0.5)


@pytest.mark.parametrize("profile", [*PROFILES, DOOGEE_X5], ids=lambda profile: profile.name)
async def test_telemetry_of_every_make_is_complete(adb_port: int, profile: Profile) -> None:
    phone = a_phone(profile)
    async with connected(adb_port, phone) as bridge:
        introduction = await bridge.identify(phone.serial)
        probe = await bridge.probe(phone.serial, introduction.facts)
        checkup = await bridge.check_up(phone.serial, probe, thorough=True)

    assert (introduction.is_up, introduction.is_unlocked) == (True, True)
    assert introduction.facts.firmware
    assert [name for name, value in vars(checkup.telemetry).items() if value in (None, "")] == []
    assert [sim.signal is not None for sim in checkup.sims or ()] == [True]
    assert all(sim.network_type for sim in checkup.sims or ())


async def test_booting_and_locked_phones_are_recognised(adb_port: int) -> None:
    phone = a_phone()
    async with connected(adb_port, phone) as bridge:
        phone.handset.is_booting = True
        booting = await bridge.identify(phone.serial)
        phone.handset.is_booting = False
        phone.handset.is_locked = True
        locked = await bridge.identify(phone.serial)

    assert not booting.is_up
    assert (locked.is_up, locked.is_unlocked) == (True, False)


@pytest.mark.parametrize("profile", [PIXEL_6A, REDMI_NOTE_9, SONY_XA, NOKIA_G21], ids=lambda profile: profile.name)
async def test_text_in_integer_columns_of_an_old_row_affects_only_those_columns(
    adb_port: int, profile: Profile
) -> None:
    phone = a_phone(profile)
    columns: dict[str, int | str | None] = {"sub_id": "null", "date": "null", "date_sent": "null"}
    columns |= {"sim_id": ""} if profile is REDMI_NOTE_9 else {}
    async with connected(adb_port, phone) as bridge:
        phone.restore_sms("Shop", "restored", date_ms=0, columns=columns)
        await phone.deliver_sms("Bank", TEXT)
        (known,) = phone.handset.active

        newest, restored = await rows(bridge, phone)

    assert (newest.body, newest.sub_id) == (TEXT, known.sub_id)
    assert (restored.body, restored.sender) == ("restored", "Shop")
    assert (restored.sub_id, restored.date_ms, restored.date_sent_ms) == (None, 0, 0)


@pytest.mark.parametrize("profile", [PIXEL_8, NEXUS_5], ids=lambda profile: profile.name)
async def test_probe_is_repeated_if_the_provider_dies_during_it(adb_port: int, profile: Profile) -> None:
    phone = a_phone(profile)
    async with connected(adb_port, phone) as bridge:
        phone.kill_provider()
        with pytest.raises(PhoneUnreachable, match="DeadObjectException"):
            await probed(bridge, phone)

        probe = await probed(bridge, phone)

    assert (probe.reads_hex, probe.has_sub_id, probe.is_sure) == (True, True, True)


async def test_slots_of_a_huawei_are_distinguished(adb_port: int) -> None:
    phone = a_phone(HUAWEI_P30, cards=2)
    async with connected(adb_port, phone) as bridge:
        await phone.deliver_sms("A", "second", 1)

        (row,) = await rows(bridge, phone)

        known = phone.handset.subscription_in(1)
    assert known is not None
    assert row.sub_id == known.sub_id


async def test_slots_are_still_distinguished_after_another_probe(adb_port: int) -> None:
    phone = a_phone(HUAWEI_P30, cards=2)
    async with connected(adb_port, phone) as bridge:
        await phone.deliver_sms("A", "second", 1)
        before = await rows(bridge, phone)

        probe = await probed(bridge, phone)

        assert (await bridge.read_inbox(phone.serial, probe, newest=50)).rows == before
    assert before[0].sub_id is not None


@pytest.mark.parametrize("profile", [PIXEL_8, SONY_XA, NEXUS_5], ids=lambda profile: profile.name)
async def test_every_cut_of_an_answer_is_refused_and_the_next_is_read(adb_port: int, profile: Profile) -> None:
    phone = a_phone(profile)
    async with connected(adb_port, phone) as bridge:
        for number in range(3):
            await phone.deliver_sms("Bank", f"Code {number}")
        probe = await probed(bridge, phone)
        whole = (await bridge.read_inbox(phone.serial, probe, newest=50)).rows

        for size in (0, 1, 15, 40, 100):
            await until_online(bridge, phone)
            phone.cut_answer_after(size)
            with pytest.raises(PhoneUnreachable):
                await bridge.read_inbox(phone.serial, probe, newest=50)
        await until_online(bridge, phone)

        assert (await bridge.read_inbox(phone.serial, probe, newest=50)).rows == whole


async def until_online(bridge: AdbBridge, phone: VirtualPhone) -> None:
    for _ in range(TRIES):
        async with aclosing(bridge.device_lists()) as lists:
            if any(device.serial == phone.serial and device.adb_state == "device" for device in await anext(lists)):
                return
        await asyncio.sleep(0.1)
    pytest.fail("the phone did not come back")


async def test_reconnecting_brings_a_phone_back(adb_port: int) -> None:
    phone = a_phone()
    async with connected(adb_port, phone) as bridge:
        await phone.drop_connections()

        await bridge.reconnect(phone.serial)

        async def answers() -> bool:
            """adb lists it as offline until the handshake is over."""
            try:
                return (await probed(bridge, phone)).reads_hex
            except PhoneUnreachable:
                return False

        await until(answers)


async def test_reconnecting_an_absent_phone_is_an_error(adb_port: int) -> None:
    phone = a_phone()
    async with connected(adb_port, phone) as bridge:
        await phone.unplug()

        with pytest.raises(PhoneUnreachable, match=r"failed to connect|cannot connect"):
            await bridge.reconnect(phone.serial)


async def test_withheld_inbox_is_told_from_an_empty_one(adb_port: int) -> None:
    phone = a_phone(REDMI_NOTE_9)
    async with connected(adb_port, phone) as bridge:
        assert await rows(bridge, phone) == ()
        probe = await probed(bridge, phone)
        phone.handset.withholds_sms = True

        with pytest.raises(SmsWithheld):
            await bridge.read_inbox(phone.serial, probe, newest=50)
        with pytest.raises(SmsWithheld):
            await probed(bridge, phone)


async def test_error_for_an_unauthorized_phone_has_the_next_step(adb_port: int) -> None:
    phone = a_phone(authorized=False)
    async with connected(adb_port, phone) as bridge:
        with pytest.raises(PhoneUnreachable, match="Allow USB debugging"):
            await probed(bridge, phone)


async def test_removed_and_inserted_cards_are_noticed(adb_port: int) -> None:
    phone = a_phone(cards=2)
    async with connected(adb_port, phone) as bridge:
        probe = await probed(bridge, phone)
        phone.remove_sim(0)
        one = (await bridge.check_up(phone.serial, probe, thorough=False)).sims or ()
        new = SimFactory(seed=8).make()
        phone.insert_sim(new, 0)
        two = (await bridge.check_up(phone.serial, probe, thorough=False)).sims or ()

    assert [sim.slot for sim in one] == [1]
    assert [sim.iccid for sim in two] == [new.iccid, one[0].iccid]


@pytest.mark.parametrize("profile", [PIXEL_8, SONY_XA], ids=lambda profile: profile.name)
async def test_hints_come_with_a_message(adb_port: int, profile: Profile) -> None:
    phone = a_phone(profile)
    async with connected(adb_port, phone) as bridge:
        await probed(bridge, phone)
        hints = bridge.arrival_hints(phone.serial)
        first = asyncio.ensure_future(anext(hints))  # noqa: TID251 - awaited below
        await asyncio.sleep(0.2)
        await phone.deliver_sms("Bank", "hi")

        async with asyncio.timeout(5):
            assert await first is Hint.ARRIVING
            while await anext(hints) is not Hint.STORED:
                pass

        await phone.unplug()
        with pytest.raises(PhoneUnreachable):
            await to_the_end(hints)


@pytest.mark.parametrize("profile", [PIXEL_8, TECNO_SPARK, DOOGEE_X5], ids=lambda profile: profile.name)
async def test_message_over_ims_is_announced_by_every_handler(adb_port: int, profile: Profile) -> None:
    phone = a_phone(profile)
    phone.send_sms_over_ims()
    async with connected(adb_port, phone) as bridge:
        await bridge.identify(phone.serial)
        hints = bridge.arrival_hints(phone.serial)
        first = asyncio.ensure_future(anext(hints))  # noqa: TID251 - awaited below
        await until(lambda: phone.log_readers == 1)
        await phone.deliver_sms("Bank", "hi")

        async with asyncio.timeout(5):
            assert await first is Hint.ARRIVING
        await hints.aclose()


async def test_other_radio_lines_are_filtered_on_the_phone(adb_port: int) -> None:
    """With the real command, also if the phone's Android release is not known yet."""
    phone = a_phone(PIXEL_8)
    async with connected(adb_port, phone) as bridge:
        hints = bridge.arrival_hints(phone.serial)
        first = asyncio.ensure_future(anext(hints))  # noqa: TID251 - awaited below
        await until(lambda: phone.log_readers == 1)
        (wants,) = phone.handset.log.filters
        line = LogLine(0.0, "RILJ", "[UNSL]< UNSOL_SIGNAL_STRENGTH SignalStrength:{} [PHONE0]")
        phone.chatter_burst(300)
        await phone.deliver_sms("Bank", "hi")

        assert not wants(line)
        async with asyncio.timeout(5):
            assert await first is Hint.ARRIVING
        await hints.aclose()


async def test_device_list_follows_plugging(adb_port: int) -> None:
    phone = a_phone()
    async with VirtualFarm(0, phones=[phone]) as farm:
        lists = AdbBridge(f"127.0.0.1:{adb_port}").device_lists()
        await anext(lists)
        await farm.connect_to("127.0.0.1", adb_port)
        async with asyncio.timeout(5):
            while not any(d.serial == phone.serial and d.adb_state == "device" for d in await anext(lists)):
                pass
            await farm.unplug_usb(phone)
            while any(d.serial == phone.serial for d in await anext(lists)):
                pass


async def test_device_list_ends_when_the_server_dies() -> None:
    with private_adb_server() as (port, _):
        lists = AdbBridge(f"127.0.0.1:{port}").device_lists()
        await anext(lists)

    with pytest.raises(ServerDown):
        await to_the_end(lists)


async def to_the_end(stream: AsyncIterator[object]) -> None:
    async with asyncio.timeout(5):
        async for _ in stream:
            pass


# First and second start --------------------------------------------------------------


def up_for(phone: VirtualPhone) -> float:
    return phone.handset.host_clock() - phone.handset.telemetry.booted_at


def sims_of(checkup: Checkup) -> tuple[SeenSim, ...]:
    assert checkup.sims is not None
    return checkup.sims


def as_remembered(phone: VirtualPhone, probe: Probe, sims: tuple[SeenSim, ...], seconds_up: float) -> Remembered:
    return Remembered(
        probe=probe,
        cards=tuple(
            KnownCard(sim_id=sim.sim_id, sub_id=sim.sub_id, slot=sim.slot, has_number=True)
            for sim in sims
            if sim.sub_id is not None
        ),
        booted_at=datetime.now(UTC) - timedelta(seconds=seconds_up),
        sms_app=phone.profile.default_sms_app,
    )


async def introduced(
    bridge: AdbBridge, phone: VirtualPhone, remembered: Remembered
) -> tuple[Probe, Checkup, Reading, tuple[int, int]]:
    """Runs everything that precedes the first sale; returns the numbers of shell calls and queries."""
    before = phone.counters.shell_commands, phone.counters.queries
    introduction = await bridge.identify(phone.serial, remembered, newest=50)
    probe = remembered.probe
    if probe is None or probe.facts != introduction.facts:
        probe = await bridge.probe(phone.serial, introduction.facts)
    checkup = await bridge.check_up(phone.serial, probe, thorough=remembered.probe is None)
    reading = await bridge.read_inbox(phone.serial, probe, newest=50)
    after = phone.counters.shell_commands, phone.counters.queries
    return probe, checkup, reading, (after[0] - before[0], after[1] - before[1])


MAKES_IN_ONE_CALL = [profile for profile in PROFILES if profile.sdk >= 26 and profile.expressions is Expressions.ALL]


@pytest.mark.parametrize("profile", MAKES_IN_ONE_CALL, ids=lambda profile: profile.name)
async def test_a_known_phone_with_known_cards_is_read_in_one_call(adb_port: int, profile: Profile) -> None:
    phone = a_phone(profile, cards=2)
    async with connected(adb_port, phone) as bridge:
        await phone.deliver_sms("A", TEXT)
        probe, first, _, _ = await introduced(bridge, phone, Remembered())
        again = AdbBridge(bridge.server)
        remembered = as_remembered(phone, probe, sims_of(first), up_for(phone))

        probe_again, checkup, reading, (calls, queries) = await introduced(again, phone, remembered)

    assert (calls, queries) == (1, 1)
    assert probe_again == probe
    assert [(sim.sim_id, sim.slot, sim.sub_id) for sim in sims_of(checkup)] == [
        (sim.sim_id, sim.slot, sim.sub_id) for sim in sims_of(first)
    ]
    assert checkup.telemetry.sms_app == phone.profile.default_sms_app
    assert [row.body for row in reading.rows] == [TEXT]


@pytest.mark.parametrize("profile", MAKES_IN_ONE_CALL, ids=lambda profile: profile.name)
async def test_new_phone_is_introduced_in_few_calls_without_repeated_commands(adb_port: int, profile: Profile) -> None:
    phone = a_phone(profile, cards=2)
    async with connected(adb_port, phone) as bridge:
        await phone.deliver_sms("A", TEXT)

        _, checkup, reading, (calls, _) = await introduced(bridge, phone, Remembered())

    assert calls <= 5
    assert [sim.slot for sim in sims_of(checkup)] == list(phone.sims)
    assert [row.body for row in reading.rows] == [TEXT]


async def test_card_is_identified_again_after_a_restart_of_the_phone(adb_port: int) -> None:
    phone = a_phone(PIXEL_6A)
    async with connected(adb_port, phone) as bridge:
        probe, first, _, _ = await introduced(bridge, phone, Remembered())
        # After a factory reset, subscription ids start again: the other card looks like the first.
        remembered = as_remembered(phone, probe, sims_of(first), up_for(phone) + 3600)
        other_card = replace(remembered.cards[0], sim_id=SimId("8970101234567890120"))

        _, checkup, _, _ = await introduced(AdbBridge(bridge.server), phone, replace(remembered, cards=(other_card,)))

    assert [sim.iccid for sim in sims_of(checkup)] == [sim.iccid for sim in phone.sims.values()]


async def test_card_without_a_number_is_identified_again_at_the_next_check_up(adb_port: int) -> None:
    phone = a_phone(PIXEL_6A)
    async with connected(adb_port, phone) as bridge:
        probe, first, _, _ = await introduced(bridge, phone, Remembered())
        remembered = as_remembered(phone, probe, sims_of(first), up_for(phone))
        nameless = replace(remembered, cards=tuple(replace(card, has_number=False) for card in remembered.cards))
        again = AdbBridge(bridge.server)
        await introduced(again, phone, nameless)

        checkup = await again.check_up(phone.serial, probe, thorough=False)

    assert [sim.msisdn for sim in sims_of(checkup)] == [sim.msisdn for sim in phone.sims.values()]


async def test_prefetched_reading_has_the_time_of_its_request(adb_port: int) -> None:
    phone = a_phone()
    async with connected(adb_port, phone) as bridge:
        await phone.deliver_sms("A", "old")
        probe, first, _, _ = await introduced(bridge, phone, Remembered())
        again = AdbBridge(bridge.server)
        await again.identify(phone.serial, as_remembered(phone, probe, sims_of(first), up_for(phone)), newest=50)
        await phone.deliver_sms("A", "came after the question")
        stored_at = datetime.now(UTC)

        await again.check_up(phone.serial, probe, thorough=False)
        reading = await again.read_inbox(phone.serial, probe, newest=50)

    assert [row.body for row in reading.rows] == ["old"]
    assert reading.begun_at < stored_at, "else what came in between would count as older than this reading"


async def test_announced_message_is_not_searched_in_a_prefetched_answer(adb_port: int) -> None:
    phone = a_phone()
    async with connected(adb_port, phone) as bridge:
        await phone.deliver_sms("A", "old")
        probe, first, _, _ = await introduced(bridge, phone, Remembered())
        again = AdbBridge(bridge.server)
        await again.identify(phone.serial, as_remembered(phone, probe, sims_of(first), up_for(phone)), newest=50)
        await phone.deliver_sms("A", "new")

        reading = await again.read_inbox(phone.serial, probe, newest=50, expecting=True)

    assert [row.body for row in reading.rows] == ["new", "old"]


async def test_changed_firmware_is_probed(adb_port: int) -> None:
    phone = a_phone()
    async with connected(adb_port, phone) as bridge:
        probe, first, _, _ = await introduced(bridge, phone, Remembered())
        old = replace(
            probe, facts=replace(probe.facts, firmware="another", sdk=22), reads_hex=False, has_otp_mark=False
        )
        remembered = as_remembered(phone, old, sims_of(first), up_for(phone))

        probe_again, checkup, _, _ = await introduced(AdbBridge(bridge.server), phone, remembered)

    assert probe_again == probe
    assert [sim.sim_id for sim in sims_of(checkup)] == [sim.sim_id for sim in sims_of(first)]


# Phones that share a serial -----------------------------------------------------------


async def test_phone_is_addressed_by_its_transport_id(adb_port: int) -> None:
    one, two = a_phone(), a_phone(REDMI_NOTE_9)
    async with connected(adb_port, one, two) as bridge:
        async with aclosing(bridge.device_lists()) as lists:
            listed = {device.serial: device for device in await anext(lists)}
        bridge.address({"20080411#1-1": listed[one.serial], "20080411#1-2": listed[two.serial]})

        models = [(await bridge.identify(name)).facts.model for name in ("20080411#1-1", "20080411#1-2")]
        proofs = [await bridge.prove(name) for name in ("20080411#1-1", "20080411#1-2")]
        again = await AdbBridge(bridge.server).prove(one.serial)

    assert models == [one.profile.model, two.profile.model]
    assert is_same_handset(proofs[0], again)
    assert not is_same_handset(proofs[0], proofs[1])
    assert all(proof.boot_id and proof.android_id and proof.booted_at for proof in proofs)
