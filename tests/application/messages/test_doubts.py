"""Rewritten rows, unfitting dates, cards that become known late: no message is lost or pushed twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from phonefarm.application.model.read_models import MessageRow, SmsStanding, Topic
from phonefarm.application.phones.inbox_reader import WINDOW
from phonefarm.domain.heard import NOTHING_HEARD, Heard, HeardArrival
from phonefarm.domain.ids import PhoneId, SimId, SmsId
from phonefarm.domain.sms import Doubt, SmsRow
from tests.application.site import Site
from tests.application.stored_farm import StoredFarm
from tests.builders import (
    HOUR,
    ICCID,
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
from tests.timelines import sentences
from tests.waiting import until

ONE = a_seen_sim()
TWO = a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=OTHER_NUMBER)
AT_ONCE = timedelta(seconds=0.4)


async def standings(farm: StoredFarm) -> list[SmsStanding]:
    return [message.standing for message in await farm.messages()]


def heard(farm: StoredFarm, *seconds_ago: float, without_gap: bool = True) -> Heard:
    arrivals = [farm.clock.now - timedelta(seconds=ago) for ago in seconds_ago]
    return Heard(
        arrivals=tuple(HeardArrival(since=at, latest=at) for at in arrivals),
        without_gap_since=farm.clock.now - HOUR if without_gap else None,
    )


class Rewriting:
    """A rented SIM's phone with one message, whose row is then shown in another form."""

    def __init__(self, farm: StoredFarm) -> None:
        self.farm = farm
        self.row = a_row(7)

    async def arrive(self) -> None:
        await self.farm.seat(ONE)
        await self.farm.rent()
        self.row = a_row(7, date_ms=ms(self.farm.clock()), sender="89281234567", date_sent_ms=0)
        self.farm.clock.forward(1)
        await self.shown(self.row)

    async def shown(self, *rows: SmsRow, announced: Heard = NOTHING_HEARD) -> None:
        reading = a_reading(rows, at=self.farm.clock())
        await self.farm.intake.accept(reading, announced)


@pytest.fixture
async def rewriting(farm: StoredFarm) -> Rewriting:
    rewriting = Rewriting(farm)
    await rewriting.arrive()
    return rewriting


# Rewritten in place -----------------------------------------------------------


