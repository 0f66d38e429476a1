"""Each condition that keeps a phone from earning is shown with its cause and remedy, and ends with its cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from phonefarm.application.model.read_models import Condition, PhoneState, Remedy, SimStanding
from phonefarm.domain import conditions
from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.field_profiles import (
    HONOR_9X_SILENT,
    ONEPLUS_9,
    OPPO_A54,
    PIXEL_10_DELAYING,
    REALME_9,
    REDMI_5_STRIPPED,
    XIAOMI_15_STRIPPED,
)
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.profiles import (
    MOTO_G5,
    PIXEL_6A,
    PIXEL_8,
    REDMI_NOTE_9,
    SAMSUNG_A52,
    XIAOMI_13,
    Profile,
)
from phonefarm.simulation.radio import Service
from phonefarm.simulation.sims import OPERATORS, VirtualSim
from phonefarm.simulation.simulation_thread import SimulationThread
from tests.farm.field import Field, Pace, a_phone, now, run_field, wait_until_ready
from tests.farm.harness import until
from tests.simulation.adb_server import own_adb_server

pytestmark = pytest.mark.farm

WELL: dict[str, Profile] = {
    "cabled": PIXEL_8,
    "revoked": PIXEL_6A,
    "mute": REDMI_NOTE_9,
    "rebooted": PIXEL_8,
    "pulled": SAMSUNG_A52,
    "loose": PIXEL_8,
    "shy": SAMSUNG_A52,
    "cards": PIXEL_8,
    "older": MOTO_G5,
    "measured": XIAOMI_13,
    "storing": PIXEL_8,
    "delaying": PIXEL_10_DELAYING,
    "hintless": HONOR_9X_SILENT,
    "nameless": PIXEL_8,
}
"""Phones that work until a test changes them, by name."""
WITHHOLDING: dict[str, tuple[Profile, Remedy, str]] = {
    "miui": (REDMI_5_STRIPPED, Remedy.ALLOW_SMS_XIAOMI, "Permission Denial"),
    "hyperos": (XIAOMI_15_STRIPPED, Remedy.ALLOW_SMS_XIAOMI, "Permission Denial"),
    "oppo": (OPPO_A54, Remedy.ALLOW_SMS_COLOROS, "every query comes back empty"),
    "realme": (REALME_9, Remedy.ALLOW_SMS_COLOROS, "every query comes back empty"),
    "oneplus": (ONEPLUS_9, Remedy.ALLOW_SMS_COLOROS, "every query comes back empty"),
}


def the_phones() -> list[VirtualPhone]:
    phones = [a_phone(name, profile) for name, profile in WELL.items()]
    phones += [a_phone(name, profile) for name, (profile, _, _) in WITHHOLDING.items()]
    booting = a_phone("booting", PIXEL_8)
    booting.set_booting()
    return [*phones, booting, a_phone("strange", PIXEL_8, authorized=False)]


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    folder = tmp_path_factory.mktemp("field")
    with own_adb_server() as adb, SimulationThread(lambda: VirtualFarm(0, phones=the_phones())) as farm:
        farm.run(lambda it: it.connect_to("127.0.0.1", adb.port))
        unknown = the_card(farm.sim.phone("nameless")).iccid
        numbers = "".join(line for line in farm.sim.numbers_csv().splitlines(True) if not line.startswith(unknown))
        with run_field(folder, f"127.0.0.1:{adb.port}", farm, Pace(), numbers=numbers) as built:
            wait_until_ready(built, list(WELL))
            yield built


def the_card(phone: VirtualPhone, slot: int = 0) -> VirtualSim:
    return phone.sims[slot]


# The connection ---------------------------------------------------------------


def test_phone_that_adb_lists_as_offline_is_reconnected_by_the_app(field: Field) -> None:
    field.is_offered("cabled")
    begun = now()

    field.do(VirtualPhone.unplug, "cabled")

    row = field.reaches("cabled", PhoneState.OFFLINE)
    assert (row.detail, row.remedy) == ("offline", Remedy.CHECK_CABLE)
    assert row.since >= begun
    assert field.offered("cabled") == 0
    assert field.sim(the_card(field.phone("cabled"))).standing is SimStanding.AWAY
    field.do(VirtualPhone.replug, "cabled")
    field.reaches("cabled", PhoneState.READY)
    field.is_offered("cabled")
    assert field.row("cabled").remedy is Remedy.NONE


def test_phone_that_does_not_trust_this_pc_is_unauthorized_until_the_user_confirms(field: Field) -> None:
    row = field.reaches("strange", PhoneState.UNAUTHORIZED)
    assert (row.detail, row.remedy) == ("unauthorized", Remedy.CONFIRM_DEBUGGING)
    assert field.offered("strange") == 0

    field.do(VirtualPhone.authorize, "strange")

    field.reaches("strange", PhoneState.READY)
    field.is_offered("strange")


def test_phone_that_revokes_debugging_leaves_the_offer_and_shows_it(field: Field) -> None:
    begun = now()

    field.do(VirtualPhone.revoke_authorization, "revoked")

    row = field.reaches("revoked", PhoneState.UNAUTHORIZED, within=30)
    assert row.remedy is Remedy.CONFIRM_DEBUGGING
    assert row.since >= begun
    assert field.offered("revoked") == 0
    field.do(VirtualPhone.authorize, "revoked")
    field.reaches("revoked", PhoneState.READY)
    field.is_offered("revoked")


def test_phone_that_does_not_answer_is_failing_until_it_answers(field: Field) -> None:
    begun = now()

    field.act(VirtualPhone.hang, "mute")

    row = field.reaches("mute", PhoneState.FAILING)
    assert row.remedy is Remedy.CHECK_CABLE
    assert "does not answer" in row.detail
    assert row.since >= begun
    assert field.offered("mute") == 0
    field.act(lambda phone: phone.hang(False), "mute")
    field.reaches("mute", PhoneState.READY, within=40)
    field.is_offered("mute")


def test_unplugged_phone_is_gone_until_it_is_plugged_in(field: Field) -> None:
    begun = now()

    field.farm.run(lambda farm: farm.unplug_usb(farm.phone("pulled")))

    row = field.reaches("pulled", PhoneState.GONE)
    assert row.remedy is Remedy.CONNECT
    assert row.since >= begun
    assert field.offered("pulled") == 0
    sim = field.sim(the_card(field.phone("pulled")))
    assert (sim.standing, sim.remedy) == (SimStanding.AWAY, Remedy.CONNECT)
    field.farm.run(lambda farm: farm.replug_usb(farm.phone("pulled")))
    field.reaches("pulled", PhoneState.READY)
    field.is_offered("pulled")


def test_flapping_phone_is_unsteady_but_still_read_until_it_stays(field: Field) -> None:
    rent = field.order("loose")
    begun = now()

    field.farm.run(lambda farm: farm.flap(farm.phone("loose"), times=4, on_seconds=0.5, off_seconds=0.2))

    row = field.reaches("loose", PhoneState.UNSTEADY)
    # Four times by this test; adb itself may drop a fresh connection once more.
    assert row.detail in ("left 4 times in ten minutes", "left 5 times in ten minutes")
    assert row.remedy is Remedy.CHECK_CABLE
    assert row.since >= begun
    assert field.offered("loose") == 0
    field.send(rent.msisdn, "read while it is unsteady")
    field.until_texts(rent, "read while it is unsteady")
    field.reaches("loose", PhoneState.READY)
    field.finish(rent)
    field.is_offered("loose")


# Android ----------------------------------------------------------------------


def test_phone_whose_android_is_starting_is_booting_until_it_is_up(field: Field) -> None:
    row = field.reaches("booting", PhoneState.BOOTING)
    assert row.remedy is Remedy.WAIT
    assert field.offered("booting") == 0

    field.act(lambda phone: phone.set_booting(False), "booting")

    field.reaches("booting", PhoneState.READY)
    field.is_offered("booting")


def test_phone_locked_since_its_boot_is_not_offered_and_what_came_meanwhile_is_pushed_at_the_unlock(
    field: Field,
) -> None:
    rent = field.order("rebooted")
    begun = now()

    field.do(lambda phone: phone.reboot(0.2, locked=True), "rebooted")

    row = field.reaches("rebooted", PhoneState.LOCKED)
    assert row.remedy is Remedy.UNLOCK_ONCE
    assert row.since >= begun
    assert field.offered("rebooted") == 0
    field.send(rent.msisdn, "came while it was locked")
    assert field.texts(rent) == []
    field.act(VirtualPhone.unlock, "rebooted")
    field.reaches("rebooted", PhoneState.READY)
    field.until_texts(rent, "came while it was locked")
    field.finish(rent)
    field.is_offered("rebooted")


@pytest.mark.parametrize("name", WITHHOLDING)
def test_phone_of_a_make_that_withholds_sms_is_named_with_the_makes_own_switch_and_ready_once_allowed(
    field: Field, name: str
) -> None:
    _, remedy, cause = WITHHOLDING[name]
    row = field.reaches(name, PhoneState.WITHHELD)
    assert row.remedy is remedy
    assert cause in row.detail
    assert field.offered(name) == 0

    field.act(VirtualPhone.allow_sms, name)

    field.reaches(name, PhoneState.READY)
    field.is_offered(name)


def test_phone_that_starts_to_withhold_sms_is_shown_and_loses_nothing(field: Field) -> None:
    rent = field.order("shy")
    field.send(rent.msisdn, "before")
    field.until_texts(rent, "before")
    begun = now()

    field.act(VirtualPhone.withhold_sms, "shy")

    row = field.reaches("shy", PhoneState.WITHHELD)
    assert row.remedy is Remedy.ALLOW_SMS_SAMSUNG
    assert row.since >= begun
    assert field.offered("shy") == 0
    field.send(rent.msisdn, "meanwhile")
    field.act(VirtualPhone.allow_sms, "shy")
    field.reaches("shy", PhoneState.READY)
    field.until_texts(rent, "before", "meanwhile")
    field.finish(rent)
    field.is_offered("shy")


# Cards ------------------------------------------------------------------------


def test_phone_without_a_sim_shows_it_and_offers_a_returned_sim(field: Field) -> None:
    cards = [the_card(field.phone("cards"), slot) for slot in (0, 1)]
    begun = now()

    field.act(lambda phone: [phone.remove_sim(slot) for slot in (0, 1)], "cards")

    active = field.shows_condition("cards", Condition.NO_SIM)
    assert (active.remedy, field.row("cards").remedy) == (Remedy.INSERT_SIM, Remedy.INSERT_SIM)
    assert active.since >= begun
    assert field.row("cards").state is PhoneState.READY
    assert [field.sim(card).standing for card in cards] == [SimStanding.OUT] * 2
    assert field.offered("cards") == 0
    field.act(lambda phone: [phone.insert_sim(card, slot) for slot, card in enumerate(cards)], "cards")
    field.is_over("cards", Condition.NO_SIM)
    field.is_offered("cards")


@pytest.mark.parametrize(
    ("state", "standing", "remedy"),
    [
        ("PIN_REQUIRED", SimStanding.PIN, Remedy.ENTER_PIN),
        ("PUK_REQUIRED", SimStanding.PUK, Remedy.ENTER_PUK),
        ("NETWORK_LOCKED", SimStanding.CARD_LOCKED, Remedy.UNLOCK_CARD),
        ("CARD_IO_ERROR", SimStanding.CARD_FAULT, Remedy.RESEAT_CARD),
    ],
)
def test_card_that_cannot_be_used_is_named_and_its_neighbour_stays_on_offer(
    field: Field, state: str, standing: SimStanding, remedy: Remedy
) -> None:
    card, neighbour = (the_card(field.phone("cards"), slot) for slot in (0, 1))
    field.is_offered("cards")
    begun = now()

    field.act(lambda phone: phone.set_slot_state(0, state), "cards")

    until(lambda: field.sim(card).standing is standing, what=state)
    row = field.sim(card)
    assert row.remedy is remedy
    assert row.standing_since is not None
    assert row.standing_since >= begun
    assert field.sim(neighbour).standing is SimStanding.ON_OFFER
    assert field.offered("cards") == 1
    field.act(lambda phone: phone.set_slot_state(0, None), "cards")
    field.is_offered("cards")


def test_faulty_card_that_an_older_android_hides_is_out_until_it_is_read_again(field: Field) -> None:
    card = the_card(field.phone("older"))

    field.act(lambda phone: phone.set_slot_state(0, "CARD_IO_ERROR"), "older")

    until(lambda: field.sim(card).standing is SimStanding.OUT, what="the card out")
    assert field.sim(card).remedy is Remedy.INSERT_SIM
    assert field.offered("older") == 1
    field.act(lambda phone: phone.set_slot_state(0, None), "older")
    field.is_offered("older")


def test_card_without_a_network_is_not_offered(field: Field) -> None:
    card = the_card(field.phone("cards"))
    field.is_offered("cards")
    begun = now()

    field.act(lambda phone: phone.set_service(Service.NO_SERVICE), "cards")

    until(lambda: field.sim(card).standing is SimStanding.NO_NETWORK, what="no network")
    row = field.sim(card)
    assert row.remedy is Remedy.FIND_NETWORK
    assert row.standing_since is not None
    assert row.standing_since >= begun
    assert field.offered("cards") == 1
    field.act(lambda phone: phone.set_service(Service.IN_SERVICE), "cards")
    field.is_offered("cards")


def test_roaming_card_is_marked_and_stays_on_offer(field: Field) -> None:
    card = the_card(field.phone("cards"))
    abroad = next(operator for operator in OPERATORS if operator.country == "germany")
    field.is_offered("cards")

    field.act(lambda phone: phone.roam(abroad), "cards")

    until(lambda: field.sim(card).is_roaming, what="roaming")
    assert field.sim(card).standing is SimStanding.ON_OFFER
    assert field.offered("cards") == 2
    field.act(lambda phone: phone.roam(None), "cards")
    until(lambda: not field.sim(card).is_roaming, what="home")


@pytest.mark.parametrize("name", ["cards", "older"])
def test_airplane_mode_takes_both_cards_from_the_offer_and_is_named_as_the_cause(field: Field, name: str) -> None:
    cards = [the_card(field.phone(name), slot) for slot in (0, 1)]
    field.is_offered(name)
    begun = now()

    field.act(VirtualPhone.set_airplane_mode, name)

    active = field.shows_condition(name, Condition.AIRPLANE)
    assert (active.remedy, field.row(name).remedy) == (Remedy.LEAVE_AIRPLANE, Remedy.LEAVE_AIRPLANE)
    assert active.since >= begun
    for card in cards:
        # The phone's answers are not atomic: after a switch between two, the SIMs change with the next check-up.
        field.until_standing(card, SimStanding.AIRPLANE)
        assert field.sim(card).remedy is Remedy.LEAVE_AIRPLANE
    assert field.offered(name) == 0
    field.act(lambda phone: phone.set_airplane_mode(False), name)
    field.is_over(name, Condition.AIRPLANE)
    field.is_offered(name)


def test_card_whose_number_nobody_knows_is_offered_once_the_user_enters_it(field: Field) -> None:
    card = the_card(field.phone("nameless"))
    row = field.sim(card)
    assert (row.standing, row.remedy, row.msisdn) == (SimStanding.NO_NUMBER, Remedy.ENTER_NUMBER, "")
    assert field.offered("nameless") == 1

    field.ask(lambda desk: desk.set_number(card.iccid, f"+{card.msisdn}"))

    # The network's name comes from the SIM's MCC and MNC, as the numbers file does not list this SIM.
    until(lambda: field.sim(card).standing is SimStanding.ON_OFFER, what="its number on offer")
    assert (field.sim(card).operator, field.sim(card).msisdn) == ("mts", card.msisdn)


# Messages ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("take_away", "give_back"),
    [
        (lambda phone: phone.set_sms_app(None), lambda phone: phone.set_sms_app(phone.profile.default_sms_app)),
        (
            lambda phone: phone.disable_package(phone.profile.default_sms_app),
            lambda phone: phone.disable_package(phone.profile.default_sms_app, on=False),
        ),
    ],
    ids=["none chosen", "switched off"],
)
@pytest.mark.parametrize("name", ["measured", "older"])
def test_phone_without_an_sms_app_is_not_offered(
    field: Field, name: str, take_away: Callable[[VirtualPhone], None], give_back: Callable[[VirtualPhone], None]
) -> None:
    field.is_offered(name)
    begun = now()

    field.act(take_away, name)

    active = field.shows_condition(name, Condition.NO_SMS_APP)
    assert (active.remedy, field.row(name).remedy) == (Remedy.CHOOSE_SMS_APP, Remedy.CHOOSE_SMS_APP)
    assert active.since >= begun
    sim = field.sim(the_card(field.phone(name)))
    assert (sim.standing, sim.remedy) == (SimStanding.PHONE_BLOCKED, Remedy.CHOOSE_SMS_APP)
    assert field.offered(name) == 0
    field.act(give_back, name)
    field.is_over(name, Condition.NO_SMS_APP)
    field.is_offered(name)


def test_phone_whose_storage_is_full_is_not_offered_until_there_is_room(field: Field) -> None:
    field.is_offered("measured")
    begun = now()

    field.act(VirtualPhone.fill_storage, "measured")

    active = field.shows_condition("measured", Condition.STORAGE_FULL)
    assert (active.remedy, field.row("measured").remedy) == (Remedy.FREE_STORAGE, Remedy.FREE_STORAGE)
    assert active.values.keys() == {"free_megabytes"}
    assert active.since >= begun
    sim = field.sim(the_card(field.phone("measured")))
    assert (sim.standing, sim.remedy) == (SimStanding.PHONE_BLOCKED, Remedy.FREE_STORAGE)
    assert field.offered("measured") == 0
    field.act(VirtualPhone.free_storage, "measured")
    field.is_over("measured", Condition.STORAGE_FULL)
    field.is_offered("measured")


def test_phone_that_announces_messages_and_stores_none_is_shown_so_until_one_is_stored(field: Field) -> None:
    rent = field.order("storing")
    field.act(lambda phone: phone.delay_codes(3600), "storing")
    begun = now()

    for count in (1, 2):
        field.send(rent.msisdn, f"code 12340{count}")
        field.until_empty_hints("storing", count)

    active = field.shows_condition("storing", Condition.NOT_STORING)
    assert (active.remedy, field.row("storing").remedy) == (Remedy.CHECK_SMS_APP, Remedy.CHECK_SMS_APP)
    assert active.since >= begun
    field.act(lambda phone: phone.delay_codes(0), "storing")
    field.send(rent.msisdn, "stored again")
    field.until_texts(rent, "stored again")
    field.is_over("storing", Condition.NOT_STORING)
    field.finish(rent)
    field.is_offered("storing")


def test_flash_messages_are_a_warning_and_leave_a_healthy_phone_on_the_offer(field: Field) -> None:
    field.is_offered("measured")
    count = field.row("measured").hints_without_row

    for number in (1, 2):
        field.do(VirtualPhone.deliver_flash, "measured")
        field.until_empty_hints("measured", count + number)

    field.shows_condition("measured", Condition.NOT_STORING)
    field.is_offered("measured")
    field.send(the_card(field.phone("measured")).msisdn, "stored, so it is well")
    field.is_over("measured", Condition.NOT_STORING)


def test_delayed_code_is_pushed_once_and_its_phone_is_not_offered(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    rent = field.order("delaying")
    field.act(lambda phone: phone.delay_codes(8), "delaying")
    begun = now()

    field.send(rent.msisdn, "code 424242")
    until(lambda: field.row("delaying").hints_without_row == 1, what="the hint without a row")
    field.send(rent.msisdn, "a text without digits comes at once")

    field.until_texts(rent, "a text without digits comes at once", "code 424242", within=30)
    active = field.shows_condition("delaying", Condition.CODES_DELAYED)
    assert (active.remedy, field.row("delaying").remedy) == (Remedy.MOVE_SIM, Remedy.MOVE_SIM)
    assert active.since >= begun
    field.finish(rent)
    sim = field.sim(next(card for card in field.phone("delaying").sims.values() if card.msisdn == rent.msisdn))
    assert (sim.standing, sim.remedy) == (SimStanding.PHONE_BLOCKED, Remedy.MOVE_SIM)
    assert field.offered("delaying") == 0
    assert len(field.texts(rent)) == 2
    field.act(lambda phone: phone.delay_codes(0), "delaying")
    monkeypatch.setattr(conditions, "CODES_STAY_DELAYED", timedelta(seconds=1))
    field.is_over("delaying", Condition.CODES_DELAYED)
    field.is_offered("delaying")


def test_phone_without_announcements_is_marked_and_its_messages_are_still_delivered(field: Field) -> None:
    rent = field.order("hintless")
    begun = now()

    field.send(rent.msisdn, "not announced")

    field.until_texts(rent, "not announced")
    active = field.shows_condition("hintless", Condition.NO_HINTS)
    assert (active.remedy, field.row("hintless").remedy) == (Remedy.SWITCH_LOG_ON, Remedy.SWITCH_LOG_ON)
    assert active.since >= begun
    assert field.row("hintless").hints_working is False
    assert field.offered("hintless") == 1
    field.act(VirtualPhone.send_hints, "hintless")
    field.send(rent.msisdn, "announced")
    field.until_texts(rent, "not announced", "announced")
    field.is_over("hintless", Condition.NO_HINTS)
    assert field.row("hintless").hints_working is True
    field.finish(rent)
    field.is_offered("hintless")


# Measurements -------------------------------------------------------------------


def test_low_battery_is_shown_without_flicker_and_does_not_block_the_offer(field: Field) -> None:
    begun = now()

    field.act(lambda phone: phone.set_battery(12, charging=False), "measured")

    active = field.shows_condition("measured", Condition.LOW_BATTERY)
    assert (active.values, active.remedy) == ({"percent": 12}, Remedy.CHARGE)
    assert active.since >= begun
    field.is_offered("measured")
    field.act(lambda phone: phone.set_battery(25, charging=True), "measured")
    until(lambda: field.row("measured").telemetry.battery_percent == 25, what="25 %")
    assert field.active("measured", Condition.LOW_BATTERY) is not None
    field.act(lambda phone: phone.set_battery(100), "measured")
    field.is_over("measured", Condition.LOW_BATTERY)


def test_heat_is_shown_and_does_not_block_the_offer(field: Field) -> None:
    begun = now()

    field.act(lambda phone: phone.set_temperature(47.4), "measured")

    active = field.shows_condition("measured", Condition.HOT)
    assert (active.values, active.remedy) == ({"celsius": 47}, Remedy.COOL)
    assert active.since >= begun
    field.is_offered("measured")
    field.act(lambda phone: phone.set_temperature(30.0), "measured")
    field.is_over("measured", Condition.HOT)


@pytest.mark.parametrize("minutes", [15, -40])
def test_wrong_clock_is_shown_and_messages_are_still_delivered(field: Field, minutes: int) -> None:
    rent = field.order("measured")
    begun = now()

    field.act(lambda phone: phone.set_clock_skew(minutes * 60), "measured")

    active = field.shows_condition("measured", Condition.CLOCK_WRONG)
    assert (active.values, active.remedy) == ({"minutes_fast": minutes}, Remedy.SET_CLOCK)
    assert active.since >= begun
    field.send(rent.msisdn, "by a wrong clock")
    field.until_texts(rent, "by a wrong clock")
    field.act(lambda phone: phone.set_clock_skew(0), "measured")
    field.is_over("measured", Condition.CLOCK_WRONG)
    field.finish(rent)
    field.is_offered("measured")
