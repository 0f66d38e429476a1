"""The probe of a phone, its check-ups, and its conditions with their next steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from phonefarm.application.model.read_models import Condition, PhoneState, Remedy, SimStanding
from phonefarm.application.phones import abilities
from phonefarm.application.phones import session as phone_session
from phonefarm.application.ports.world import Hint, NotUnderstood, PhoneUnreachable, Probe
from phonefarm.domain.conditions import BLAMED_FOR
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.poll_schedule import CHASE_SECONDS
from tests.application.site import Site
from tests.builders import ICCID, a_row, ms
from tests.fakes.phone_bridge import WELL, ScriptedPhone
from tests.waiting import until


@pytest.fixture
def quick_chase(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the wait for an announced row to milliseconds."""
    monkeypatch.setattr("phonefarm.domain.poll_schedule.CHASE_SECONDS", tuple(0.001 for _ in CHASE_SECONDS))
    monkeypatch.setattr("phonefarm.domain.poll_schedule.LEAST_SPACING_SECONDS", 0.001)


async def conditions(site: Site, phone: ScriptedPhone) -> list[Condition]:
    return [active.condition for active in (await site.row(phone)).conditions]


async def until_condition(site: Site, phone: ScriptedPhone, *wanted: Condition) -> None:
    async def is_so() -> bool:
        return await conditions(site, phone) == list(wanted)

    await until(is_so)


def _was_looked_at(phone: ScriptedPhone, times: int) -> bool:
    return phone.looks >= times


async def announce_in_vain(site: Site, phone: ScriptedPhone) -> None:
    """Announce a message without a row, and wait until the row is overdue."""
    before = (await site.row(phone)).hints_without_row

    async def is_noted() -> bool:
        return (await site.row(phone)).hints_without_row > before

    phone.announce(Hint.STORED)
    await until(is_noted)


# Starting ---------------------------------------------------------------------


async def test_phone_whose_android_is_starting_is_booting_until_it_is_up(site: Site) -> None:
    site.one.is_up = False
    await site.watch.start()
    await site.reached(site.one, PhoneState.BOOTING)
    assert (await site.row(site.one)).remedy is Remedy.WAIT
    assert site.one.probes == 0


async def test_phone_that_was_not_unlocked_since_its_start_is_locked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_session, "NOT_UP_PAUSE_SECONDS", 0.01)
    site.one.is_unlocked = False
    await site.watch.start()
    await site.reached(site.one, PhoneState.LOCKED)
    assert (await site.row(site.one)).remedy is Remedy.UNLOCK_ONCE
    assert await site.farm.on_offer() <= 1

    site.one.is_unlocked = True

    await site.reached(site.one, PhoneState.READY)


# Found out once ---------------------------------------------------------------


async def test_phone_is_probed_once_and_not_again_after_a_reconnect(site: Site) -> None:
    await site.both_ready()
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)

    site.bridge.plug_in(site.one)
    await site.reached(site.one, PhoneState.READY)

    assert (site.one.introductions, site.one.probes) == (2, 1)
    assert (await site.row(site.one)).reads_hex is True


async def test_new_firmware_is_probed_again(site: Site) -> None:
    await site.both_ready()
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)
    site.one.facts = replace(site.one.facts, firmware="redmi/14/2")

    site.bridge.plug_in(site.one)
    await site.reached(site.one, PhoneState.READY)

    assert site.one.probes == 2
    assert (await site.row(site.one)).firmware == "redmi/14/2"


async def test_answer_of_another_form_discards_the_probe(site: Site) -> None:
    await site.both_ready()
    asked = site.bridge.asked[site.one.serial]
    site.one.trouble = NotUnderstood("line 1 of 1 is not row 0")
    site.one.receive(a_row(1))
    await until(lambda: site.bridge.asked[site.one.serial] > asked)

    site.one.trouble = None
    await until(lambda: site.message_count())

    assert site.one.probes == 2


UNSURE = Probe(facts=PhoneFacts(), reads_hex=False, counts=False, is_sure=False)
SURE = Probe(facts=PhoneFacts(), reads_hex=True)


def probe_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abilities, "DOUBT_SECONDS", 0.0)


async def reads_hex(site: Site) -> bool | None:
    return (await site.row(site.one)).reads_hex


