"""A SIM keeps its identity if its phone does not state the ICCID, or states it only later."""

from __future__ import annotations

from phonefarm.domain.ids import SimId
from phonefarm.domain.sims import SeenSim
from tests.application.stored_farm import StoredFarm
from tests.builders import ICCID, OTHER_ICCID, PHONE, a_seen_sim

STAND_IN = SimId("sim:R58M123/2/897010100/25001")


def without_iccid(**changes: object) -> SeenSim:
    return a_seen_sim(iccid="", sim_id=STAND_IN, sub_id=2, **changes)


async def test_sim_without_its_iccid_this_time_keeps_its_rent_and_gets_its_sms(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(sub_id=2))
    rent_id = await farm.rent()

    await farm.inventory.take_stock(PHONE, [without_iccid(msisdn=None)])
    intake = await farm.sms(sub_id=2)

    assert list(await farm.sims()) == [ICCID]
    assert len(intake.pushes) == 1
    assert (await farm.one_rent(rent_id)).sms_count == 1


async def test_number_stays_when_the_phone_does_not_state_it_again(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(sub_id=2, msisdn="79281234567"))

    await farm.inventory.take_stock(PHONE, [a_seen_sim(sub_id=2, msisdn=None)])

    assert (await farm.one_sim(ICCID)).msisdn == "79281234567"


async def test_stand_in_with_a_later_iccid_keeps_its_rent(farm: StoredFarm) -> None:
    await farm.seat(without_iccid())
    rent_id = await farm.rent()

    await farm.inventory.take_stock(PHONE, [a_seen_sim(sub_id=2)])
    intake = await farm.sms(sub_id=2)

    assert list(await farm.sims()) == [ICCID]
    assert (await farm.one_sim(ICCID)).rent_id == rent_id
    assert len(intake.pushes) == 1


async def test_another_card_under_another_subscription_is_another_sim(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(sub_id=2))

    await farm.inventory.take_stock(PHONE, [a_seen_sim(OTHER_ICCID, sub_id=3, msisdn=None)])

    assert set(await farm.sims()) == {ICCID, OTHER_ICCID}
    assert (await farm.one_sim(ICCID)).slot is None
