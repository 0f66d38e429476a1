"""The desk of a running engine: its overview matches the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.health_board import ADB, MARKET, STORAGE, WEBHOOKS
from phonefarm.application.model.read_models import (
    Attention,
    AttentionKind,
    Changes,
    Grouping,
    NumberPattern,
    PhoneState,
    PushState,
    SimStanding,
    Topic,
    Verdict,
)
from phonefarm.application.model.row_queries import BANS, NETWORKS, NUMBER_TASKS, PHONES, PUSHES, RENTS, SIMS
from phonefarm.application.ports.records.numbers import NumberEntry
from phonefarm.application.trade.sales_gate import Closure, Obstacle
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import problem
from phonefarm.domain.ids import PhoneId
from phonefarm.domain.rents import FinishStatus
from tests.application.desk.office import Office
from tests.builders import ICCID, MINUTE, NOON, OTHER_ICCID, OTHER_NUMBER, OTHER_PHONE, PHONE, a_row, a_seen_sim
from tests.timelines import sentences


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


# Figures --------------------------------------------------------------------


async def test_new_farm_is_calm_and_empty(office: Office) -> None:
    overview = await office.overview()

    assert overview.attention == ()
    assert overview.counts.phones == overview.counts.numbers_on_offer == 0
    assert (len(overview.sms_by_hour), len(overview.income_by_day), len(overview.arrival_by_minute)) == (48, 30, 60)
    assert overview.arrival_p50_seconds is None


async def test_counters_follow_a_rent_from_order_to_delivery(office: Office) -> None:
    farm = office.farm
    await farm.seat(a_seen_sim(), inbox=[a_row(1)])
    await farm.phone(OTHER_PHONE, PhoneState.UNAUTHORIZED)
    await farm.rent()
    await farm.sms()
    before = (await office.overview()).counts

    farm.clock.forward(3)
    await farm.deliver_all()
    overview = await office.overview()

    assert (before.phones, before.phones_ready, before.sims, before.rents_open) == (2, 1, 1, 1)
    assert (before.sms_received, before.pushes_waiting, before.pushes_delivered) == (1, 1, 0)
    assert (overview.counts.pushes_waiting, overview.counts.pushes_delivered) == (0, 1)
    assert overview.sms_by_hour[-1] == 1
    assert sum(overview.sms_by_hour) == 1
    assert overview.arrival_p50_seconds == pytest.approx(4, abs=0.01)
    assert overview.arrival_by_minute[-1] == pytest.approx(4, abs=0.01)
    assert overview.phones_by_state == {PhoneState.READY: 1, PhoneState.UNAUTHORIZED: 1}


async def test_income_counts_at_the_finish_and_is_reversed_by_a_refund(office: Office) -> None:
    farm = office.farm
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.rentals.finish(rent_id, FinishStatus.SOLD, Decimal("870.25"))
    sold = await office.overview()

    await farm.rentals.finish(rent_id, FinishStatus.REFUNDED, None)
    farm.clock.forward(5)
    refunded = await office.overview()

    assert sold.income_today == sold.income_month == sold.income_by_day[-1] == Decimal("870.25")
    assert sum(sold.income_by_day) == Decimal("870.25")
    assert refunded.income_today == refunded.income_month == Decimal(0)


async def test_income_of_a_day_matches_the_account_also_with_a_later_refund(office: Office) -> None:
    farm = office.farm
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.rentals.finish(rent_id, FinishStatus.SOLD, Decimal("870.25"))
    farm.clock.forward(timedelta(days=1).total_seconds())
    other = await farm.rent()
    await farm.rentals.finish(other, FinishStatus.SOLD, Decimal(100))
    await farm.rentals.finish(rent_id, FinishStatus.REFUNDED, None)
    farm.clock.forward(5)

    overview = await office.overview()
    month = farm.clock() - timedelta(days=20)
    by_day = await office.desk.money(Grouping.DAY, month, farm.clock() + timedelta(days=1))

    assert [row.sums.income for row in by_day] == [Decimal("-770.25"), Decimal("870.25")]
    assert overview.income_by_day[-2:] == (Decimal("870.25"), Decimal("-770.25"))
    assert (overview.income_today, overview.income_month) == (Decimal("-770.25"), Decimal(100))


async def test_rents_that_wait_for_their_first_sms_come_nearest_deadline_first(office: Office) -> None:
    await office.farm.phones_with_sims(3)
    rents = []
    for _ in range(3):
        rents.append(await office.farm.rent())
        office.farm.clock.forward(60)

    overview = await office.overview()

    assert [rent.rent_id for rent in overview.waiting_rents] == rents
    assert overview.rents_waiting_first_sms == 3


async def test_oldest_waiting_push_and_next_attempt_are_shown(office: Office) -> None:
    sms_id = await office.farm.queue(1)
    created = office.farm.clock()
    office.farm.clock.forward(7)
    await office.farm.queue(2)

    overview = await office.overview()

    assert overview.oldest_waiting_push_at == created
    assert overview.next_push_at == created
    assert (await office.desk.rows(PUSHES, [str(sms_id)]))[0].state is PushState.WAITING


async def test_count_and_times_of_the_queue_are_of_one_snapshot(office: Office) -> None:
    before = await office.overview()
    await office.farm.queue(1)

    overview = await office.overview()

    assert (before.counts.pushes_waiting, before.oldest_waiting_push_at) == (0, None)
    assert overview.counts.pushes_waiting == 1
    assert overview.oldest_waiting_push_at == office.farm.clock()
    assert overview.next_push_at == office.farm.clock()


async def test_rent_whose_first_sms_is_on_its_way_does_not_wait_for_it(office: Office) -> None:
    await office.farm.phones_with_sims(1)
    await office.farm.seat(a_seen_sim())
    rents = [await office.farm.rent() for _ in range(2)]
    await office.farm.sms()

    overview = await office.overview()
    rows = {row.rent_id: row for row in overview.waiting_rents}

    assert (overview.rents_waiting_first_sms, overview.rents_sending_first_sms) == (1, 1)
    assert sorted((rows[rent].sms_count, rows[rent].sms_on_way) for rent in rents) == [(0, 0), (1, 1)]

    await office.farm.deliver_all()
    overview = await office.overview()
    assert (overview.rents_waiting_first_sms, overview.rents_sending_first_sms) == (1, 0)
    assert sum(row.sms_on_way for row in await office.desk.rows(RENTS)) == 0


async def test_messages_of_the_day_and_those_held_are_of_one_snapshot(office: Office) -> None:
    await office.farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=OTHER_NUMBER))
    await office.overview()
    await office.farm.sms(sub_id=None)

    overview = await office.overview()

    assert (overview.sms_today, overview.sms_held) in ((0, 0), (1, 1))


# Attention ------------------------------------------------------------------


async def test_phones_that_need_the_user_are_alerts(office: Office) -> None:
    await office.farm.phone(PHONE, PhoneState.UNAUTHORIZED)
    await office.farm.phone(OTHER_PHONE, PhoneState.WITHHELD)

    assert set(await office.needs()) == {AttentionKind.PHONE_UNAUTHORIZED, AttentionKind.PHONE_WITHHELD}


async def test_phone_that_is_offline_for_a_moment_is_no_alert(office: Office) -> None:
    await office.farm.phone(PHONE, PhoneState.OFFLINE)
    assert await office.needs() == []

    office.farm.clock.forward(21)

    assert await office.needs() == [AttentionKind.PHONE_OFFLINE]


async def test_sim_without_a_number_is_an_alert(office: Office) -> None:
    await office.farm.seat(a_seen_sim(msisdn=None))

    assert await office.needs() == [AttentionKind.NUMBER_MISSING]


async def test_orphan_overdue_rent_and_held_message_are_alerts(office: Office) -> None:
    farm = office.farm
    await farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=OTHER_NUMBER))
    await farm.rent()
    await farm.issue()
    await farm.sms(sub_id=None)
    farm.clock.now += 21 * MINUTE

    assert set(await office.needs()) == {
        AttentionKind.SMS_HELD,
        AttentionKind.RENT_OVERDUE,
        AttentionKind.POSSIBLE_ORPHAN,
    }


@pytest.mark.parametrize(
    ("name", "verdict", "kind"),
    [
        (WEBHOOKS, Verdict.FAIL, AttentionKind.NOT_SELLING),
        (MARKET, Verdict.FAIL, AttentionKind.KEY_REFUSED),
        (MARKET, Verdict.WARN, AttentionKind.MARKET_DOWN),
        (STORAGE, Verdict.FAIL, AttentionKind.STORAGE_FAILING),
    ],
)
async def test_problems_of_the_farm_itself_come_first(
    office: Office, name: str, verdict: Verdict, kind: AttentionKind
) -> None:
    await office.farm.seat(a_seen_sim(msisdn=None))

    office.health.report(name, verdict, problem("cause"))

    assert await office.needs() == [kind, AttentionKind.NUMBER_MISSING]


# Sales that stand still -----------------------------------------------------


async def first_need(office: Office) -> Attention:
    return (await office.overview()).attention[0]


async def unplug(office: Office, count: int, begin: int = 0) -> None:
    for place in range(begin, begin + count):
        await office.farm.phone(PhoneId(f"phone{place}@127.0.0.1:5037"), PhoneState.GONE)


async def test_farm_without_any_phone_is_an_alert_even_with_open_rents(office: Office) -> None:
    await office.farm.phones_with_sims(6)
    await office.farm.rent()
    await office.overview()
    begun = office.farm.clock()
    await unplug(office, 6)
    office.farm.clock.forward(60)

    overview = await office.overview()

    need = overview.attention[0]
    assert (need.kind, need.since, need.topic) == (AttentionKind.NOTHING_WORKS, begun, Topic.PHONES)
    assert len(need.keys) == 6
    assert (overview.counts.phones, overview.phones_of_farm, overview.numbers_working) == (0, 6, 0)


async def test_five_of_eight_unplugged_phones_are_a_shortage(office: Office) -> None:
    await office.farm.phones_with_sims(8)
    for place in range(5):
        office.farm.clock.forward(20)
        await unplug(office, 1, place)
    half_at = office.farm.clock() - timedelta(seconds=20)
    office.farm.clock.forward(60)

    overview = await office.overview()

    need = overview.attention[0]
    assert (need.kind, need.since) == (AttentionKind.FEW_WORK, half_at)
    assert need.shortage is not None
    assert (need.shortage.working, need.shortage.usual) == (3, 8)
    assert len(overview.attention) == 1
    assert len(overview.needing(Topic.PHONES)) == 5
    assert (overview.counts.phones, overview.phones_of_farm) == (3, 8)


async def test_unplugged_phone_is_an_alert_while_its_number_is_expected(office: Office) -> None:
    await office.farm.phones_with_sims(8)
    await unplug(office, 1)
    office.farm.clock.forward(119)
    assert await office.needs() == []

    office.farm.clock.forward(1)
    assert await office.needs() == [AttentionKind.PHONES_UNPLUGGED]

    office.farm.clock.forward(timedelta(days=7).total_seconds())
    assert await office.needs() == []
    assert (await office.overview()).phones_of_farm == 7


async def test_unplugged_phone_whose_sim_is_held_back_is_no_alert(office: Office) -> None:
    await office.farm.phones_with_sims(8)
    await unplug(office, 1)
    await office.farm.hold(f"89{0:018d}")
    office.farm.clock.forward(600)

    assert await office.needs() == []


async def test_farm_with_all_numbers_rented_has_no_shortage(office: Office) -> None:
    await office.farm.phones_with_sims(2)
    for _ in range(2):
        await office.farm.rent()
    office.farm.clock.forward(600)

    overview = await office.overview()

    assert overview.attention == ()
    assert (overview.counts.numbers_on_offer, overview.numbers_working) == (0, 2)


async def test_phones_that_alternate_between_two_problems_are_a_shortage(office: Office) -> None:
    await office.farm.phones_with_sims(1)
    for round_ in range(4):
        state = PhoneState.STARTING if round_ % 2 else PhoneState.FAILING
        await office.farm.phone(PhoneId("phone0@127.0.0.1:5037"), state)
        await office.overview()
        office.farm.clock.forward(30)

    assert (await first_need(office)).kind is AttentionKind.NOTHING_WORKS


async def test_shortage_by_missing_numbers_has_that_cause(office: Office) -> None:
    await office.farm.seat(a_seen_sim(msisdn=None))
    office.farm.clock.forward(60)

    need = await first_need(office)

    assert (need.kind, need.topic, need.keys) == (AttentionKind.NOTHING_WORKS, Topic.NUMBERS, (ICCID,))


async def test_adb_that_is_down_is_the_cause_and_not_its_missing_phones(office: Office) -> None:
    await office.farm.phones_with_sims(2)
    await unplug(office, 2)
    office.health.report(ADB, Verdict.FAIL, problem("connection refused"))
    office.farm.clock.forward(60)

    assert (await first_need(office)).health == problem("connection refused")


@pytest.mark.parametrize(
    ("obstacle", "kind", "topic"),
    [
        (Obstacle.KEY, AttentionKind.NOT_SELLING, Topic.SETTINGS),
        (Obstacle.PUSH_URL, AttentionKind.NOT_SELLING, Topic.SETTINGS),
        (Obstacle.CLOCK, AttentionKind.NOT_SELLING, Topic.OVERVIEW),
        (Obstacle.DATABASE, AttentionKind.STORAGE_FAILING, Topic.OVERVIEW),
    ],
)
async def test_closed_sales_gate_is_the_first_and_only_alert(
    office: Office, obstacle: Obstacle, kind: AttentionKind, topic: Topic
) -> None:
    await office.farm.phones_with_sims(1)
    office.health.report(MARKET, Verdict.FAIL, problem("HTTP 401"))
    office.health.report(STORAGE if obstacle is Obstacle.DATABASE else WEBHOOKS, Verdict.FAIL, problem("no"))
    office.closure = Closure(obstacle=obstacle, problem=problem("no"), since=NOON)

    needs = (await office.overview()).attention

    assert [need.kind for need in needs] == [kind, AttentionKind.KEY_REFUSED]
    assert (needs[0].health, needs[0].since, needs[0].topic) == (problem("no"), NOON, topic)


async def test_signal_of_a_sim_is_none_while_its_phone_is_not_read(office: Office) -> None:
    await office.farm.seat(a_seen_sim(signal=4, network_type="LTE"))
    before = await office.farm.one_sim(ICCID)

    await office.farm.phone(state=PhoneState.GONE)
    after = await office.farm.one_sim(ICCID)

    assert (before.signal, before.network_type) == (4, "LTE")
    assert (after.signal, after.network_type) == (None, "")


# Orders ---------------------------------------------------------------------


async def test_phone_gets_the_users_name_cut_and_on_one_line(office: Office) -> None:
    await office.farm.seat(a_seen_sim())

    await office.desk.name_phone(PHONE, "  top \n shelf " + "x" * 100)

    label = (await office.desk.rows(PHONES, [PHONE]))[0].label
    assert label.startswith("top shelf x")
    assert len(label) == 60
    assert (await office.desk.rows(SIMS, [ICCID]))[0].phone_label == label


async def test_empty_name_restores_the_model(office: Office) -> None:
    await office.farm.phone()
    await office.desk.name_phone(PHONE, "shelf")

    await office.desk.name_phone(PHONE, "")

    assert (await office.desk.rows(PHONES))[0].label == "R58M123"


async def test_unknown_phone_cannot_be_named(office: Office) -> None:
    with pytest.raises(KnownError, match="not in the database"):
        await office.desk.name_phone("nobody@nowhere:1", "x")


async def test_commands_of_the_window_change_rents_and_sims(office: Office) -> None:
    await office.farm.seat(a_seen_sim())

    await office.desk.set_ban(ICCID, timedelta(hours=2))
    banned = (await office.desk.rows(BANS))[0]
    await office.desk.lift_ban(ICCID)
    await office.desk.hold_back(ICCID, "antenna")
    held = (await office.desk.rows(SIMS))[0].standing
    await office.desk.release(ICCID)
    await office.desk.set_number(ICCID, f"+{OTHER_NUMBER}")

    assert banned.by_hand
    assert held is SimStanding.HELD_BACK
    assert (await office.desk.rows(SIMS))[0].msisdn == OTHER_NUMBER
    assert sentences(await office.desk.timeline(Topic.SIMS, ICCID))[-1] == f"Number entered by you: +{OTHER_NUMBER}"


async def test_numbers_and_networks_are_set_at_the_desk(office: Office) -> None:
    farm, received = office.farm, list[Changes]()
    office.desk.subscribe(received.append)
    await farm.seat(a_seen_sim(msisdn=None, mcc_mnc="99901"))
    await farm.sms(body=f"Your number is +{OTHER_NUMBER}")
    found = (await office.desk.rows(NUMBER_TASKS))[0].found

    await office.desk.accept_number(ICCID, found)
    await office.desk.name_network("99901", "russia", "mts")
    farm.tables["file"] = [NumberEntry(iccid=OTHER_ICCID, msisdn=OTHER_NUMBER)]
    said = await office.desk.import_numbers("file")
    problems = await office.desk.save_number_patterns([NumberPattern(text="x")])
    await asyncio.sleep(0.2)

    assert (await office.desk.rows(SIMS))[0].standing is SimStanding.ON_OFFER
    assert (await office.desk.rows(NETWORKS))[0].source == "yours"
    assert said.summary.startswith("1 imported")
    assert len(problems) == 1
    assert list(await office.desk.number_patterns()) == list(await office.desk.built_in_number_patterns())
    assert (await office.desk.timeline(Topic.NUMBERS, ICCID)) == (await office.desk.timeline(Topic.SIMS, ICCID))
    assert any(Topic.NUMBERS in changes.keys for changes in received)


async def test_keys_select_the_rows_and_unknown_keys_none(office: Office) -> None:
    await office.farm.phones_with_sims(3)
    phones = [row.phone_id for row in await office.desk.rows(PHONES)]

    assert [row.phone_id for row in await office.desk.rows(PHONES, phones[:1])] == phones[:1]
    assert list(await office.desk.rows(PHONES, [])) == []
    assert list(await office.desk.rows(RENTS, ["999"])) == []
    assert list(await office.desk.timeline(Topic.RENTS, "not a number")) == []


async def test_many_readers_at_once_are_all_answered(office: Office) -> None:
    await office.farm.phones_with_sims(10)

    overviews = await asyncio.gather(*(office.overview() for _ in range(20)))

    assert {overview.counts.sims for overview in overviews} == {10}


async def test_refused_settings_are_returned_as_problems(office: Office) -> None:
    problems = await office.desk.save_settings({"data_dir": "/x"})

    assert [problem.name for problem in problems] == ["data_dir"]