async def test_unsure_probe_is_not_stored_and_repeated(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.one.takes = UNSURE
    probe_again_at_once(monkeypatch)
    await site.both_ready()
    assert await reads_hex(site) is None, "nothing is known of it"

    site.one.takes = SURE
    site.one.receive(a_row(1))

    async def is_known() -> bool:
        return await reads_hex(site) is True

    await until(is_known)


async def test_stored_probe_is_repeated_once_a_day(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.one.takes = replace(SURE, reads_hex=False)
    await site.both_ready()
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)
    probe_again_at_once(monkeypatch)
    site.one.takes = SURE
    site.farm.clock.forward(24 * 3600)

    site.bridge.plug_in(site.one)

    async def is_known() -> bool:
        return await reads_hex(site) is True

    await until(is_known)
    assert site.one.probes == 2


async def test_probe_is_not_repeated_before_a_day_has_passed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.both_ready()
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)
    probe_again_at_once(monkeypatch)
    site.farm.clock.forward(23 * 3600)

    site.bridge.plug_in(site.one)
    await site.reached(site.one, PhoneState.READY)
    site.one.receive(a_row(1))
    await until(lambda: site.message_count())

    assert site.one.probes == 1


@pytest.mark.parametrize("trouble", ["unsure", "unreachable"])
async def test_failed_or_unsure_probe_does_not_replace_the_stored_one(
    site: Site, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    await site.both_ready()
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)
    probe_again_at_once(monkeypatch)
    site.farm.clock.forward(48 * 3600)
    site.one.takes = UNSURE
    site.one.probe_trouble = PhoneUnreachable("the provider dies") if trouble == "unreachable" else None

    site.bridge.plug_in(site.one)
    await until(lambda: site.one.probes > 1)

    assert site.one.probe_in_use == SURE
    assert await reads_hex(site) is True


# Measured ---------------------------------------------------------------------


async def test_telemetry_are_shown_with_the_time_of_the_phones_start(site: Site) -> None:
    site.one.telemetry = replace(WELL, battery_percent=64, temperature=31.5, airplane_mode=False)

    await site.both_ready()

    row = await site.row(site.one)
    assert (row.telemetry.battery_percent, row.telemetry.temperature, row.telemetry.sms_app) == (64, 31.5, "com.sms")
    assert row.booted_at == site.farm.clock() - timedelta(hours=1)
    assert row.conditions == ()
    assert row.remedy is Remedy.NONE


async def test_first_check_up_is_thorough(site: Site) -> None:
    await site.both_ready()

    assert site.one.checkups == [True]


@pytest.mark.parametrize(
    ("telemetry", "condition", "remedy"),
    [
        (replace(WELL, battery_percent=9), Condition.LOW_BATTERY, Remedy.CHARGE),
        (replace(WELL, temperature=51.0), Condition.HOT, Remedy.COOL),
    ],
)
async def test_phone_with_a_condition_is_on_offer_with_its_next_step(
    site: Site, telemetry: object, condition: Condition, remedy: Remedy
) -> None:
    site.one.telemetry = telemetry  # type: ignore[assignment]

    await site.both_ready()

    row = await site.row(site.one)
    assert [(active.condition, active.remedy) for active in row.conditions] == [(condition, remedy)]
    assert row.remedy is remedy
    assert await site.farm.on_offer() == 2


@pytest.mark.parametrize(
    ("telemetry", "condition", "remedy"),
    [
        (replace(WELL, free_bytes=10_000_000), Condition.STORAGE_FULL, Remedy.FREE_STORAGE),
        (replace(WELL, sms_app=""), Condition.NO_SMS_APP, Remedy.CHOOSE_SMS_APP),
    ],
)
async def test_phone_that_cannot_store_messages_is_not_offered_and_its_sim_says_why(
    site: Site, telemetry: object, condition: Condition, remedy: Remedy
) -> None:
    site.one.telemetry = telemetry  # type: ignore[assignment]

    await site.both_ready()

    sim = (await site.farm.sims())[ICCID]
    assert await conditions(site, site.one) == [condition]
    assert (sim.standing, sim.remedy) == (SimStanding.PHONE_BLOCKED, remedy)
    assert sim.standing_since == site.farm.clock()
    assert await site.farm.on_offer() == 1


async def test_phone_without_a_sim_says_so(site: Site) -> None:
    site.one.sims = []

    await site.both_ready()

    assert await conditions(site, site.one) == [Condition.NO_SIM]
    assert (await site.row(site.one)).remedy is Remedy.INSERT_SIM


async def test_begin_and_end_of_a_condition_are_in_the_phones_timeline(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_session, "CHECKUP_SECONDS", 0.01)
    site.watch = site.watch_with(0.02)
    site.one.telemetry = replace(WELL, battery_percent=9)
    await site.both_ready()

    site.one.telemetry = WELL
    await until_condition(site, site.one)

    assert [title for title in await site.timeline(site.one) if "attery" in title] == [
        "Low battery: 9 %",
        "Resolved: low battery",
    ]


