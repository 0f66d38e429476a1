"""SMS on a phone that is locked, full, without an SMS app, unreachable, or delays one-time codes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from phonefarm.simulation.field_profiles import PIXEL_10_DELAYING
from phonefarm.simulation.inbound_sms_handler import NOT_STORED
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.profiles import PIXEL_8, SAMSUNG_J5, SONY_XA, Profile
from phonefarm.simulation.radio import Service
from phonefarm.simulation.sims import SimFactory
from tests.simulation.recording_io import run_line

COUNT = "content query --uri content://sms/inbox --projection 'count(*) AS c:max(_id) AS m'"


def a_phone(profile: Profile = PIXEL_8) -> VirtualPhone:
    phone = VirtualPhone(profile, query_seconds=0.0)
    phone.storing_seconds = 0.0
    phone.insert_sim(SimFactory(seed=11).make(), 0)
    return phone


@pytest.fixture
async def phone() -> AsyncIterator[VirtualPhone]:
    phone = a_phone()
    yield phone
    phone.handset.close()


async def log_of(phone: VirtualPhone) -> str:
    out, _, _ = await run_line(phone.handset, "logcat -b radio -d -v brief")
    return out


async def test_a_locked_phone_announces_an_sms_and_stores_it_at_the_unlock(phone: VirtualPhone) -> None:
    phone.handset.host_clock = lambda: 1_700_000_000.0
    phone.lock()

    kept = await phone.deliver_sms("Shop", "text")
    log = await log_of(phone)
    phone.handset.host_clock = lambda: 1_700_003_600.0
    phone.unlock()

    assert kept.row_id == NOT_STORED
    assert "UNSOL_RESPONSE_NEW_SMS" in log
    assert "Delivering SMS to" not in log
    rows = phone.handset.sms.database.execute("SELECT body, date FROM sms").fetchall()
    assert rows == [("text", 1_700_000_000_000)]
    assert "Deleted 1 rows from raw table." in await log_of(phone)


async def test_a_locked_phone_cannot_open_its_messages(phone: VirtualPhone) -> None:
    phone.lock()

    out, err, _ = await run_line(phone.handset, COUNT)
    available, _, _ = await run_line(phone.handset, "getprop sys.user.0.ce_available; getprop sys.boot_completed")

    assert out == ""
    assert "android.database.sqlite.SQLiteCantOpenDatabaseException: Cannot open database" in err
    assert available == "\n1\n"


async def test_a_phone_of_android_6_has_no_such_lock() -> None:
    phone = a_phone(SONY_XA)

    with pytest.raises(ValueError, match="does not encrypt"):
        phone.lock()
    phone.handset.close()


async def test_a_full_phone_announces_an_sms_and_loses_it(phone: VirtualPhone) -> None:
    phone.fill_storage()

    lost = await phone.deliver_sms("Shop", "text")
    log = await log_of(phone)
    phone.free_storage()
    stored = await phone.deliver_sms("Shop", "another")

    assert (lost.row_id, stored.row_id) == (NOT_STORED, 1)
    assert "UNSOL_RESPONSE_NEW_SMS" in log
    assert "raw table" not in log
    assert (phone.counters.sms_lost, phone.counters.sms_delivered) == (1, 1)


@pytest.mark.parametrize("how", ["none chosen", "chosen one disabled"])
async def test_without_an_sms_app_nothing_is_stored(phone: VirtualPhone, how: str) -> None:
    if how == "none chosen":
        phone.set_sms_app(None)
    else:
        phone.disable_package(phone.profile.default_sms_app)

    lost = await phone.deliver_sms("Shop", "text")

    assert lost.row_id == NOT_STORED
    assert phone.handset.sms.count() == 0
    assert "successful broadcast, deleting from raw table." in await log_of(phone)


async def test_a_one_time_code_is_hidden_from_the_shell_for_a_while(phone: VirtualPhone) -> None:
    phone.handset.host_clock = lambda: 1_700_000_000.0
    phone.delay_codes(60)

    code = await phone.deliver_sms("Bank", "Your code is 123456")
    await phone.deliver_sms("Friend", "See you at 7")
    early, _, _ = await run_line(phone.handset, COUNT)
    phone.handset.host_clock = lambda: 1_700_000_061.0
    late, _, _ = await run_line(phone.handset, COUNT)
    date, _, _ = await run_line(
        phone.handset, f"content query --uri content://sms/inbox --projection date --where _id={code.row_id}"
    )

    assert early == "Row: 0 c=1, m=2\n"
    assert late == "Row: 0 c=2, m=2\n"
    assert date == "Row: 0 date=1700000000000\n"


async def test_android_17_marks_its_one_time_codes_and_hides_them_for_hours() -> None:
    phone = a_phone(PIXEL_10_DELAYING)
    await phone.deliver_sms("Bank", "Your code is 123456")
    await phone.deliver_sms("Friend", "hello")

    out, _, _ = await run_line(phone.handset, "content query --uri content://sms/inbox --projection _id:contains_otp")

    assert out == "Row: 0 _id=2, contains_otp=0\n"
    assert phone.handset.codes_delayed_for == 3 * 3600
    phone.handset.close()


async def test_an_older_phone_marks_no_codes() -> None:
    phone = a_phone(SAMSUNG_J5)

    _, err, _ = await run_line(phone.handset, "content query --uri content://sms/inbox --projection contains_otp")

    assert "no such column: contains_otp" in err
    phone.handset.close()


@pytest.mark.parametrize("trouble", ["airplane mode", "no service", "locked card", "booting"])
async def test_the_network_keeps_an_sms_until_the_phone_can_be_reached(phone: VirtualPhone, trouble: str) -> None:
    def make(on: bool) -> None:
        if trouble == "airplane mode":
            phone.set_airplane_mode(on)
        elif trouble == "no service":
            phone.set_service(Service.NO_SERVICE if on else Service.IN_SERVICE)
        elif trouble == "locked card":
            phone.set_slot_state(0, "PIN_REQUIRED" if on else None)
        else:
            phone.set_booting(on)

    make(True)
    async with asyncio.TaskGroup() as work:
        arriving = work.create_task(phone.deliver_sms("Shop", "text"))
        await asyncio.sleep(0)
        rows_in_trouble = phone.handset.sms.count()
        make(False)

    assert rows_in_trouble == 0
    assert arriving.result().row_id == 1


async def test_an_sms_over_ims_is_announced_by_its_handler_only(phone: VirtualPhone) -> None:
    phone.send_sms_over_ims()

    await phone.deliver_sms("Shop", "text")

    log = await log_of(phone)
    assert "UNSOL_RESPONSE_NEW_SMS" not in log
    assert "IdleState.processMessage: processing EVENT_INJECT_SMS" in log
    assert "EVENT_NEW_SMS" not in log


async def test_a_phone_may_boot_locked_with_an_uptime_of_zero(phone: VirtualPhone) -> None:
    await phone.start()
    phone.set_uptime(5000)

    await phone.reboot(0.0, locked=True)

    uptime, _, _ = await run_line(phone.handset, "cat /proc/uptime")
    assert phone.handset.is_locked
    assert float(uptime.split()[0]) < 5000
    await phone.stop()


async def test_a_bad_cable_ends_plugged_in(phone: VirtualPhone) -> None:
    serial = await phone.start()

    await phone.flap(3, on_seconds=0.0, off_seconds=0.0)

    assert phone.is_plugged
    assert phone.serial == serial
    await phone.stop()
