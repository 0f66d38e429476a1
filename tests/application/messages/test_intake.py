"""Readings become messages and pushes: completely, once, and only for the right rent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.read_models import MessageRow, PushState, SmsStanding
from phonefarm.application.ports.storage import StorageFailing, UnitOfWork
from phonefarm.domain.errors import KnownError
from phonefarm.domain.heard import NOTHING_HEARD
from phonefarm.domain.ids import PhoneId, SimId, SmsId
from phonefarm.domain.rents import FinishStatus
from tests.application.stored_farm import StoredFarm
from tests.builders import (
    HOUR,
    ICCID,
    NUMBER,
    OTHER_ICCID,
    OTHER_NUMBER,
    OTHER_PHONE,
    PHONE,
    SECOND,
    a_reading,
    a_row,
    a_seen_sim,
    ms,
)
from tests.fakes.storage import BrittleStorage

ONE = a_seen_sim()
TWO = a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=OTHER_NUMBER)


async def only_message(farm: StoredFarm) -> MessageRow:
    (message,) = await farm.messages()
    return message


# What is pushed -------------------------------------------------------------


async def test_first_sight_of_a_phone_stores_its_messages_and_pushes_none(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    await farm.rent()

    new_phone = await farm.look(a_row(1), a_row(2, body="old too"), phone=await another_phone(farm))

    assert new_phone.first
    assert [message.standing for message in await farm.messages()] == [SmsStanding.BASELINE] * 2
    assert await farm.pushes() == []


async def another_phone(farm: StoredFarm) -> PhoneId:
    await farm.phone(OTHER_PHONE)
    return OTHER_PHONE


async def test_message_of_a_rented_sim_is_queued(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    rent_id = await farm.rent()

    await farm.sms(body="code 1")

    message = await only_message(farm)
    assert (message.standing, message.rent_id, message.text) == (SmsStanding.FOR_RENT, rent_id, "code 1")
    assert message.push_state is PushState.WAITING
    assert (await farm.one_rent(rent_id)).sms_count == 1


async def test_message_without_a_rent_is_kept_and_not_pushed(farm: StoredFarm) -> None:
    await farm.seat(ONE)

    await farm.sms()

    assert (await only_message(farm)).standing is SmsStanding.NO_RENT
    assert await farm.pushes() == []


async def test_message_in_several_readings_is_stored_once(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    await farm.rent()
    await farm.sms()

    for _ in range(3):
        farm.clock.forward(10)
        assert (await farm.look()).new == ()

    assert len(await farm.pushes()) == 1


async def test_message_of_before_the_rent_is_never_shown_to_its_renter(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    came = ms(farm.clock())
    farm.clock.forward(5)
    await farm.rent()

    await farm.look(a_row(7, date_ms=came))

    assert (await only_message(farm)).standing is SmsStanding.NO_RENT


async def test_message_read_after_the_finish_but_come_before_it_is_queued(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    rent_id = await farm.rent()
    came = ms(farm.clock.now + SECOND)
    farm.clock.forward(60)
    await farm.rentals.finish(rent_id, FinishStatus.SOLD, None)
    farm.clock.forward(5)

    await farm.look(a_row(7, date_ms=came))

    assert (await only_message(farm)).rent_id == rent_id
    assert [push.state for push in await farm.pushes()] == [PushState.WAITING]


async def test_message_belongs_to_the_rent_that_was_open_when_it_arrived(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    first = await farm.rent()
    came = ms(farm.clock.now + SECOND)
    farm.clock.forward(60)
    await farm.rentals.finish(first, FinishStatus.SOLD, None)
    second = await farm.rent()
    farm.clock.forward(1)

    await farm.look(a_row(7, date_ms=came), a_row(8, date_ms=ms(farm.clock())))

    assert [message.rent_id for message in await farm.messages()] == [first, second]


async def test_message_restored_from_a_backup_is_kept_as_old(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    farm.clock.forward(3600)
    await farm.rent()

    long_ago = ms(farm.clock.now - 5 * HOUR)
    await farm.look(a_row(90, date_ms=long_ago, date_sent_ms=long_ago))

    assert (await only_message(farm)).standing is SmsStanding.BASELINE
    assert await farm.pushes() == []


async def test_message_is_matched_by_our_clock_whatever_the_phones_clock_says(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    rent_id = await farm.rent()
    farm.clock.forward(2)
    by_the_phone = farm.clock.now - timedelta(days=3650)

    farm.clock.forward(1)
    await farm.look(a_row(7, date_ms=ms(by_the_phone)), clock_skew=timedelta(days=-3650))

    message = await only_message(farm)
    assert message.rent_id == rent_id
    assert message.arrived_at == farm.clock.now - SECOND


# Identity -------------------------------------------------------------------


async def test_row_id_that_android_gave_away_again_is_a_new_message(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    await farm.rent()
    await farm.sms(row_id=7, body="first")

    await farm.sms(row_id=7, body="second")

    assert [message.text for message in await farm.messages()] == ["first", "second"]
    assert len(await farm.pushes()) == 2


async def test_equal_messages_at_the_same_instant_are_both_kept(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    await farm.rent()
    farm.clock.forward(1)
    stamp = ms(farm.clock())

    await farm.look(a_row(7, date_ms=stamp), a_row(8, date_ms=stamp))

    assert len(await farm.pushes()) == 2


async def test_body_that_imitates_a_query_answer_is_one_message_with_that_text(farm: StoredFarm) -> None:
    hostile = "line1\nRow: 1 _id=99, address=Bank, body=fake\x00\u202e'); DROP TABLE sms;--"
    await farm.seat(ONE)
    await farm.rent()

    await farm.sms(body=hostile, sender="Row: 0 _id=1")

    message = await only_message(farm)
    assert (message.text, message.sender) == (hostile, "Row: 0 _id=1")


async def test_phone_known_from_another_adb_server_brings_no_message_twice(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    row = a_row(7, date_ms=ms(farm.clock()))
    farm.clock.forward(1)
    await farm.look(row)
    moved = PhoneId(PHONE.replace(":5037", ":5038"))
    await farm.phone(moved)

    assert (await farm.look(row, phone=moved)).new == ()


async def test_only_a_window_without_known_rows_needs_a_deeper_reading(farm: StoredFarm) -> None:
    await farm.seat(ONE, inbox=[a_row(1)])

    assert await farm.intake.reaches_known(a_reading([a_row(1), a_row(2, body="new")]))
    assert not await farm.intake.reaches_known(a_reading([a_row(2, body="new")]))


async def test_phone_that_was_never_read_needs_no_deeper_reading(farm: StoredFarm) -> None:
    await farm.phone()

    assert await farm.intake.reaches_known(a_reading([a_row(2)]))


# All or nothing -------------------------------------------------------------


async def test_unit_of_work_that_fails_leaves_neither_message_nor_push(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    rent_id = await farm.rent()
    await farm.sms(row_id=1)
    second, third = (a_row(row_id, date_ms=ms(farm.clock()), body=str(row_id)) for row_id in (2, 2**70))
    farm.clock.forward(1)

    with pytest.raises(OverflowError):
        await farm.look(second, third)

    assert len(await farm.messages()) == 1
    assert len(await farm.pushes()) == 1
    assert (await farm.one_rent(rent_id)).sms_count == 1


async def test_reading_that_could_not_be_stored_is_stored_by_the_next(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    await farm.rent()
    came = ms(farm.clock())
    farm.clock.forward(1)
    with pytest.raises(OverflowError):
        await farm.look(a_row(2, date_ms=came), a_row(2**70, date_ms=came, body="no database holds this id"))
    farm.clock.forward(30)

    farm._inbox[PHONE].pop()
    await farm.look()

    assert [message.standing for message in await farm.messages()] == [SmsStanding.FOR_RENT]


# Owner ----------------------------------------------------------------------


async def test_subscription_id_decides_which_of_two_sims_received_a_message(farm: StoredFarm) -> None:
    await farm.seat(ONE, TWO)
    await farm.rent()
    await farm.rent()

    await farm.sms(sub_id=2)

    message = await only_message(farm)
    assert (message.sim_id, message.msisdn) == (OTHER_ICCID, OTHER_NUMBER)


async def test_message_of_unknown_sim_is_held_while_one_of_them_is_rented(farm: StoredFarm) -> None:
    await farm.seat(ONE, TWO)
    await farm.rent()

    await farm.sms(sub_id=None)

    message = await only_message(farm)
    assert (message.standing, message.sim_id) == (SmsStanding.HELD, "")
    assert await farm.pushes() == []


async def test_message_of_unknown_sim_belongs_to_no_rent_while_none_is_open(farm: StoredFarm) -> None:
    await farm.seat(ONE, TWO)

    await farm.sms(sub_id=None)

    assert (await only_message(farm)).standing is SmsStanding.NO_RENT


async def test_message_for_a_sim_just_taken_out_still_reaches_its_renter(farm: StoredFarm) -> None:
    await farm.seat(ONE, TWO)
    rent_id = await farm.rent()
    rented = (await farm.one_rent(rent_id)).sim_id
    sub_id, other = (1, TWO) if rented == ICCID else (2, ONE)
    came = ms(farm.clock())
    farm.clock.forward(1)
    await farm.inventory.take_stock(PHONE, [other])

    await farm.look(a_row(7, date_ms=came, sub_id=sub_id))

    assert (await only_message(farm)).rent_id == rent_id


# Held messages --------------------------------------------------------------


async def held_message(farm: StoredFarm) -> SmsId:
    await farm.seat(ONE, TWO)
    await farm.sms(row_id=1, sub_id=1, body="not held")
    await farm.rent()
    await farm.sms(row_id=2, sub_id=None, body="held")
    return SmsId((await farm.messages())[1].sms_id)


async def test_assigning_a_held_message_to_the_rented_sim_pushes_it(farm: StoredFarm) -> None:
    sms_id = await held_message(farm)
    rented = next(sim.sim_id for sim in (await farm.sims()).values() if sim.rent_id)

    await farm.intake.assign_sim(sms_id, SimId(rented))

    assert [push.sms_id for push in await farm.pushes()] == [sms_id]
    assert (await farm.messages())[1].standing is SmsStanding.FOR_RENT


async def test_assigning_a_held_message_to_the_other_sim_pushes_nothing(farm: StoredFarm) -> None:
    sms_id = await held_message(farm)
    other = next(sim.sim_id for sim in (await farm.sims()).values() if not sim.rent_id)

    await farm.intake.assign_sim(sms_id, SimId(other))

    message = (await farm.messages())[1]
    assert (message.standing, message.sim_id) == (SmsStanding.NO_RENT, other)
    assert await farm.pushes() == []


async def test_message_is_assigned_once(farm: StoredFarm) -> None:
    sms_id = await held_message(farm)
    await farm.intake.assign_sim(sms_id, SimId(ICCID))

    with pytest.raises(KnownError, match="not held"):
        await farm.intake.assign_sim(sms_id, SimId(OTHER_ICCID))


async def test_message_cannot_be_assigned_to_a_sim_of_another_phone(farm: StoredFarm) -> None:
    sms_id = await held_message(farm)
    await farm.seat(a_seen_sim("89701010000000000001", msisdn=None), phone=OTHER_PHONE)

    with pytest.raises(KnownError, match="choose one of the SIMs"):
        await farm.intake.assign_sim(sms_id, SimId("89701010000000000001"))

    assert (await farm.messages())[1].standing is SmsStanding.HELD


async def test_push_of_a_rent_goes_to_the_number_that_was_rented(farm: StoredFarm, database: Database) -> None:
    await farm.seat(ONE)
    await farm.rent()
    await farm.inventory.take_stock(PHONE, [a_seen_sim(msisdn=OTHER_NUMBER)])

    await farm.sms()

    def claimed(uow: UnitOfWork) -> list[str]:
        return [message.msisdn for message in uow.pushes.claim(farm.clock(), 10)]

    assert await database.write(claimed) == [NUMBER]


# Remembered assignments --------------------------------------------------------


async def two_held(farm: StoredFarm) -> list[SmsId]:
    """Two messages whose SIM the phone marks as `sim_id=7` only, while one of its SIMs is rented."""
    await farm.seat(ONE, TWO)
    await farm.sms(row_id=1, sub_id=1, body="not held")
    await farm.rent()
    await farm.sms(row_id=2, sub_id=None, body="first", sim_mark="sim_id=7")
    await farm.sms(row_id=3, sub_id=None, body="second", sim_mark="sim_id=7")
    return [SmsId(message.sms_id) for message in (await farm.messages())[1:]]


async def rented_sim(farm: StoredFarm) -> SimId:
    return SimId(next(sim.sim_id for sim in (await farm.sims()).values() if sim.rent_id))


async def test_remembered_assignment_applies_to_held_and_future_messages(farm: StoredFarm) -> None:
    first, second = await two_held(farm)
    rented = await rented_sim(farm)

    await farm.intake.assign_sim(first, rented, remember=True)
    await farm.sms(row_id=4, sub_id=None, body="third", sim_mark="sim_id=7")

    third = SmsId((await farm.messages())[3].sms_id)
    assert [push.sms_id for push in await farm.pushes()] == [first, second, third]
    assert (await farm.phones())[PHONE].sim_rules == 1


async def test_assignment_that_is_not_remembered_applies_to_one_message(farm: StoredFarm) -> None:
    first, _ = await two_held(farm)

    await farm.intake.assign_sim(first, await rented_sim(farm))

    assert [push.sms_id for push in await farm.pushes()] == [first]
    assert (await farm.phones())[PHONE].sim_rules == 0


async def test_message_with_another_mark_is_still_held(farm: StoredFarm) -> None:
    first, _ = await two_held(farm)
    await farm.intake.assign_sim(first, await rented_sim(farm), remember=True)

    await farm.sms(row_id=4, sub_id=None, body="other", sim_mark="sim_id=8")

    assert (await farm.messages())[3].standing is SmsStanding.HELD


async def test_rule_for_a_removed_sim_assigns_nothing(farm: StoredFarm) -> None:
    first, _ = await two_held(farm)
    rented = await rented_sim(farm)
    await farm.intake.assign_sim(first, rented, remember=True)
    staying = TWO if rented == ICCID else ONE
    newcomer = a_seen_sim("89701010000000000001", slot=staying.slot ^ 1, sub_id=3, msisdn="79990001122")
    farm.clock.forward(600)
    await farm.inventory.take_stock(PHONE, [staying, newcomer])
    farm.clock.forward(600)
    await farm.rent()

    await farm.sms(row_id=4, sub_id=None, body="whose", sim_mark="sim_id=7")

    assert (await farm.messages())[3].standing is SmsStanding.HELD


@pytest.mark.parametrize("mark", ["", "sub_id=-1", "sub_id=NULL", "sub_id=-1 sim_id=NULL"])
async def test_mark_that_identifies_no_sim_cannot_be_remembered(farm: StoredFarm, mark: str) -> None:
    await farm.seat(ONE, TWO)
    await farm.rent()
    await farm.sms(row_id=2, sub_id=None, body="whose", sim_mark=mark)
    message = await only_message(farm)

    with pytest.raises(KnownError, match="by itself"):
        await farm.intake.assign_sim(SmsId(message.sms_id), await rented_sim(farm), remember=True)

    assert (await only_message(farm)).standing is SmsStanding.HELD
    assert not message.can_be_remembered


async def test_rule_ends_when_the_cards_change_places(farm: StoredFarm) -> None:
    first, _ = await two_held(farm)
    rented = await rented_sim(farm)
    await farm.intake.assign_sim(first, rented, remember=True)
    farm.clock.forward(600)
    swapped = [replace(ONE, slot=1, sub_id=2), replace(TWO, slot=0, sub_id=1)]
    await farm.inventory.take_stock(PHONE, swapped)

    await farm.sms(row_id=4, sub_id=None, body="whose", sim_mark="sim_id=7")

    assert (await farm.messages())[3].standing is SmsStanding.HELD


async def test_messages_are_held_again_after_their_rule_is_deleted(farm: StoredFarm) -> None:
    first, _ = await two_held(farm)
    await farm.intake.assign_sim(first, await rented_sim(farm), remember=True)

    await farm.intake.forget_rules(PHONE)
    await farm.sms(row_id=4, sub_id=None, body="third", sim_mark="sim_id=7")

    assert (await farm.messages())[3].standing is SmsStanding.HELD
    with pytest.raises(KnownError, match="Nothing is remembered"):
        await farm.intake.forget_rules(PHONE)


# Unchanged readings ---------------------------------------------------------------


async def test_unchanged_reading_is_not_committed_for_a_minute(database: Database) -> None:
    storage = BrittleStorage(database)
    farm = StoredFarm(storage)
    await farm.seat(ONE, inbox=[a_row(1)])
    writes = storage.writes

    for _ in range(5):
        farm.clock.forward(10)
        await farm.look()
    assert storage.writes == writes
    farm.clock.forward(10)
    await farm.look()

    assert storage.writes == writes + 1
    assert (await farm.phones())[PHONE].last_read_at == farm.clock()


async def test_message_soon_after_a_marked_reading_keeps_the_mark(farm: StoredFarm) -> None:
    await farm.seat(ONE, inbox=[a_row(1)])
    marked_at = farm.clock()

    farm.clock.forward(50)
    found = await farm.sms(row_id=2, body="new")

    assert len(found.new) == 1
    assert (await farm.phones())[PHONE].last_read_at == marked_at


async def test_old_message_that_reappears_soon_after_a_marked_reading_is_baseline(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    farm.clock.forward(10)

    long_ago = ms(farm.clock.now - 5 * HOUR)
    await farm.look(a_row(90, date_ms=long_ago, date_sent_ms=long_ago))

    assert (await only_message(farm)).standing is SmsStanding.BASELINE


@pytest.mark.parametrize("later", [10, 30])
async def test_copy_from_a_backup_soon_after_another_message_is_not_pushed(farm: StoredFarm, later: float) -> None:
    """Its date lies before the reading of the other message and after the last marked one."""
    await farm.seat(ONE)
    await farm.rent()
    farm.clock.forward(100)
    came = ms(farm.clock())
    await farm.sms(row_id=5, body="code", date_sent_ms=came)
    farm.clock.forward(56)
    await farm.look()
    farm.clock.forward(40)
    await farm.sms(row_id=6, body="other")

    farm.clock.forward(later)
    await farm.look(a_row(7, body="code", date_ms=came, date_sent_ms=0))

    assert [(it.text, it.standing) for it in await farm.messages()] == [
        ("code", SmsStanding.FOR_RENT),
        ("other", SmsStanding.FOR_RENT),
        ("code", SmsStanding.HELD),
    ]


async def test_measured_clock_skew_is_used_after_a_reading_that_could_not_measure_it(farm: StoredFarm) -> None:
    fast = timedelta(hours=1)
    await farm.seat(ONE)
    await farm.rent()
    farm.clock.forward(60)
    await farm.look(clock_skew=fast)
    farm.clock.forward(10)
    await farm.look(a_row(5, body="any", date_ms=ms(farm.clock() + fast)), clock_skew=None)
    farm.clock.forward(10)

    await farm.look(a_row(6, body="code", date_ms=ms(farm.clock() + fast), date_sent_ms=0), clock_skew=None)

    assert (await farm.messages())[-1].standing is SmsStanding.FOR_RENT


async def test_delayed_row_explains_its_announcement_also_soon_after_another_message(
    farm: StoredFarm,
) -> None:
    await farm.seat(ONE)
    announced = farm.clock.forward(100)
    await farm.health.note_empty_hint(PHONE, announced)
    farm.clock.forward(56)
    await farm.look()
    farm.clock.forward(40)
    await farm.sms(row_id=6, body="other")
    farm.clock.forward(10)

    found = await farm.look(a_row(7, body="kept back", date_ms=ms(announced)))

    assert (len(found.new), found.delayed) == (1, 1)


async def test_message_whose_commit_failed_is_stored_by_the_next_equal_reading(database: Database) -> None:
    storage = BrittleStorage(database)
    farm = StoredFarm(storage)
    await farm.seat(ONE)
    await farm.rent()
    storage.broken = True
    with pytest.raises(StorageFailing):
        await farm.sms(body="code")
    storage.broken = False

    found = await farm.look()

    assert len(found.pushes) == 1


async def test_handset_on_another_server_gets_a_mark_of_its_own(farm: StoredFarm) -> None:
    elsewhere = PhoneId(f"{PHONE.partition('@')[0]}@10.0.0.9:5037")
    await farm.seat(ONE, inbox=[a_row(1)])
    await farm.phone(elsewhere)
    farm.clock.forward(10)

    await farm.look(a_row(1), phone=elsewhere)

    assert (await farm.phones())[elsewhere].last_read_at == farm.clock()


async def test_reading_is_marked_a_minute_after_the_last_mark_whatever_came_in_between(farm: StoredFarm) -> None:
    await farm.seat(ONE, inbox=[a_row(1)])
    farm.clock.forward(40)
    await farm.sms(row_id=2, body="new")
    farm.clock.forward(20)

    await farm.look()

    assert (await farm.phones())[PHONE].last_read_at == farm.clock()


@pytest.mark.parametrize("skew", [None, timedelta(minutes=5)])
async def test_reading_with_a_message_is_marked_if_the_clock_is_unknown_or_was_set(
    farm: StoredFarm, skew: timedelta | None
) -> None:
    await farm.seat(ONE, inbox=[a_row(1)])
    came = a_row(2, body="new", date_ms=ms(farm.clock.forward(10)))
    at = farm.clock.forward(1)

    await farm.intake.accept(a_reading([a_row(1), came], at=at, clock_skew=skew), NOTHING_HEARD)

    assert (await farm.phones())[PHONE].last_read_at == at


@pytest.mark.parametrize("skew", [None, timedelta(minutes=5)])
async def test_each_reading_is_marked_if_the_clock_is_unknown_or_was_set(
    database: Database, skew: timedelta | None
) -> None:
    storage = BrittleStorage(database)
    farm = StoredFarm(storage)
    await farm.seat(ONE, inbox=[a_row(1)])
    farm.clock.forward(10)
    writes = storage.writes

    await farm.look(clock_skew=skew)

    assert storage.writes == writes + 1


async def test_deleted_message_is_no_news_and_the_next_one_is(farm: StoredFarm) -> None:
    await farm.seat(ONE, inbox=[a_row(1), a_row(2, body="deleted")])
    await farm.rent()
    farm.clock.forward(5)
    shorter = await farm.intake.accept(a_reading([a_row(1)], at=farm.clock()), NOTHING_HEARD)
    came = a_row(2, body="reuses the id", date_ms=ms(farm.clock.forward(5)))

    found = await farm.intake.accept(a_reading([a_row(1), came], at=farm.clock.forward(1)), NOTHING_HEARD)

    assert (len(shorter.new), len(found.new)) == (0, 1)