async def test_phone_whose_sims_cannot_be_seen_is_read_and_not_offered_and_says_why(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_session, "CHECKUP_SECONDS", 0.02)
    site.watch = site.watch_with(0.05)
    await site.both_ready()
    site.one.checkup_trouble = PhoneUnreachable("the answer was cut")
    await site.reached(site.one, PhoneState.FAILING)

    site.one.receive(a_row(1), hinted=False)
    await until(lambda: site.message_count())

    assert (await site.row(site.one)).detail == "the answer was cut"
    assert site.one.probes == 1
    assert await site.farm.on_offer() == 1
    site.one.checkup_trouble = None
    await site.reached(site.one, PhoneState.READY)


async def test_phone_that_fails_its_first_check_up_is_read_and_not_ready(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.both_ready()
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)
    site.one.checkup_trouble = PhoneUnreachable("the answer was cut")
    looks = site.one.looks

    site.bridge.plug_in(site.one)
    site.one.receive(a_row(1))
    await until(lambda: site.message_count())

    assert site.one.looks > looks
    assert await site.state(site.one) is PhoneState.STARTING
    assert await site.farm.on_offer() == 1


async def test_phone_that_does_not_say_which_sims_it_holds_is_read_with_its_telemetry_and_not_offered(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_session, "CHECKUP_SECONDS", 0.02)
    site.watch = site.watch_with(0.05, hurry=1000.0)
    site.one.sims_untold = True
    site.one.telemetry = replace(WELL, battery_percent=64)
    await site.watch.start()
    await site.reached(site.one, PhoneState.NOT_UNDERSTOOD)
    checkups = len(site.one.checkups)
    site.one.receive(a_row(1))
    await until(lambda: site.message_count() if len(site.one.checkups) > checkups + 10 else 0)

    row = await site.row(site.one)
    assert (row.state, row.remedy) == (PhoneState.NOT_UNDERSTOOD, Remedy.RESTART_PHONE)
    assert row.telemetry.battery_percent == 64
    assert await site.farm.on_offer() == 1
    assert site.bridge.steps == [], "no connection made anew would help"
    site.one.sims_untold = False
    await site.reached(site.one, PhoneState.READY)
    assert await site.farm.on_offer() == 2


async def test_phone_whose_airplane_mode_was_switched_is_checked_again_before_the_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_session, "CHECKUP_SECONDS", 0.02)
    site.one.telemetry = replace(WELL, airplane_mode=False)
    site.watch = site.watch_with(0.02)
    await site.both_ready()
    await until(lambda: len(site.one.checkups) > 1 and len(site.two.checkups) > 1)
    monkeypatch.setattr(phone_session, "CHECKUP_SECONDS", 2.0)
    site.one.telemetry = replace(WELL, airplane_mode=True)
    due = len(site.two.checkups)
    await until_condition(site, site.one, Condition.AIRPLANE)
    await until(lambda: len(site.two.checkups) > due)
    one, two = len(site.one.checkups), len(site.two.checkups)

    await until(lambda: len(site.one.checkups) > one)

    assert len(site.two.checkups) == two


async def test_answers_that_are_not_understood_cause_no_recovery_steps(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_session, "RETRY_PAUSES_SECONDS", (0.01,))
    site.watch = site.watch_with(0.05, hurry=1000.0)
    await site.both_ready()
    site.one.trouble = NotUnderstood("line 1 of 1 is not row 0")
    site.one.receive(a_row(1))
    await site.reached(site.one, PhoneState.NOT_UNDERSTOOD)
    asked = site.bridge.asked[site.one.serial]

    await until(lambda: site.bridge.asked[site.one.serial] > asked + 20)

    assert await site.state(site.one) is PhoneState.NOT_UNDERSTOOD
    assert site.bridge.steps == []


async def test_slow_check_up_of_a_phone_that_is_read_meanwhile_is_no_silence(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_session, "CHECKUP_SECONDS", 0.02)
    monkeypatch.setattr(phone_session, "CHECKUP_HEAD_START_SECONDS", 0.01)
    site.watch = site.watch_with(0.02, patience=0.3)
    await site.both_ready()
    site.one.checks.clear()
    await until(lambda: site.one.checking)
    looks = site.one.looks

    await until(lambda: site.one.looks > looks + 30)

    assert site.one.checking
    assert "Failing" not in " ".join(await site.timeline(site.one))
    assert await site.state(site.one) is PhoneState.READY


# Announcements ------------------------------------------------------------------