@pytest.mark.parametrize("hears", [True, False], ids=["announced", "without hints"])
@pytest.mark.parametrize("change", ["date_sent", "date", "sender", "all"])
async def test_row_that_another_app_rewrites_is_pushed_once(
    farm: StoredFarm, rewriting: Rewriting, change: str, hears: bool
) -> None:
    row = rewriting.row
    changes: dict[str, dict[str, Any]] = {
        "date_sent": {"date_sent_ms": row.date_ms // 1000 * 1000},
        "date": {"date_ms": row.date_ms + 400},
        "sender": {"sender": "+79281234567"},
    }
    changes["all"] = changes["date_sent"] | changes["date"] | changes["sender"]

    for seconds in (2, 60):
        farm.clock.forward(seconds)
        await rewriting.shown(replace(row, **changes[change]), announced=heard(farm) if hears else NOTHING_HEARD)

    assert await standings(farm) == [SmsStanding.FOR_RENT]


async def test_row_rewritten_again_and_again_and_back_is_pushed_once(farm: StoredFarm, rewriting: Rewriting) -> None:
    row = rewriting.row
    for sender in ("+79281234567", "79281234567", "89281234567", "+79281234567"):
        farm.clock.forward(1)
        await rewriting.shown(replace(row, sender=sender))

    assert len(await farm.pushes()) == 1


async def test_rewritten_row_is_recognised_whatever_is_announced_later(farm: StoredFarm, rewriting: Rewriting) -> None:
    changed = replace(rewriting.row, sender="+79281234567")
    farm.clock.forward(1)
    await rewriting.shown(changed)

    farm.clock.forward(60)
    await rewriting.shown(changed, announced=heard(farm, 0.5))

    assert len(await farm.pushes()) == 1


async def test_same_text_under_a_reused_id_is_new_where_an_arrival_was_announced(
    farm: StoredFarm, rewriting: Rewriting
) -> None:
    farm.clock.forward(10)
    again = replace(rewriting.row, date_ms=ms(farm.clock.now - AT_ONCE))

    await rewriting.shown(again, announced=heard(farm, 0.5))

    assert await standings(farm) == [SmsStanding.FOR_RENT] * 2


async def test_announcement_explained_by_one_row_makes_no_other_row_new(farm: StoredFarm, rewriting: Rewriting) -> None:
    farm.clock.forward(10)
    other = a_row(8, body="other", date_ms=ms(farm.clock.now - AT_ONCE))

    await rewriting.shown(replace(rewriting.row, date_sent_ms=1000), other, announced=heard(farm, 0.5))

    assert [message.text for message in await farm.messages()] == [rewriting.row.body, "other"]


async def test_same_text_under_a_reused_id_is_new_without_hints_if_it_is_dated_after_the_last_look(
    farm: StoredFarm, rewriting: Rewriting
) -> None:
    farm.clock.forward(30)
    await rewriting.shown(rewriting.row)
    again = replace(rewriting.row, date_ms=ms(farm.clock.forward(5)))
    farm.clock.forward(1)

    await rewriting.shown(again)

    assert await standings(farm) == [SmsStanding.FOR_RENT] * 2


async def test_announcements_that_may_have_been_missed_prove_nothing(farm: StoredFarm, rewriting: Rewriting) -> None:
    """The log was followed again only after the last reading that showed the row."""
    farm.clock.forward(30)
    again = replace(rewriting.row, date_ms=ms(farm.clock.now - 5 * SECOND))

    await rewriting.shown(again, announced=Heard(without_gap_since=farm.clock.now - SECOND))

    assert await standings(farm) == [SmsStanding.FOR_RENT] * 2


async def test_reused_id_with_another_text_is_new_though_nothing_was_announced(
    farm: StoredFarm, rewriting: Rewriting
) -> None:
    farm.clock.forward(2)
    other = replace(rewriting.row, body="other", date_ms=ms(farm.clock.now - SECOND))

    await rewriting.shown(other, announced=heard(farm))

    assert await standings(farm) == [SmsStanding.FOR_RENT] * 2


async def test_equal_texts_under_different_row_ids_are_two_messages(farm: StoredFarm, rewriting: Rewriting) -> None:
    farm.clock.forward(2)
    twin = replace(rewriting.row, row_id=8, date_ms=ms(farm.clock.now - SECOND))

    await rewriting.shown(rewriting.row, twin, announced=heard(farm))

    assert await standings(farm) == [SmsStanding.FOR_RENT] * 2


async def test_rewritten_row_is_the_same_after_a_restart(farm: StoredFarm, rewriting: Rewriting) -> None:
    again = StoredFarm(farm.storage)
    again.clock.forward((farm.clock.now - again.clock.now).total_seconds() + 20)

    changed = replace(rewriting.row, date_ms=rewriting.row.date_ms + 400, sender="+79281234567")
    await again.intake.accept(a_reading([changed], at=again.clock()), NOTHING_HEARD)

    assert len(await again.pushes()) == 1


async def test_withheld_message_whose_sender_is_rewritten_stays_withheld(farm: StoredFarm) -> None:
    farm.intake._withholds = lambda sender: sender == "900"
    await farm.seat(ONE)
    await farm.rent()
    row = a_row(7, sender="900", date_ms=ms(farm.clock()))
    farm.clock.forward(1)
    await farm.intake.accept(a_reading([row], at=farm.clock()), NOTHING_HEARD)

    farm.clock.forward(1)
    await farm.intake.accept(a_reading([replace(row, sender="+900")], at=farm.clock()), NOTHING_HEARD)

    assert await standings(farm) == [SmsStanding.WITHHELD]


async def test_a_whole_window_that_was_rewritten_brings_nothing_new(farm: StoredFarm) -> None:
    came = ms(farm.clock.now + SECOND)
    rows = [a_row(number, date_ms=came + number, body=f"text {number}") for number in range(1, WINDOW + 1)]
    await farm.seat(ONE)
    await farm.rent()
    farm.clock.forward(2)
    await farm.intake.accept(a_reading(rows, at=farm.clock()), NOTHING_HEARD)

    farm.clock.forward(1)
    await farm.intake.accept(
        a_reading([replace(row, date_sent_ms=row.date_ms) for row in rows], at=farm.clock()), NOTHING_HEARD
    )

    assert len(await farm.messages()) == WINDOW


async def test_session_tells_a_rewritten_row_from_another_announced_message(site: Site) -> None:
    await site.both_ready()
    await site.farm.rent()
    await site.farm.rent()
    row = a_row(7, date_ms=ms(site.farm.clock()))
    site.one.receive(row)
    await until(partial(count_is, site, 1))

    site.one.inbox[:] = [replace(row, sender="+7928", date_sent_ms=0)]
    site.one.receive(a_row(8, body="another", date_ms=ms(site.farm.clock())))
    await until(partial(count_is, site, 2))

    assert sorted(message.text for message in await site.farm.messages()) == [row.body, "another"]


async def count_is(site: Site, number: int) -> bool:
    return await site.message_count() == number


# Dates that do not fit --------------------------------------------------------


async def newest(farm: StoredFarm) -> MessageRow:
    return (await farm.messages())[-1]


OLD_DATES = {"hours back": -6 * 3_600_000, "in seconds": None, "zero": 0}


@pytest.mark.parametrize("kind", OLD_DATES)
async def test_announced_newest_row_with_an_old_date_is_held_with_both_times(farm: StoredFarm, kind: str) -> None:
    await farm.seat(ONE, inbox=[a_row(1)])
    rent_id = await farm.rent()
    now = ms(farm.clock.forward(60))
    date_ms = {"hours back": now - 6 * 3_600_000, "in seconds": now // 1000, "zero": 0}[kind]
    row = a_row(2, body="code", date_ms=date_ms, date_sent_ms=max(date_ms, 0))

    await farm.intake.accept(a_reading([a_row(1), row], at=farm.clock()), heard(farm, 1.5))

    message = await newest(farm)
    assert (message.standing, message.doubt) == (SmsStanding.HELD, Doubt.TIME)
    assert message.arrived_at == farm.clock.now - timedelta(seconds=1.5)
    assert (message.phone_date is None) == (date_ms == 0)
    assert await farm.pushes() == []
    await farm.intake.assign_sim(SmsId(message.sms_id), SimId(ICCID))
    assert [push.rent_id for push in await farm.pushes()] == [rent_id]


async def test_row_with_an_old_date_long_after_its_announcement_is_held_too(farm: StoredFarm) -> None:
    await farm.seat(ONE, inbox=[a_row(1)])
    await farm.rent()
    announced = farm.clock.forward(60)
    await farm.health.note_empty_hint(PHONE, announced)
    farm.clock.forward(90)
    row = a_row(2, body="code", date_ms=ms(announced) - 6 * 3_600_000, date_sent_ms=0)

    await farm.intake.accept(a_reading([a_row(1), row], at=farm.clock()), NOTHING_HEARD)

    message = await newest(farm)
    assert (message.standing, message.arrived_at) == (SmsStanding.HELD, announced)


async def test_backup_that_is_restored_while_one_message_is_announced_stays_unpushed(farm: StoredFarm) -> None:
    """At most as many rows as were announced can be new: they are held, the others are baseline."""
    await farm.seat(ONE, inbox=[a_row(1)])
    await farm.rent()
    farm.clock.forward(60)
    long_ago = ms(farm.clock.now - 50 * HOUR)
    rows = [a_row(2 + place, body=f"old {place}", date_ms=long_ago + place, date_sent_ms=0) for place in range(30)]

    await farm.intake.accept(a_reading([a_row(1), *rows], at=farm.clock()), heard(farm, 1.0))

    assert [message.standing for message in (await farm.messages())[1:]] == [
        *[SmsStanding.BASELINE] * 29,
        SmsStanding.HELD,
    ]
    assert await farm.pushes() == []


async def test_restored_backup_without_an_announcement_is_baseline(farm: StoredFarm) -> None:
    await farm.seat(ONE, inbox=[a_row(1)])
    await farm.rent()
    farm.clock.forward(60)
    long_ago = ms(farm.clock.now - 50 * HOUR)
    rows = [a_row(2 + place, body=f"old {place}", date_ms=long_ago + place, date_sent_ms=0) for place in range(30)]

    await farm.intake.accept(a_reading([a_row(1), *rows], at=farm.clock()), heard(farm))

    assert set(await standings(farm)) == {SmsStanding.BASELINE}


async def test_announcement_that_a_fresh_row_explains_makes_no_old_row_fresh(farm: StoredFarm) -> None:
    await farm.seat(ONE, inbox=[a_row(1)])
    await farm.rent()
    farm.clock.forward(60)
    old = a_row(2, body="old", date_ms=ms(farm.clock.now - 50 * HOUR), date_sent_ms=0)
    fresh = a_row(3, body="fresh", date_ms=ms(farm.clock.now - SECOND))

    await farm.intake.accept(a_reading([a_row(1), old, fresh], at=farm.clock()), heard(farm, 1.0))

    assert (await standings(farm))[1:] == [SmsStanding.BASELINE, SmsStanding.FOR_RENT]


async def test_old_row_below_known_ones_is_no_announced_message(farm: StoredFarm) -> None:
    await farm.seat(ONE, inbox=[a_row(9)])
    await farm.rent()
    farm.clock.forward(60)
    old = a_row(2, body="old", date_ms=ms(farm.clock.now - 50 * HOUR), date_sent_ms=0)

    await farm.intake.accept(a_reading([old, a_row(9)], at=farm.clock()), heard(farm, 1.0))

    assert (await newest(farm)).standing is SmsStanding.BASELINE


@pytest.mark.parametrize("date_ms", [2**63 - 1, -1, -(2**63), 0], ids=["largest", "negative", "smallest", "none"])
@pytest.mark.parametrize("first", [False, True], ids=["later", "first look"])
async def test_row_with_an_invalid_date_is_held_while_its_sim_is_rented(
    farm: StoredFarm, date_ms: int, first: bool
) -> None:
    await farm.phone()
    await farm.inventory.take_stock(PHONE, [ONE])
    if not first:
        await farm.look(a_row(1))
    await farm.rent()
    farm.clock.forward(120)

    await farm.look(a_row(2, body="code", date_ms=date_ms, date_sent_ms=0 if date_ms == 0 else ms(farm.clock())))

    message = next(one for one in await farm.messages() if one.text == "code")
    assert (message.standing, message.phone_date) == (SmsStanding.HELD, None)
    assert message.arrived_at == farm.clock()
    assert await farm.pushes() == []


async def test_session_holds_an_announced_row_with_an_old_date(site: Site) -> None:
    site.one.skew = site.two.skew = timedelta(0)
    await site.both_ready()
    await site.farm.rent()
    await site.farm.rent()
    site.farm.clock.forward(3600)

    site.one.receive(a_row(7, date_ms=ms(site.farm.clock.now - 3 * HOUR), date_sent_ms=0))
    await until(partial(count_is, site, 1))

    (message,) = await site.farm.messages()
    assert (message.standing, message.doubt) == (SmsStanding.HELD, Doubt.TIME)
    assert site.farm.clock.now - message.arrived_at < timedelta(seconds=20)


# SIMs that become known late -------------------------------------------------------


async def test_messages_of_swapped_cards_are_assigned_after_the_next_checkup(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    await farm.seat(TWO, phone=OTHER_PHONE)
    rents = {(await farm.one_rent(rent_id)).sim_id: rent_id for rent_id in [await farm.rent(), await farm.rent()]}
    swapped_at = farm.clock.forward(600)
    came = a_row(7, sub_id=3, body="for two", date_ms=ms(swapped_at + AT_ONCE))
    farm.clock.forward(1)
    await farm.look(came)
    assert await standings(farm) == [SmsStanding.HELD]

    farm.clock.forward(66)
    await farm.inventory.take_stock(PHONE, [replace(TWO, slot=0, sub_id=3)])
    await farm.intake.assign_known_sims(PHONE)

    message = await newest(farm)
    assert (message.standing, message.sim_id, message.rent_id) == (
        SmsStanding.FOR_RENT,
        OTHER_ICCID,
        rents[OTHER_ICCID],
    )
    assert [push.rent_id for push in await farm.pushes()] == [rents[OTHER_ICCID]]


async def test_message_of_a_rented_card_that_came_into_a_phone_without_rents_is_pushed_when_it_is_known(
    farm: StoredFarm,
) -> None:
    await farm.seat(ONE)
    rent_id = await farm.rent()
    await farm.seat(TWO, phone=OTHER_PHONE)
    farm.clock.forward(1)
    await farm.look(a_row(7, sub_id=5, date_ms=ms(farm.clock.now - AT_ONCE)), phone=OTHER_PHONE)
    assert await standings(farm) == [SmsStanding.NO_RENT]

    farm.clock.forward(60)
    await farm.inventory.take_stock(OTHER_PHONE, [TWO, replace(ONE, slot=0, sub_id=5)])
    await farm.intake.assign_known_sims(OTHER_PHONE)

    assert [(one.standing, one.rent_id) for one in await farm.messages()] == [(SmsStanding.FOR_RENT, rent_id)]


async def test_row_whose_sim_is_written_later_is_assigned_by_the_reading_that_shows_it(farm: StoredFarm) -> None:
    await farm.seat(ONE, TWO)
    await farm.rent()
    await farm.rent()
    row = a_row(7, sub_id=None, sim_mark="sub_id=-1", date_ms=ms(farm.clock()))
    farm.clock.forward(1)
    await farm.intake.accept(a_reading([row], at=farm.clock()), NOTHING_HEARD)
    assert await standings(farm) == [SmsStanding.HELD]

    farm.clock.forward(3)
    intake = await farm.intake.accept(
        a_reading([replace(row, sub_id=2, sim_mark="sub_id=2")], at=farm.clock()), NOTHING_HEARD
    )

    message = await newest(farm)
    assert (message.standing, message.sim_id) == (SmsStanding.FOR_RENT, OTHER_ICCID)
    assert [one.sms_id for one in intake.assigned] == [message.sms_id]
    assert len(await farm.pushes()) == 1


async def test_later_knowledge_of_a_card_without_a_rent_pushes_nothing(farm: StoredFarm) -> None:
    await farm.seat(ONE, TWO)
    rented = SimId((await farm.one_rent(await farm.rent())).sim_id)
    free, sub_id = (OTHER_ICCID, 2) if rented == ICCID else (ICCID, 1)
    row = a_row(7, sub_id=None, date_ms=ms(farm.clock()))
    farm.clock.forward(1)
    await farm.intake.accept(a_reading([row], at=farm.clock()), NOTHING_HEARD)

    farm.clock.forward(3)
    await farm.intake.accept(a_reading([replace(row, sub_id=sub_id)], at=farm.clock()), NOTHING_HEARD)

    message = await newest(farm)
    assert (message.standing, message.sim_id) == (SmsStanding.NO_RENT, free)
    assert await farm.pushes() == []


async def test_card_that_came_long_after_the_message_is_not_taken_for_its_owner(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    await farm.rent()
    farm.clock.forward(1)
    await farm.look(a_row(7, sub_id=3, date_ms=ms(farm.clock.now - AT_ONCE)))
    farm.clock.forward(500)
    await farm.look()

    farm.clock.forward(60)
    await farm.inventory.take_stock(PHONE, [ONE, replace(TWO, sub_id=3)])
    await farm.intake.assign_known_sims(PHONE)

    assert await standings(farm) == [SmsStanding.HELD]


async def test_message_of_doubtful_time_is_assigned_by_the_user_only(farm: StoredFarm) -> None:
    await farm.seat(ONE, TWO)
    await farm.rent()
    await farm.rent()
    farm.clock.forward(60)
    row = a_row(7, sub_id=None, date_ms=-1)
    await farm.intake.accept(a_reading([row], at=farm.clock()), NOTHING_HEARD)

    farm.clock.forward(3)
    await farm.intake.accept(a_reading([replace(row, sub_id=1)], at=farm.clock()), NOTHING_HEARD)
    await farm.intake.assign_known_sims(PHONE)

    assert await standings(farm) == [SmsStanding.HELD]


async def test_session_assigns_messages_that_the_next_checkup_explains(site: Site) -> None:
    """Two rented cards are swapped between phones; after the next check-up each rent has its messages."""
    site.one.skew = site.two.skew = timedelta(0)
    await site.both_ready()
    rents = {(await site.farm.one_rent(rent)).sim_id: rent for rent in [await site.farm.rent() for _ in range(2)]}
    (first,), (second,) = site.one.sims, site.two.sims
    site.one.sims, site.two.sims = [replace(second, sub_id=7)], [replace(first, sub_id=8)]
    site.farm.clock.forward(1)

    site.one.receive(a_row(7, body="to the second", sub_id=7, date_ms=ms(site.farm.clock())))
    site.two.receive(a_row(7, body="to the first", sub_id=8, date_ms=ms(site.farm.clock())))

    async def settled() -> bool:
        return len(await site.farm.pushes()) == 2

    await until(settled)
    messages = {message.text: message.rent_id for message in await site.farm.messages()}
    assert messages == {"to the second": rents[second.sim_id], "to the first": rents[first.sim_id]}


async def test_assignment_of_a_message_is_in_its_timeline(farm: StoredFarm) -> None:
    await test_row_whose_sim_is_written_later_is_assigned_by_the_reading_that_shows_it(farm)

    (message,) = await farm.messages()
    entries = await farm.timeline(Topic.MESSAGES, message.sms_id)

    assert any("Assigned automatically" in sentence for sentence in sentences(entries))


async def test_database_is_not_asked_if_no_message_is_unassigned(farm: StoredFarm) -> None:
    await farm.seat(ONE)
    await farm.sms()
    before = (await farm.phones())[PHONE]

    await farm.intake.assign_known_sims(PHONE)
    await farm.intake.assign_known_sims(PhoneId("never@seen:5037"))

    assert (await farm.phones())[PHONE] == before
