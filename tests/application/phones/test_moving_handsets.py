"""Moved handsets and SIMs, changed clocks: no message is lost, and none reaches another renter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from phonefarm.application.model.read_models import SmsStanding
from phonefarm.application.model.row_queries import MESSAGES
from phonefarm.domain.ids import PhoneId
from phonefarm.domain.rents import FinishStatus
from phonefarm.domain.sms import SmsRow, fingerprinted
from tests.application.stored_farm import StoredFarm
from tests.builders import HOUR, ICCID, OTHER_ICCID, OTHER_NUMBER, OTHER_PHONE, PHONE, a_row, a_seen_sim, ms

SAME_HANDSET_ELSEWHERE = PhoneId("R58M123@192.168.0.7:5037")
WITHOUT_SUB_ID: dict[str, Any] = {"sub_id": None}


def identity_of(row: SmsRow) -> dict[bytes, int]:
    return {fingerprint: known.row_id for known, fingerprint in fingerprinted([row])}


async def standings(farm: StoredFarm) -> list[SmsStanding]:
    rows = await farm.storage.read(lambda views: views.rows(MESSAGES, None, farm.clock()))
    return [row.standing for row in rows]


async def test_handset_on_another_adb_server_continues_where_it_was_read_last(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.rent()
    await farm.phone(SAME_HANDSET_ELSEWHERE)
    await farm.inventory.take_stock(SAME_HANDSET_ELSEWHERE, [a_seen_sim()])

    intake = await farm.sms(phone=SAME_HANDSET_ELSEWHERE)

    assert not intake.first
    assert len(intake.pushes) == 1


async def test_an_sms_left_on_the_old_phone_still_reaches_the_rent_of_the_sim_that_moved(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.seat(a_seen_sim(OTHER_ICCID, sub_id=7, msisdn=OTHER_NUMBER), phone=OTHER_PHONE)
    await farm.rent()
    await farm.rent()
    unread = a_row(100, date_ms=ms(farm.clock()))
    farm.clock.forward(30)
    await farm.inventory.take_stock(OTHER_PHONE, [a_seen_sim(sub_id=8)])

    intake = await farm.look(unread)

    assert len(intake.pushes) == 1


async def test_message_of_an_open_rent_on_a_new_phone_waits_for_the_user(
    farm: StoredFarm,
) -> None:
    await farm.seat(a_seen_sim())
    await farm.rent()
    farm.clock.forward(60)
    came = a_row(1, date_ms=ms(farm.clock()))
    old = a_row(2, date_ms=ms(farm.clock() - 24 * HOUR), date_sent_ms=0)
    farm.clock.forward(5)

    await farm.phone(OTHER_PHONE)
    await farm.inventory.take_stock(OTHER_PHONE, [a_seen_sim()])
    await farm.look(came, old, phone=OTHER_PHONE)

    assert sorted(await standings(farm)) == [SmsStanding.BASELINE, SmsStanding.HELD]


async def test_a_row_without_subscription_from_about_a_swap_waits_for_the_user(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(**WITHOUT_SUB_ID))
    await farm.rent()
    farm.clock.forward(600)
    unread = a_row(100, date_ms=ms(farm.clock()), **WITHOUT_SUB_ID)
    farm.clock.forward(30)
    await farm.inventory.take_stock(PHONE, [a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER, **WITHOUT_SUB_ID)])

    await farm.look(unread)

    assert await standings(farm) == [SmsStanding.HELD]


async def test_reset_phone_may_reuse_its_subscription_ids(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER))
    farm.clock.forward(3600)
    await farm.inventory.take_stock(PHONE, [a_seen_sim()])
    farm.clock.forward(3600)
    await farm.rent()

    intake = await farm.sms()

    assert len(intake.pushes) == 1


async def test_another_card_never_inherits_a_rent_by_its_subscription_alone(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(iccid="", sim_id="sim:R58M123/1/897010100/25001"))
    rent_id = await farm.rent()
    farm.clock.forward(600)

    await farm.inventory.take_stock(PHONE, [a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER)])

    assert (await farm.one_sim(OTHER_ICCID)).rent_id is None
    assert (await farm.one_rent(rent_id)).sim_id != OTHER_ICCID


async def test_own_clock_set_back_does_not_hide_messages_from_their_rent(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.rent()
    await farm.look()
    farm.clock.now -= timedelta(minutes=10)

    intake = await farm.sms()

    assert len(intake.pushes) == 1


async def test_a_copy_that_a_backup_brought_does_not_end_the_search_for_new_messages(farm: StoredFarm) -> None:
    row = a_row(1)
    await farm.seat(a_seen_sim(), inbox=[row])
    copy = a_row(70)

    knows = await farm.storage.read(lambda views: views.knows_any(PHONE, identity_of(copy)))
    knows_itself = await farm.storage.read(lambda views: views.knows_any(PHONE, identity_of(row)))

    assert (knows, knows_itself) == (False, True)


async def test_what_was_ordered_for_a_stand_in_holds_for_the_card(farm: StoredFarm) -> None:
    stand_in = "sim:R58M123/1/897010100/25001"
    await farm.seat(a_seen_sim(), phone=OTHER_PHONE)
    await farm.seat(a_seen_sim(iccid="", sim_id=stand_in, msisdn=None))
    await farm.rentals.hold_back(stand_in, "inventory")  # type: ignore[arg-type]

    await farm.inventory.take_stock(PHONE, [a_seen_sim()])

    assert (await farm.one_sim(ICCID)).held_reason == "inventory"


@pytest.mark.parametrize("sub_id", [None, 1])
async def test_swap_between_check_ups_gives_no_sms_to_the_former_cards_renter(
    farm: StoredFarm, sub_id: int | None
) -> None:
    """The phone was reset and given another card; its first check-up is long after."""
    await farm.seat(a_seen_sim(sub_id=sub_id))
    await farm.rent()
    farm.clock.forward(900)
    for_the_new_card = a_row(100, date_ms=ms(farm.clock()), sub_id=sub_id)
    farm.clock.forward(300)
    await farm.inventory.take_stock(PHONE, [a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER, sub_id=sub_id)])

    intake = await farm.look(for_the_new_card)

    assert intake.pushes == ()
    assert await standings(farm) == [SmsStanding.HELD]


async def test_after_our_clock_was_set_back_an_sms_goes_to_the_open_rent(
    farm: StoredFarm,
) -> None:
    await farm.seat(a_seen_sim())
    farm.clock.forward(3600)
    over = await farm.rent()
    await farm.rentals.finish(over, FinishStatus.SOLD, None)
    farm.clock.now -= timedelta(minutes=45)
    rent_id = await farm.rent()

    await farm.sms()

    assert (await farm.one_rent(rent_id)).sms_count == 1
    assert (await farm.one_rent(over)).sms_count == 0


async def test_the_same_loopback_address_on_two_pcs_is_two_handsets(farm: StoredFarm) -> None:
    here, there = PhoneId("127.0.0.1:5555@10.0.0.1:5037"), PhoneId("127.0.0.1:5555@10.0.0.2:5037")
    await farm.seat(a_seen_sim(), phone=here)
    await farm.seat(a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER), phone=there)
    rents = {(await farm.one_rent(rent_id)).sim_id: rent_id for rent_id in [await farm.rent(), await farm.rent()]}

    await farm.sms(phone=here)

    assert (await farm.one_rent(rents[ICCID])).sms_count == 1
    assert (await farm.one_rent(rents[OTHER_ICCID])).sms_count == 0