async def test_announced_and_unannounced_messages_are_counted_with_the_time_to_the_row(site: Site) -> None:
    site.watch = site.watch_with(0.05)
    await site.both_ready()
    site.one.receive(a_row(1))
    await until(lambda: site.message_count())

    async def announced() -> int:
        return (await site.row(site.one)).sms_hinted

    await until(announced)
    row = await site.row(site.one)
    assert (row.sms_hinted, row.sms_unhinted) == (1, 0)
    assert row.hint_to_row_seconds is not None


@pytest.mark.usefixtures("quick_chase")
async def test_flash_messages_are_a_warning_and_do_not_empty_the_offer(site: Site) -> None:
    await site.both_ready()

    await announce_in_vain(site, site.one)
    assert await conditions(site, site.one) == []
    await announce_in_vain(site, site.one)
    await until_condition(site, site.one, Condition.NOT_STORING)

    assert (await site.row(site.one)).remedy is Remedy.CHECK_SMS_APP
    assert await site.farm.on_offer() == 2


@pytest.mark.usefixtures("quick_chase")
async def test_announcements_without_a_row_and_little_room_withhold_the_phones_numbers(site: Site) -> None:
    site.one.telemetry = replace(WELL, free_bytes=400_000_000)
    await site.both_ready()

    await announce_in_vain(site, site.one)
    await announce_in_vain(site, site.one)

    await until_condition(site, site.one, Condition.STORAGE_FULL)
    assert await site.farm.on_offer() == 1


@pytest.mark.usefixtures("quick_chase")
async def test_missing_row_causes_a_check_up_at_once(site: Site) -> None:
    await site.both_ready()
    site.one.telemetry = replace(WELL, free_bytes=0)

    await announce_in_vain(site, site.one)

    await until_condition(site, site.one, Condition.STORAGE_FULL)
    assert all(site.one.checkups)


@pytest.mark.usefixtures("quick_chase")
async def test_part_of_a_longer_message_does_not_blame_the_phone(site: Site) -> None:
    await site.both_ready()
    for _ in range(3):
        enough = site.one.looks + 1 + len(CHASE_SECONDS)
        site.one.announce(Hint.ARRIVING)
        await until(partial(_was_looked_at, site.one, enough))

    assert (await site.row(site.one)).hints_without_row == 0
    assert await conditions(site, site.one) == []


@pytest.mark.usefixtures("quick_chase")
async def test_late_row_clears_the_phone(site: Site) -> None:
    await site.both_ready()
    await announce_in_vain(site, site.one)
    await announce_in_vain(site, site.one)
    await until_condition(site, site.one, Condition.NOT_STORING)

    site.one.receive(a_row(1, date_ms=ms(site.farm.clock.forward(600))))

    await until_condition(site, site.one)


@pytest.mark.usefixtures("quick_chase")
async def test_code_delayed_by_android_arrived_when_it_was_announced(site: Site) -> None:
    for each in (site.one, site.two):
        each.has_otp_mark, each.skew = True, timedelta(0)
    await site.both_ready()
    rent_id = await site.farm.rent()
    announced = site.farm.clock()
    rent = await site.farm.one_rent(rent_id)
    phone = site.one if rent.phone_id == site.id_of(site.one) else site.two
    await announce_in_vain(site, phone)
    site.farm.clock.forward(300)
    phone.receive(a_row(1, date_ms=ms(site.farm.clock())), hinted=False)
    phone.announce()
    await until(lambda: site.message_count())

    site.farm.clock.forward(3 * 3600)
    phone.receive(a_row(2, body="kept back", date_ms=ms(announced)))

    async def both() -> bool:
        return await site.message_count() == 2

    await until(both)
    kept_back = next(message for message in await site.farm.messages() if message.text == "kept back")
    assert kept_back.arrived_at == announced
    assert kept_back.rent_id == rent_id
    await until_condition(site, phone, Condition.CODES_DELAYED)


@pytest.mark.usefixtures("quick_chase")
async def test_blame_survives_a_restart_and_ends_after_an_hour(site: Site) -> None:
    await site.both_ready()
    await announce_in_vain(site, site.one)
    await announce_in_vain(site, site.one)
    await until_condition(site, site.one, Condition.NOT_STORING)
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)

    site.bridge.plug_in(site.one)
    await site.reached(site.one, PhoneState.READY)
    assert await conditions(site, site.one) == [Condition.NOT_STORING]
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)
    site.farm.clock.forward(BLAMED_FOR.total_seconds())
    site.bridge.plug_in(site.one)
    await site.reached(site.one, PhoneState.READY)

    assert await conditions(site, site.one) == []
