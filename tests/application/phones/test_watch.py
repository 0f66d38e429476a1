"""The states of phones from connection to loss; the offer follows at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.read_models import PhoneState, Verdict
from phonefarm.application.phones import session as phone_session
from phonefarm.application.phones.inbox_reader import DEEP_WINDOW, WINDOW, WINDOW_OVERLAP
from phonefarm.application.phones.introductions import MOST_IN_ALL, MOST_ON_ONE_HUB
from phonefarm.application.phones.session import PhoneSession
from phonefarm.application.phones.watch import PhoneWatch
from phonefarm.application.ports.world import PhoneUnreachable, Probe, Remembered, ServerDown, SmsWithheld
from phonefarm.domain.allocation import Order
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import PhoneId
from tests.application.site import OTHER_SERVER, POLL, Site
from tests.builders import ICCID, NUMBER, a_row, a_seen_sim, ms
from tests.fakes.phone_bridge import SERVER, ScriptedPhone, ScriptedPhoneBridge
from tests.stepped_clock import go_by_steps
from tests.waiting import until

# Connection and loss -----------------------------------------------------------


async def test_listed_phones_are_asked_read_and_ready_and_their_numbers_on_offer(site: Site) -> None:
    await site.both_ready()

    phone = (await site.farm.phones())[site.id_of(site.one)]
    assert (phone.make, phone.model, phone.android) == ("Xiaomi", "Redmi 12", "13")
    assert phone.last_read_at is not None
    assert await site.farm.on_offer() == 2
    assert (SERVER, Verdict.PASS) in site.reports


async def test_unplugged_phone_is_gone_and_off_the_offer_at_once(site: Site) -> None:
    await site.both_ready()

    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)

    assert await site.farm.on_offer() == 1
    assert await site.state(site.two) is PhoneState.READY


async def test_phone_that_comes_back_is_ready_again_and_its_messages_are_new(site: Site) -> None:
    await site.both_ready()
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)
    await site.farm.storage.write(lambda uow: None)

    site.one.receive(a_row(1, date_ms=ms(site.farm.clock.forward(30))))
    site.bridge.plug_in(site.one)
    await site.reached(site.one, PhoneState.READY)

    assert await site.message_count() == 1
    assert [message.standing for message in await site.farm.messages()] == ["no rent"]


@pytest.mark.parametrize(
    ("adb_state", "state"),
    [
        ("unauthorized", PhoneState.UNAUTHORIZED),
        ("offline", PhoneState.OFFLINE),
        ("no permissions (udev)", PhoneState.NO_PERMISSIONS),
        ("recovery", PhoneState.OTHER_MODE),
    ],
)
async def test_unreachable_phone_is_shown_and_not_asked(site: Site, adb_state: str, state: PhoneState) -> None:
    site.one.adb_state = adb_state

    await site.watch.start()
    await site.reached(site.two, PhoneState.READY)

    assert await site.state(site.one) is state
    assert site.bridge.asked[site.one.serial] == 0
    assert (await site.farm.phones())[site.id_of(site.one)].detail == adb_state


async def test_phone_that_goes_offline_leaves_the_offer_with_its_session(site: Site) -> None:
    await site.both_ready()
    site.one.adb_state = "offline"
    site.bridge.change()
    await site.reached(site.one, PhoneState.OFFLINE)
    looks = site.one.looks

    site.one.receive(a_row(1))

    assert await site.farm.on_offer() == 1
    assert site.one.looks == looks


async def test_server_that_goes_down_takes_all_its_phones_from_the_offer(site: Site) -> None:
    await site.both_ready()

    site.bridge.server_trouble = ServerDown("adb was killed")
    site.bridge.change()
    await site.reached(site.one, PhoneState.GONE)
    await site.reached(site.two, PhoneState.GONE)

    assert await site.farm.on_offer() == 0
    assert site.reports[-1] == (SERVER, Verdict.FAIL)


async def test_server_that_comes_back_brings_its_phones(site: Site) -> None:
    site.bridge.server_trouble = ServerDown("adb was killed")
    await site.watch.start()
    await until(lambda: (SERVER, Verdict.FAIL) in site.reports)

    site.bridge.server_trouble = None

    await site.reached(site.one, PhoneState.READY)
    assert site.reports[-1] == (SERVER, Verdict.PASS)


async def test_phones_of_the_last_run_are_gone_at_the_start(site: Site) -> None:
    await site.farm.seat(a_seen_sim("89701010000000000001", msisdn="79991112233"), phone=PhoneId("old@elsewhere:1"))
    assert await site.farm.on_offer() == 1
    site.bridge.server_trouble = ServerDown("no server")

    await site.watch.start()

    assert await site.farm.on_offer() == 0


# Waiting ----------------------------------------------------------------------


async def test_wait_between_two_looks_does_not_spin_on_a_coarse_clock(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_by_steps(monkeypatch)
    waits = 0
    sleep = PhoneSession._sleep_until_due

    async def counted(session: PhoneSession, checkup: asyncio.Task[None] | None) -> None:
        nonlocal waits
        waits += 1
        await sleep(session, checkup)

    monkeypatch.setattr(PhoneSession, "_sleep_until_due", counted)
    site.bridge.unplug(site.two)
    site.watch = site.watch_with(0.1)
    await site.watch.start()
    await site.reached(site.one, PhoneState.READY)
    waits, looks = 0, site.one.looks

    await until(lambda: site.one.looks >= looks + 10)

    assert waits <= site.one.looks - looks + 2


# One handset, one session ---------------------------------------------------


async def test_handset_listed_by_two_servers_is_read_through_one_and_a_duplicate_on_the_other(site: Site) -> None:
    other = site.other_server(site.one)
    site.watch = site.watch_with(POLL, other)

    await site.both_ready()
    await site.reached(site.one, PhoneState.DUPLICATE, OTHER_SERVER)

    duplicate = (await site.farm.phones())[other.id_of(site.one)]
    assert duplicate.detail == f"read through the adb server {SERVER}"
    assert (site.one.probes, other.introduced.count(site.one.serial)) == (1, 1)
    assert (await site.farm.counts()).phones_ready == 2
    assert await site.farm.on_offer() == 2


@pytest.mark.parametrize("loss", [ScriptedPhoneBridge.unplug, lambda bridge, _: bridge.end_server()])
async def test_other_way_to_a_handset_takes_over_when_the_first_is_lost(
    site: Site, loss: Callable[[ScriptedPhoneBridge, ScriptedPhone], None]
) -> None:
    site.watch = site.watch_with(POLL, site.other_server(site.one))
    await site.both_ready()
    await site.reached(site.one, PhoneState.DUPLICATE, OTHER_SERVER)

    loss(site.bridge, site.one)

    await site.reached(site.one, PhoneState.READY, OTHER_SERVER)
    await site.reached(site.one, PhoneState.GONE)


async def test_handset_that_returns_to_its_first_server_is_still_read_through_the_second(site: Site) -> None:
    other = site.other_server(site.one)
    site.watch = site.watch_with(POLL, other)
    await site.both_ready()
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.READY, OTHER_SERVER)
    await site.reached(site.one, PhoneState.GONE)

    site.bridge.plug_in(site.one)
    await site.reached(site.one, PhoneState.DUPLICATE)

    assert await site.state(site.one, OTHER_SERVER) is PhoneState.READY
    assert (await site.farm.counts()).phones_ready == 2


async def test_handset_on_usb_and_on_tcp_is_read_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_session, "NOT_UP_PAUSE_SECONDS", 0.01)
    site.one.hardware = "R58M123/Xiaomi/Redmi 12"
    await site.both_ready()
    over_tcp = ScriptedPhone("192.168.1.7:5555", sims=site.one.sims, hardware=site.one.hardware, proof=site.one.proof)

    site.bridge.plug_in(over_tcp)
    await site.reached(over_tcp, PhoneState.DUPLICATE)

    row = (await site.farm.phones())[site.id_of(over_tcp)]
    assert row.detail == f"read as {site.id_of(site.one)}"
    assert over_tcp.looks == 0
    assert await site.farm.on_offer() == 2
    site.bridge.unplug(site.one)
    await site.reached(over_tcp, PhoneState.READY)


THIRD = a_seen_sim("8970101234567890125", sim_id="8970101234567890125", msisdn="79161112233")


async def test_two_handsets_whose_maker_gave_them_one_serial_are_both_read_on_their_servers(site: Site) -> None:
    twin = ScriptedPhone(site.one.serial, detail="usb:1-2 transport_id:4", sims=[THIRD])
    site.watch = site.watch_with(POLL, site.other_server(twin))

    await site.both_ready()
    await site.reached(ScriptedPhone(f"{twin.serial}#1-2"), PhoneState.READY, OTHER_SERVER)

    assert await site.farm.on_offer() == 3
    before = await site.message_count()
    twin.receive(a_row(7, body="for the twin"))

    async def has_come() -> bool:
        return await site.message_count() > before

    await until(has_come)


async def test_twin_keeps_its_name_after_a_restart(site: Site) -> None:
    twin = ScriptedPhone(site.one.serial, detail="usb:1-2", sims=[THIRD])
    named = ScriptedPhone(f"{twin.serial}#1-2")
    other = site.other_server(twin)
    site.watch = site.watch_with(POLL, other)
    await site.both_ready()
    await site.reached(named, PhoneState.READY, OTHER_SERVER)
    await site.tasks.stop()
    proofs = twin.proofs
    site.watch = site.watch_with(POLL, other)

    await site.both_ready()
    await site.reached(named, PhoneState.READY, OTHER_SERVER)

    assert twin.proofs == proofs


async def test_two_handsets_with_one_hardware_id_are_both_read(site: Site) -> None:
    site.one.hardware = site.two.hardware = "1234567/Xiaomi/Redmi 12"

    await site.both_ready()

    assert await site.farm.on_offer() == 2
    assert (site.one.proofs, site.two.proofs) == (1, 1)


async def test_phone_is_not_read_while_its_twin_cannot_prove_to_be_another(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_session, "NOT_UP_PAUSE_SECONDS", 0.01)
    site.one.hardware = site.two.hardware = "1234567/Xiaomi/Redmi 12"
    site.bridge.unplug(site.two)
    await site.watch.start()
    await site.reached(site.one, PhoneState.READY)
    site.one.trouble = PhoneUnreachable("no answer")

    site.bridge.plug_in(site.two)

    await site.reached(site.two, PhoneState.DUPLICATE)
    assert site.two.looks == 0
    site.one.trouble = None
    await site.reached(site.two, PhoneState.READY)


# Phones over TCP --------------------------------------------------------------


async def test_phone_over_tcp_is_reconnected_when_its_server_is_back(site: Site) -> None:
    tcp = ScriptedPhone("192.168.1.7:5555")
    left = ScriptedPhone("192.168.1.8:5555")
    for phone in (tcp, left):
        site.bridge.plug_in(phone)
    await site.both_ready()
    await site.reached(tcp, PhoneState.READY)
    site.bridge.unplug(left)
    await site.reached(left, PhoneState.GONE)

    site.bridge.end_server()
    await site.reached(tcp, PhoneState.GONE)
    site.bridge.server_trouble = None

    await site.reached(tcp, PhoneState.READY)
    assert (tcp.reconnects, left.reconnects, site.one.reconnects) == (1, 0, 0)


async def test_reconnecting_a_phone_over_tcp_is_retried(site: Site) -> None:
    tcp = ScriptedPhone("192.168.1.7:5555")
    site.bridge.plug_in(tcp)
    await site.both_ready()
    await site.reached(tcp, PhoneState.READY)
    site.bridge.end_server()
    await site.reached(tcp, PhoneState.GONE)
    del site.bridge.forgotten[tcp.serial]
    site.bridge.server_trouble = None
    await site.reached(site.one, PhoneState.READY)

    site.bridge.forgotten[tcp.serial] = tcp

    await site.reached(tcp, PhoneState.READY)


# Reading --------------------------------------------------------------------


async def test_log_is_followed_after_the_introduction(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_session, "NOT_UP_PAUSE_SECONDS", 0.01)
    site.one.is_up = False
    await site.watch.start()
    await site.reached(site.one, PhoneState.BOOTING)
    followed_before = site.one.followed
    site.one.is_up = True
    await site.reached(site.one, PhoneState.READY)

    assert followed_before == 0
    await until(lambda: site.one.followed == 1)


async def test_hint_causes_a_look_at_once(site: Site) -> None:
    await site.both_ready()

    site.one.receive(a_row(1))

    await until(lambda: site.one.looks == 2)
    await until(lambda: site.message_count())
    assert site.two.looks == 1


async def test_safety_poll_finds_what_no_hint_announced(site: Site) -> None:
    site.watch = site.watch_with(0.05)
    await site.both_ready()

    site.one.receive(a_row(1), hinted=False)

    await until(lambda: site.message_count())


async def test_announced_message_does_not_wait_for_a_running_safety_poll(site: Site) -> None:
    site.watch = site.watch_with(0.05)
    await site.both_ready()
    site.one.answers.clear()
    asked = site.bridge.asked[site.one.serial]
    await until(lambda: site.bridge.asked[site.one.serial] == asked + 1)

    site.one.receive(a_row(1))

    await until(lambda: site.bridge.asked[site.one.serial] == asked + 2)
    site.one.answers.set()
    await until(lambda: site.message_count())
    assert site.one.looks == len(site.one.skips)


async def test_announced_message_does_not_wait_for_a_running_check_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_session, "CHECKUP_SECONDS", 0.05)
    await site.both_ready()
    site.one.checks.clear()
    checkups = len(site.one.checkups)
    await until(lambda: site.one.checking)

    site.one.receive(a_row(1))

    await until(lambda: site.message_count())
    assert len(site.one.checkups) == checkups
    site.one.checks.set()
    await until(lambda: len(site.one.checkups) > checkups)


async def test_phone_whose_messages_come_unannounced_is_shown_as_such(site: Site) -> None:
    site.watch = site.watch_with(0.05)
    await site.both_ready()

    site.one.receive(a_row(1), hinted=False)

    async def is_known() -> bool:
        return (await site.farm.phones())[site.id_of(site.one)].hints_working is False

    await until(is_known)


async def test_flood_larger_than_the_window_is_read_until_a_known_row(site: Site) -> None:
    site.one.inbox = [a_row(1)]
    await site.both_ready()
    flood = WINDOW + DEEP_WINDOW + 7

    for number in range(flood):
        site.one.receive(a_row(2 + number, body=f"flood {number}"), hinted=number == flood - 1)

    async def all_there() -> bool:
        return await site.message_count() == 1 + flood

    await until(all_there)
    first = WINDOW - WINDOW_OVERLAP
    assert site.one.skips[1:4] == [0, first, first + DEEP_WINDOW - WINDOW_OVERLAP]


async def test_five_thousand_messages_at_once_are_all_read(site: Site) -> None:
    site.one.inbox = [a_row(1)]
    await site.both_ready()

    for number in range(5_000):
        site.one.receive(a_row(2 + number, body=f"flood {number}"), hinted=number == 4_999)

    async def all_there() -> bool:
        return await site.message_count() == 5_001

    await until(all_there, 60)


async def test_inbox_from_which_much_is_deleted_while_it_is_read_is_read_again(site: Site) -> None:
    """Rows that moved above the window are read by the next look, and none counts as old."""
    site.one.inbox = [a_row(1)]
    await site.both_ready()
    flood = 3 * WINDOW
    deleted: list[int] = []

    def delete_while_it_is_read() -> None:
        if not deleted and site.one.skips[-1] == 0 and len(site.one.inbox) > WINDOW:
            deleted.extend(row.row_id for row in site.one.inbox[-WINDOW:])
            site.one.inbox = site.one.inbox[:-WINDOW]

    site.one.on_look = delete_while_it_is_read
    for number in range(flood):
        site.one.receive(a_row(2 + number, body=f"flood {number}"), hinted=number == flood - 1)

    async def rest_is_there() -> bool:
        return await site.message_count() >= 1 + flood - WINDOW

    await until(rest_is_there)
    assert len(deleted) == WINDOW


async def test_phone_that_shows_the_same_rows_again_fails_and_is_not_read_for_ever(site: Site) -> None:
    site.one.inbox = [a_row(1)]
    await site.both_ready()
    site.one.ignores_offset = True

    for number in range(2 * DEEP_WINDOW):
        site.one.receive(a_row(2 + number, body=str(number)), hinted=number == 0)

    await site.reached(site.one, PhoneState.FAILING)


async def test_inbox_that_a_backup_brought_back_under_other_row_ids_is_read_whole_once(site: Site) -> None:
    site.one.inbox = [a_row(number, body=str(number)) for number in range(1, 2 * WINDOW)]
    await site.both_ready()

    site.one.inbox = [replace(row, row_id=row.row_id + 1_000) for row in site.one.inbox]
    site.one.announce()
    await until(lambda: len(site.one.skips) > 1 and site.one.skips[-1] > 0)
    whole = len(site.one.skips)
    site.one.receive(a_row(2_000, body="new"))

    async def is_there() -> bool:
        return await site.message_count() == 2 * WINDOW

    await until(is_there)
    assert set(site.one.skips[whole:]) == {0}


async def test_first_look_reads_one_window_of_an_old_phone(site: Site) -> None:
    site.one.inbox = [a_row(number, body=str(number)) for number in range(1, 400)]

    await site.both_ready()

    assert site.one.skips == [0]
    assert await site.message_count() == WINDOW


# Failing --------------------------------------------------------------------


async def test_phone_is_failing_after_its_second_failed_look_and_recovers(site: Site) -> None:
    site.one.trouble = PhoneUnreachable("no answer within 8 s")
    await site.watch.start()
    await site.reached(site.one, PhoneState.FAILING)

    assert site.bridge.asked[site.one.serial] >= 2
    assert (await site.farm.phones())[site.id_of(site.one)].detail == "no answer within 8 s"
    assert await site.state(site.two) is PhoneState.READY
    site.one.trouble = None
    await site.reached(site.one, PhoneState.READY)


async def test_one_failed_look_does_not_take_a_phone_from_the_offer(site: Site) -> None:
    await site.both_ready()
    site.one.trouble = PhoneUnreachable("busy")
    asked = site.bridge.asked[site.one.serial]

    site.one.receive(a_row(1))
    await until(lambda: site.bridge.asked[site.one.serial] > asked)
    site.one.trouble = None

    await until(lambda: site.message_count())
    states = await site.timeline(site.one)
    assert states == ["Starting", "Ready"]


async def test_phone_without_access_to_its_sms_is_withheld_at_once(site: Site) -> None:
    site.one.trouble = SmsWithheld("Permission Denial: reading content://sms")

    await site.watch.start()
    await site.reached(site.one, PhoneState.WITHHELD)

    assert (await site.farm.phones())[site.id_of(site.one)].detail.startswith("Permission Denial")


async def test_disk_that_fails_is_no_fault_of_the_phone_and_no_bug(site: Site) -> None:
    await site.both_ready()
    site.storage.broken = True
    site.one.receive(a_row(1))
    await until(lambda: site.storage.refused > 2)

    site.storage.broken = False

    await until(lambda: site.message_count())
    assert await site.state(site.one) is PhoneState.READY


async def test_session_that_begins_on_a_failing_disk_gets_ready_later(site: Site) -> None:
    site.one.adb_state = "offline"
    await site.watch.start()
    await site.reached(site.two, PhoneState.READY)
    site.one.adb_state = "device"
    site.bridge.change()
    site.storage.broken = True
    refused = site.storage.refused
    await until(lambda: site.storage.refused > refused)

    site.storage.broken = False

    await site.reached(site.one, PhoneState.READY)


async def test_first_retry_after_a_failed_look_comes_within_half_a_second(site: Site) -> None:
    await site.both_ready()
    site.one.trouble = PhoneUnreachable("busy")
    asked = site.bridge.asked[site.one.serial]
    site.one.receive(a_row(1))
    await until(lambda: site.bridge.asked[site.one.serial] > asked)

    site.one.trouble = None

    await until(lambda: site.message_count(), within=0.9)


async def test_phone_that_fails_and_recovers_is_not_introduced_again(site: Site) -> None:
    await site.both_ready()
    site.one.trouble = PhoneUnreachable("busy")
    site.one.receive(a_row(1))
    await site.reached(site.one, PhoneState.FAILING)

    site.one.trouble = None
    await site.reached(site.one, PhoneState.READY)

    assert site.one.introductions == 1


async def test_phone_that_fails_for_days_is_still_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_session, "RETRY_PAUSES_SECONDS", (0.0,))
    site.one.trouble = PhoneUnreachable("busy")
    await site.watch.start()

    await until(lambda: site.bridge.asked[site.one.serial] > 1200, within=30)

    assert await site.state(site.one) is PhoneState.FAILING


async def test_server_down_during_a_session_is_a_failing_phone_and_no_bug(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_session, "RETRY_PAUSES_SECONDS", (0.001,))
    site.one.trouble = ServerDown("the conversation was ended")
    await site.watch.start()
    await site.reached(site.one, PhoneState.FAILING)

    site.one.trouble = None

    await site.reached(site.one, PhoneState.READY)
    assert site.bugs == []


# Silence --------------------------------------------------------------------


async def test_phone_that_does_not_answer_is_off_the_offer_at_once_and_on_it_when_it_answers(site: Site) -> None:
    site.watch = site.watch_with(0.05, patience=0.1)
    await site.both_ready()

    site.one.answers.clear()
    await site.reached(site.one, PhoneState.FAILING)

    assert (await site.farm.phones())[site.id_of(site.one)].detail == "does not answer for 0.1 s"
    assert await site.farm.on_offer() == 1
    site.one.answers.set()
    await site.reached(site.one, PhoneState.READY)
    assert await site.farm.on_offer() == 2


async def test_phone_that_is_silent_from_the_start_is_failing_soon(site: Site) -> None:
    site.watch = site.watch_with(POLL, patience=0.1)
    site.one.answers.clear()

    await site.watch.start()

    await site.reached(site.one, PhoneState.FAILING)
    site.one.answers.set()
    await site.reached(site.one, PhoneState.READY)


async def test_silent_phones_do_not_keep_the_others_from_being_introduced(site: Site) -> None:
    site.watch = site.watch_with(POLL, patience=0.1)
    for number in range(MOST_IN_ALL + 2):
        silent = ScriptedPhone(f"A{number:03}")
        silent.answers.clear()
        site.bridge.plug_in(silent)

    await site.both_ready()


async def test_hub_full_of_silent_phones_does_not_block_other_hubs(site: Site) -> None:
    site.one.detail, site.two.detail = "usb:2-1.1", "usb:2-1.2"
    silent = [ScriptedPhone(f"A{number:03}", detail=f"usb:1-1.{number}") for number in range(MOST_ON_ONE_HUB + 4)]
    for phone in silent:
        phone.answers.clear()
        site.bridge.plug_in(phone)

    await site.both_ready()

    assert sum(phone.serial in site.bridge.introduced for phone in silent) == MOST_ON_ONE_HUB


async def test_after_a_restart_the_phone_with_an_open_rent_is_asked_first(site: Site) -> None:
    await site.both_ready()
    await site.farm.rent(Order(excluded_prefixes=(NUMBER,)))
    await site.tasks.stop()
    site.watch = site.watch_with(POLL)
    site.bridge.introduced.clear()

    await site.both_ready()

    assert site.bridge.introduced == [site.two.serial, site.one.serial]


async def test_after_a_restart_a_known_phone_is_not_probed_and_the_bridge_gets_its_cards(
    site: Site,
) -> None:
    await site.both_ready()
    await site.tasks.stop()
    site.watch = site.watch_with(POLL)

    await site.both_ready()

    first, again = site.one.remembered
    assert first == Remembered()
    assert again is not None
    assert again.probe == Probe(facts=site.one.facts, reads_hex=True)
    assert [(card.sim_id, card.sub_id, card.slot, card.has_number) for card in again.cards] == [(ICCID, 1, 0, True)]
    assert again.booted_at is not None
    assert again.sms_app == site.one.telemetry.sms_app
    assert site.one.probes == 1


async def test_phone_that_is_not_up_is_only_asked_whether_it_is(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_session, "NOT_UP_PAUSE_SECONDS", 0.01)
    site.one.is_up = False
    await site.watch.start()
    await until(lambda: len(site.one.remembered) >= 3)

    site.one.is_up = True

    await site.reached(site.one, PhoneState.READY)
    assert set(site.one.remembered[1:]) == {None}


async def test_states_reported_concurrently_are_stored_in_sequence(site: Site) -> None:
    phone = site.id_of(site.one)
    await site.watch.set_state(phone, PhoneState.READY)

    async with asyncio.TaskGroup() as group:
        group.create_task(site.watch.set_state(phone, PhoneState.FAILING, "late"))
        group.create_task(site.watch.set_state(phone, PhoneState.READY))

    assert await site.state(site.one) is PhoneState.READY


# Commands ----------------------------------------------------------------------


async def test_reconnect_goes_to_the_phones_own_server(site: Site) -> None:
    await site.watch.reconnect(site.id_of(site.one))

    assert site.one.reconnects == 1
    with pytest.raises(KnownError, match="not in the settings"):
        await site.watch.reconnect(PhoneId("x@elsewhere:5037"))


async def test_poll_is_faster_while_rented_and_fastest_without_hints(database: Database) -> None:
    site = Site(database)
    phone = site.id_of(site.one)
    watch = PhoneWatch(
        site.storage,
        [site.bridge],
        site.farm.inventory,
        site.farm.intake,
        site.farm.health,
        site.farm.announcer,
        site.farm.clock,
        site.tasks,
        poll_seconds=10,
        rent_poll_seconds=5,
        report_server=lambda server, verdict, detail: None,
    )
    await site.farm.seat(a_seen_sim(), phone=phone)
    assert watch.poll_seconds(phone) == 10

    await site.farm.rent()
    await watch.start()

    await until(lambda: watch.poll_seconds(phone) == 5)
    await watch.note_hints(phone, working=False)
    assert watch.poll_seconds(phone) == 3
    await watch.note_hints(phone, working=True)
    assert watch.poll_seconds(phone) == 5
    await site.tasks.stop()


async def test_idle_phone_without_hints_is_polled_more_often_than_its_neighbours(site: Site) -> None:
    site.watch = site.watch_with(10)
    phone = site.id_of(site.one)

    await site.watch.note_hints(phone, working=False)

    assert (site.watch.poll_seconds(phone), site.watch.poll_seconds(site.id_of(site.two))) == (8, 10)
