"""Handsets and SIMs that move, clocks that jump: no message is lost for it, and none reaches a stranger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from phonefarm.application.model.read_models import SmsStanding
from phonefarm.application.model.row_queries import MESSAGES
from phonefarm.domain.ids import PhoneId
from phonefarm.domain.rents import FinishStatus
from phonefarm.domain.sms import SmsRow, fingerprinted
from tests.application.books import Books
from tests.builders import HOUR, ICCID, OTHER_ICCID, OTHER_NUMBER, OTHER_PHONE, PHONE, a_row, a_seen_sim, ms

SAME_HANDSET_ELSEWHERE = PhoneId("R58M123@192.168.0.7:5037")
WITHOUT_SUB_ID: dict[str, Any] = {"sub_id": None}


def identity_of(row: SmsRow) -> dict[bytes, int]:
    return {fingerprint: known.row_id for known, fingerprint in fingerprinted([row])}


async def standings(books: Books) -> list[SmsStanding]:
    rows = await books.storage.read(lambda views: views.rows(MESSAGES, None, books.clock()))
    return [row.standing for row in rows]


async def test_a_handset_on_another_adb_server_goes_on_where_it_was_read_last(books: Books) -> None:
    await books.seat(a_seen_sim())
    await books.rent()
    await books.phone(SAME_HANDSET_ELSEWHERE)
    await books.inventory.take_stock(SAME_HANDSET_ELSEWHERE, [a_seen_sim()])

    intake = await books.sms(phone=SAME_HANDSET_ELSEWHERE)

    assert not intake.first
    assert len(intake.pushes) == 1


async def test_an_sms_left_on_the_old_phone_still_reaches_the_rent_of_the_sim_that_moved(books: Books) -> None:
    await books.seat(a_seen_sim())
    await books.seat(a_seen_sim(OTHER_ICCID, sub_id=7, msisdn=OTHER_NUMBER), phone=OTHER_PHONE)
    await books.rent()
    await books.rent()
    unread = a_row(100, date_ms=ms(books.clock()))
    books.clock.forward(30)
    await books.inventory.take_stock(OTHER_PHONE, [a_seen_sim(sub_id=8)])

    intake = await books.look(unread)

    assert len(intake.pushes) == 1


async def test_a_message_of_an_open_rent_on_a_phone_seen_for_the_first_time_waits_for_the_user(books: Books) -> None:
    await books.seat(a_seen_sim())
    await books.rent()
    books.clock.forward(60)
    came = a_row(1, date_ms=ms(books.clock()))
    old = a_row(2, date_ms=ms(books.clock() - 24 * HOUR), date_sent_ms=0)
    books.clock.forward(5)

    await books.phone(OTHER_PHONE)
    await books.inventory.take_stock(OTHER_PHONE, [a_seen_sim()])
    await books.look(came, old, phone=OTHER_PHONE)

    assert sorted(await standings(books)) == [SmsStanding.BASELINE, SmsStanding.HELD]


async def test_a_row_without_subscription_from_about_a_swap_waits_for_the_user(books: Books) -> None:
    await books.seat(a_seen_sim(**WITHOUT_SUB_ID))
    await books.rent()
    books.clock.forward(600)
    unread = a_row(100, date_ms=ms(books.clock()), **WITHOUT_SUB_ID)
    books.clock.forward(30)
    await books.inventory.take_stock(PHONE, [a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER, **WITHOUT_SUB_ID)])

    await books.look(unread)

    assert await standings(books) == [SmsStanding.HELD]


async def test_a_reset_phone_that_counts_its_subscriptions_anew_is_no_riddle(books: Books) -> None:
    await books.seat(a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER))
    books.clock.forward(3600)
    await books.inventory.take_stock(PHONE, [a_seen_sim()])
    books.clock.forward(3600)
    await books.rent()

    intake = await books.sms()

    assert len(intake.pushes) == 1


async def test_another_card_never_inherits_a_rent_by_its_subscription_alone(books: Books) -> None:
    await books.seat(a_seen_sim(iccid="", sim_id="sim:R58M123/1/897010100/25001"))
    rent_id = await books.rent()
    books.clock.forward(600)

    await books.inventory.take_stock(PHONE, [a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER)])

    assert (await books.one_sim(OTHER_ICCID)).rent_id is None
    assert (await books.one_rent(rent_id)).sim_id != OTHER_ICCID


async def test_our_own_clock_set_back_hides_no_message_from_its_rent(books: Books) -> None:
    await books.seat(a_seen_sim())
    await books.rent()
    await books.look()
    books.clock.now -= timedelta(minutes=10)

    intake = await books.sms()

    assert len(intake.pushes) == 1


async def test_a_copy_that_a_backup_brought_does_not_end_the_search_for_new_messages(books: Books) -> None:
    row = a_row(1)
    await books.seat(a_seen_sim(), inbox=[row])
    copy = a_row(70)

    knows = await books.storage.read(lambda views: views.knows_any(PHONE, identity_of(copy)))
    knows_itself = await books.storage.read(lambda views: views.knows_any(PHONE, identity_of(row)))

    assert (knows, knows_itself) == (False, True)


async def test_what_was_ordered_for_a_stand_in_holds_for_the_card(books: Books) -> None:
    stand_in = "sim:R58M123/1/897010100/25001"
    await books.seat(a_seen_sim(), phone=OTHER_PHONE)
    await books.seat(a_seen_sim(iccid="", sim_id=stand_in, msisdn=None))
    await books.rentals.hold_back(stand_in, "inventory")  # type: ignore[arg-type]

    await books.inventory.take_stock(PHONE, [a_seen_sim()])

    assert (await books.one_sim(ICCID)).held_reason == "inventory"


@pytest.mark.parametrize("sub_id", [None, 1])
async def test_a_swap_while_nobody_looked_shows_no_sms_to_the_former_cards_renter(
    books: Books, sub_id: int | None
) -> None:
    """The phone was away, reset and given another card; the first SIM check comes long after."""
    await books.seat(a_seen_sim(sub_id=sub_id))
    await books.rent()
    books.clock.forward(900)
    for_the_new_card = a_row(100, date_ms=ms(books.clock()), sub_id=sub_id)
    books.clock.forward(300)
    await books.inventory.take_stock(PHONE, [a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER, sub_id=sub_id)])

    intake = await books.look(for_the_new_card)

    assert intake.pushes == ()
    assert await standings(books) == [SmsStanding.HELD]


async def test_after_our_clock_was_set_back_an_sms_goes_to_the_open_rent_not_to_a_finished_one(books: Books) -> None:
    await books.seat(a_seen_sim())
    books.clock.forward(3600)
    over = await books.rent()
    await books.rentals.finish(over, FinishStatus.SOLD, None)
    books.clock.now -= timedelta(minutes=45)
    rent_id = await books.rent()

    await books.sms()

    assert (await books.one_rent(rent_id)).sms_count == 1
    assert (await books.one_rent(over)).sms_count == 0


async def test_the_same_loopback_address_on_two_pcs_is_two_handsets(books: Books) -> None:
    here, there = PhoneId("127.0.0.1:5555@10.0.0.1:5037"), PhoneId("127.0.0.1:5555@10.0.0.2:5037")
    await books.seat(a_seen_sim(), phone=here)
    await books.seat(a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER), phone=there)
    rents = {(await books.one_rent(rent_id)).sim_id: rent_id for rent_id in [await books.rent(), await books.rent()]}

    await books.sms(phone=here)

    assert (await books.one_rent(rents[ICCID])).sms_count == 1
    assert (await books.one_rent(rents[OTHER_ICCID])).sms_count == 0
