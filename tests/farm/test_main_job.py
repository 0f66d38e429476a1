"""End to end with real parts: from an SMS on a phone to its push at the market."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from phonefarm.simulation.answers import Outcome
from phonefarm.simulation.market_record import RentRecord
from tests.farm.harness import Harness, until

pytestmark = pytest.mark.farm

FAKE_ROWS = "code 1234\nRow: 1 _id=99, d=1700000000000, s=1700000000000, sub_id=1, n=4, a=3132, b=66616B65\nRow: 2"


def test_an_sms_for_a_rented_number_reaches_the_market_and_a_stray_one_does_not(harness: Harness) -> None:
    harness.open_app()
    rent = harness.order()

    harness.send(rent.msisdn, "your code is 4242")
    stray = next(sim.msisdn for _, _, sim in harness.farm.sim.sims() if sim.msisdn != rent.msisdn)
    harness.send(stray, "nobody rents me")

    harness.until_texts(rent, "your code is 4242")
    until(lambda: harness.app.counts()["sms_received"] == 2, what="both messages stored")
    assert [push.body["phone"] for push in harness.record.pushes] == [rent.msisdn]
    assert harness.record.violations == []


def test_messages_from_before_the_first_sight_of_a_phone_are_never_pushed(harness: Harness) -> None:
    numbers = [sim.msisdn for _, _, sim in harness.farm.sim.sims()]
    for number in numbers:
        harness.send(number, "an old message")
    harness.open_app()

    rents = [harness.order() for _ in numbers]
    harness.send(rents[0].msisdn, "a new message")

    harness.until_texts(rents[0], "a new message")
    assert len(harness.record.pushes) == 1
    assert harness.app.counts()["sms_received"] == 1


def test_a_body_that_imitates_query_output_is_one_message(harness: Harness) -> None:
    harness.open_app()
    rent = harness.order()

    harness.send(rent.msisdn, FAKE_ROWS, sender="x=1, b=00")

    harness.until_texts(rent, FAKE_ROWS)
    assert harness.app.counts()["sms_received"] == 1


def test_a_row_id_that_android_used_again_is_a_new_message(harness: Harness) -> None:
    harness.open_app()
    rent = harness.order()
    phone = harness.phone_of(rent.msisdn)
    harness.send(rent.msisdn, "first")
    harness.until_texts(rent, "first")

    harness.farm.call(lambda _: phone.delete_newest_sms())
    harness.send(rent.msisdn, "second, under the same row id")

    harness.until_texts(rent, "first", "second, under the same row id")


def test_thirty_orders_at_once_get_different_numbers_or_none(harness: Harness) -> None:
    harness.open_app()
    offered = harness.app.counts()["numbers_on_offer"]

    def order(_number: int) -> RentRecord | None:
        return harness.market.run(lambda market: market.order())

    with ThreadPoolExecutor(30) as callers:
        rents = [rent for rent in callers.map(order, range(30)) if rent is not None]

    assert len(rents) == offered > 0
    assert len({rent.msisdn for rent in rents}) == len({rent.rent_id for rent in rents}) == offered
    assert harness.app.counts()["numbers_on_offer"] == 0
    assert harness.record.violations == []


def test_finish_frees_the_number_and_its_repeats_change_nothing(harness: Harness) -> None:
    harness.open_app()
    before = harness.app.counts()["numbers_on_offer"]
    rent = harness.order()

    answers = [harness.market.run(lambda market: market.finish(rent.rent_id, 3, 640)) for _ in range(3)]

    assert answers == [True, True, True]
    assert harness.app.counts()["rents_open"] == 0
    assert harness.app.counts()["numbers_on_offer"] == before


def test_an_unplugged_phone_leaves_the_offer_and_its_late_sms_are_pushed_when_it_is_back(harness: Harness) -> None:
    harness.open_app()
    rent = harness.order()
    phone = harness.phone_of(rent.msisdn)
    offered = harness.app.counts()["numbers_on_offer"]

    harness.farm.run(lambda farm: farm.unplug_usb(phone))
    until(lambda: harness.app.counts()["phones_ready"] == 2, what="the phone gone")
    cards = len(phone.sims)
    assert harness.app.counts()["numbers_on_offer"] == offered - (cards - 1)
    harness.send(rent.msisdn, "came while unplugged")
    harness.farm.run(lambda farm: farm.replug_usb(phone))

    harness.until_texts(rent, "came while unplugged")
    until(lambda: harness.app.counts()["phones_ready"] == 3, what="the phone back")


@pytest.mark.parametrize("size", [1, 40, 200])
def test_a_cut_answer_is_discarded_and_the_message_read_whole_later(harness: Harness, size: int) -> None:
    harness.open_app()
    rent = harness.order()
    phone = harness.phone_of(rent.msisdn)
    text = "a text long enough to be cut somewhere, " * 8

    harness.farm.call(lambda _: phone.cut_answer_after(size))
    harness.send(rent.msisdn, text)

    harness.until_texts(rent, text, within=30)
    assert harness.app.counts()["sms_received"] == 1


def test_a_push_is_repeated_until_the_market_accepts_it_and_never_after(harness: Harness) -> None:
    harness.open_app()
    rent = harness.order()
    harness.market.call(lambda market: market.policy.script(Outcome.ERROR_500, Outcome.CUT))

    harness.send(rent.msisdn, "first")
    harness.send(rent.msisdn, "second")

    harness.until_texts(rent, "first", "second")
    assert harness.record.repeated_after_200() == []
    assert [push.body["text"] for push in harness.record.pushes] == ["first"] * 3 + ["second"]
