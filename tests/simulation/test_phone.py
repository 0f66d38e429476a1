"""Incoming SMS on a virtual phone, and its controls."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from phonefarm.simulation.addresses import has_whole_loopback
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.profiles import HUAWEI_P30, PIXEL_8, SAMSUNG_J5, Profile
from phonefarm.simulation.radio_log import LogLine
from phonefarm.simulation.sims import SimFactory
from tests.waiting import until
from tests.windows_loop import WindowsAccepts


def a_phone(profile: Profile = PIXEL_8, sims: int = 2) -> VirtualPhone:
    phone = VirtualPhone(profile, query_seconds=0.0)
    cards = SimFactory(seed=11)
    for slot in range(sims):
        phone.insert_sim(cards.make(), slot)
    return phone


@pytest.fixture
async def phone() -> AsyncIterator[VirtualPhone]:
    phone = a_phone()
    await phone.start()
    yield phone
    await phone.stop()


def drain(reader: asyncio.Queue[LogLine]) -> list[str]:
    return [reader.get_nowait().text for _ in range(reader.qsize())]


async def test_the_radio_announces_an_sms_before_its_row_exists(phone: VirtualPhone) -> None:
    reader = phone.handset.log.open_reader(last_lines=0)
    arriving = asyncio.get_running_loop().create_task(phone.deliver_sms("Shop", "text"))

    first = await asyncio.wait_for(reader.get(), 5.0)
    rows_at_first_line = phone.handset.sms.count()
    stored = await asyncio.wait_for(arriving, 5.0)

    assert (first.tag, first.text) == ("RILJ", "[UNSL]< UNSOL_RESPONSE_NEW_SMS")
    assert rows_at_first_line == 0
    assert stored.row_id == 1
    assert drain(reader)[-1] == "Deleted 1 rows from raw table."


@pytest.mark.parametrize(
    ("profile", "wordings"),
    [
        (SAMSUNG_J5, ("Idle state processing message type 1", "ordered broadcast completed in: 60 ms")),
        (
            PIXEL_8,
            (
                "IdleState.processMessage: processing EVENT_NEW_SMS",
                "Ordered broadcast completed for android.provider.Telephony.SMS_DELIVER in: 60 ms",
            ),
        ),
    ],
)
async def test_the_log_has_the_wording_of_its_release(profile: Profile, wordings: tuple[str, ...]) -> None:
    phone = a_phone(profile)
    reader = phone.handset.log.open_reader(last_lines=0)

    await phone.deliver_sms("Shop", "text")

    lines = drain(reader)
    assert [line for line in lines if line in wordings] == list(wordings)
    phone.handset.close()


async def test_a_phone_may_have_no_log(phone: VirtualPhone) -> None:
    phone.send_hints(False)
    reader = phone.handset.log.open_reader(last_lines=0)

    await phone.deliver_sms("Shop", "text")

    assert reader.empty()


async def test_dates_follow_the_phones_clock_and_date_sent_does_not(phone: VirtualPhone) -> None:
    phone.handset.host_clock = lambda: 1_700_000_000.9
    phone.set_clock_skew(-3600)

    stored = await phone.deliver_sms("Shop", "text")

    assert stored.date_ms == 1_699_996_400_900
    assert stored.date_sent_ms == 1_700_000_000_000


async def test_an_sms_carries_the_subscription_of_its_slot(phone: VirtualPhone) -> None:
    phone.swap_sims()

    stored = await phone.deliver_sms("Shop", "text", slot=0)

    assert stored.sub_id == 2


async def test_a_slot_without_sim_rejects_sms() -> None:
    phone = a_phone(sims=1)

    with pytest.raises(ValueError, match="no SIM in slot 1"):
        await phone.deliver_sms("Shop", "text", slot=1)
    phone.handset.close()


async def test_a_phone_that_is_off_gets_its_sms_when_it_is_up_again(phone: VirtualPhone) -> None:
    async with asyncio.TaskGroup() as work:
        work.create_task(phone.reboot(0.2))
        await asyncio.sleep(0)
        was_plugged = phone.is_plugged
        arriving = work.create_task(phone.deliver_sms("Shop", "text"))

    assert not was_plugged
    assert arriving.result().row_id == 1
    assert phone.is_plugged


async def test_a_restored_message_is_old_and_unannounced(phone: VirtualPhone) -> None:
    reader = phone.handset.log.open_reader(last_lines=0)

    stored = phone.restore_sms("Shop", "text", date_ms=1_600_000_000_000)

    assert (stored.row_id, stored.date_ms) == (1, 1_600_000_000_000)
    assert reader.empty()


async def test_a_backup_app_may_write_texts_to_integer_columns(phone: VirtualPhone) -> None:
    phone.restore_sms("Shop", "text", date_ms=1, columns={"sub_id": "null", "date_sent": ""})

    stored = phone.handset.sms.database.execute("SELECT sub_id, date_sent FROM sms").fetchall()
    assert stored == [("null", "")]


async def test_an_unplugged_phone_is_not_listening_and_comes_back_at_its_address(phone: VirtualPhone) -> None:
    address = (phone.host, phone.port)

    await phone.unplug()
    with socket.socket() as probe:
        refused = probe.connect_ex(address)
    await phone.replug()
    _, writer = await asyncio.open_connection(*address)
    writer.close()
    await writer.wait_closed()

    assert refused != 0
    assert (phone.host, phone.port) == address


async def test_packets_leave_without_nagles_delay_also_where_the_accepted_socket_names_no_protocol() -> None:
    WindowsAccepts(asyncio.get_running_loop())
    phone = a_phone()
    await phone.start()
    _, caller = await asyncio.open_connection(phone.host, phone.port)
    await until(lambda: phone._listener._connections)

    (connection,) = phone._listener._connections
    line = connection._writer.get_extra_info("socket")
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0

    caller.transport.abort()
    await phone.stop()


@pytest.mark.skipif(not has_whole_loopback(), reason="only 127.0.0.1 can be listened on here")
async def test_each_phone_has_an_address_of_its_own() -> None:
    phones = [a_phone(HUAWEI_P30) for _ in range(3)]
    for phone in phones:
        await phone.start()

    hosts = {phone.host for phone in phones}

    assert len(hosts) == 3
    assert all(phone.port == 5555 and phone.host != "127.0.0.1" for phone in phones)
    for phone in phones:
        await phone.stop()
