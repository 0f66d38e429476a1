"""Phones whose SIM list cannot be read: their inbox is still read, and unknown SIMs are not sold."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from phonefarm.application.model.read_models import Condition, PhoneState
from phonefarm.simulation.field_profiles import MOTO_G6, SAMSUNG_S24
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.profiles import PIXEL_6A, PIXEL_8, Profile
from phonefarm.simulation.simulation_thread import SimulationThread
from tests.farm.field import Field, Pace, a_phone, run_field
from tests.farm.harness import until
from tests.farm.usb_farm import Plugged, UsbFarm

pytestmark = pytest.mark.farm

SERIALS = {"one": "R58M30ABCDE"}
ONE_UI_8 = replace(SAMSUNG_S24, guards_identifiers=False)
PACE = Pace(hurry=30.0)
isub_is_slow = partial(VirtualPhone.slow_down_service, name="isub", seconds=0.05)
isub_is_well = partial(VirtualPhone.slow_down_service, name="isub", seconds=None)


def in_a_farm(profile: Profile) -> SimulationThread[UsbFarm]:
    return SimulationThread(lambda: UsbFarm(Plugged(SERIALS["one"], "1-1.4", phone=a_phone("one", profile))))


def the_field(folder: Path, farm: SimulationThread[UsbFarm]) -> AbstractContextManager[Field]:
    return run_field(folder, farm.sim.server.address, farm, PACE, serials=SERIALS)


def pull(phone: VirtualPhone) -> None:
    phone.remove_sim(0)


@pytest.mark.parametrize("profile", [PIXEL_8, PIXEL_6A, MOTO_G6], ids=lambda profile: profile.name)
def test_cards_that_were_known_stay_on_sale_until_something_shows_a_change(tmp_path: Path, profile: Profile) -> None:
    with in_a_farm(profile) as farm, the_field(tmp_path, farm) as field:
        field.is_offered("one")
        field.act(isub_is_slow, "one")
        _two_check_ups(field)
        assert (field.state("one"), field.offered("one")) == (PhoneState.READY, 2)

        field.act(pull, "one")

        field.is_offered("one", 1)
        assert field.state("one") is PhoneState.READY
        assert farm.sim.steps == []


def _two_check_ups(field: Field) -> None:
    for percent in (61, 62):
        field.act(partial(VirtualPhone.set_battery, level=percent), "one")
        until(partial(_charge_is_known, field, percent), what="a check-up")


def _charge_is_known(field: Field, percent: int) -> bool:
    return field.row("one").telemetry.battery_percent == percent


def test_after_a_start_nothing_is_sold_of_a_phone_that_does_not_tell_its_cards_and_its_sms_are_read(
    tmp_path: Path,
) -> None:
    with in_a_farm(PIXEL_8) as farm:
        with the_field(tmp_path, farm) as field:
            field.is_offered("one")
        farm.call(lambda it: pull(it.phone("one")))
        farm.call(lambda it: isub_is_slow(it.phone("one")))

        with the_field(tmp_path, farm) as field:
            field.reaches("one", PhoneState.NOT_UNDERSTOOD)
            field.do(lambda phone: phone.deliver_sms("Shop", "still read", 1), "one")
            until(lambda: field.overview().sms_today == 1, what="its SMS")
            _two_check_ups(field)

            assert field.state("one") is PhoneState.NOT_UNDERSTOOD
            assert field.offered("one") == 0
            assert farm.sim.steps == [], "its connection is well"
            field.act(isub_is_well, "one")
            field.reaches("one", PhoneState.READY)
            field.is_offered("one", 1)


def test_after_a_start_siminfo_tells_the_cards_that_isub_does_not(tmp_path: Path) -> None:
    with in_a_farm(MOTO_G6) as farm:
        with the_field(tmp_path, farm) as field:
            field.is_offered("one")
        farm.call(lambda it: pull(it.phone("one")))
        farm.call(lambda it: isub_is_slow(it.phone("one")))

        with the_field(tmp_path, farm) as field:
            field.reaches("one", PhoneState.READY)
            field.is_offered("one", 1)


@pytest.mark.parametrize("profile", [MOTO_G6, ONE_UI_8], ids=lambda profile: profile.name)
def test_a_phone_whose_last_card_is_pulled_is_ready_and_sells_nothing(tmp_path: Path, profile: Profile) -> None:
    with in_a_farm(profile) as farm, the_field(tmp_path, farm) as field:
        field.is_offered("one")
        field.act(pull, "one")
        field.act(lambda phone: phone.remove_sim(1), "one")

        field.is_offered("one", 0)

        assert field.state("one") is PhoneState.READY
        field.shows_condition("one", Condition.NO_SIM)
