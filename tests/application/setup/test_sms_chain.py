"""The test SMS walks the whole chain and leaves no trace: the database is the same to the byte, and so is the offer."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.read_models import Grouping, PhoneState, PushState
from phonefarm.application.model.setup_state import Link, PushAnswer, SmsChainResult
from phonefarm.application.trade.rentals import Issued
from phonefarm.domain.allocation import Order
from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.errors import KnownError
from phonefarm.domain.push_tests import TEST_RENT_ID, TEST_SENDER, TEST_TEXT
from phonefarm.domain.pushes import FinalRefusal, KeyRefused
from phonefarm.domain.rents import FinishStatus
from tests.application.desk.office import Office
from tests.builders import HOUR, ICCID, NOON, OTHER_ICCID, OTHER_NUMBER, PHONE, a_seen_sim

ALL_LINKS = list(Link)


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database)
    office.channel.always = FinalRefusal(token="NO_OPERATION")
    return office


def whole_database(file: Path) -> dict[str, list[Any]]:
    """Every row of every table, that of the sequence of ids included."""
    with closing(sqlite3.connect(file)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}


def links_of(walked: SmsChainResult) -> list[Link]:
    return [result.link for result in walked.links]


async def test_every_link_is_walked_and_passed(office: Office) -> None:
    await office.farm.seat(a_seen_sim())

    result = await office.setup.test_sms(ICCID)

    assert links_of(result) == ALL_LINKS
    assert result.failed_link is None


async def test_each_of_two_sims_of_a_phone_gets_its_own_message(office: Office) -> None:
    await office.farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=OTHER_NUMBER))

    result = await office.setup.test_sms(OTHER_ICCID)

    assert result.failed_link is None


async def test_nothing_in_the_database_changes(office: Office, database_file: Path) -> None:
    farm = office.farm
    await farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=OTHER_NUMBER))
    await farm.fail_rent()
    rent_id = await farm.rent()
    await farm.sms()
    await farm.rentals.finish(rent_id, FinishStatus.SOLD, Decimal(320))
    before = whole_database(database_file)

    result = await office.setup.test_sms(OTHER_ICCID)

    assert result.failed_link is None
    assert whole_database(database_file) == before


async def test_offer_counts_money_and_bans_stay_as_they_were(office: Office) -> None:
    farm = office.farm
    await farm.seat(a_seen_sim())
    for _ in range(2):
        await farm.fail_rent()

    async def figures() -> tuple[Any, ...]:
        overview = await office.overview()
        sim = await farm.one_sim(ICCID)
        money = await office.desk.money(Grouping.SIM, NOON - HOUR, farm.clock() + HOUR)
        return (
            await farm.rentals.offer(),
            overview.counts,
            overview.sms_today,
            overview.income_today,
            (sim.standing, sim.unused_in_a_row, sim.rents_total, sim.income_total, sim.last_rented_at),
            money,
        )

    before = await figures()

    await office.setup.test_sms(ICCID)

    assert await figures() == before


async def test_market_hears_of_one_push_for_a_rent_that_cannot_exist(office: Office) -> None:
    await office.farm.seat(a_seen_sim())

    await office.setup.test_sms(ICCID)

    assert [(message.rent_id, message.text) for message in office.channel.attempts] == [(TEST_RENT_ID, TEST_TEXT)]


async def test_next_rent_and_its_message_go_their_usual_way(office: Office) -> None:
    farm = office.farm
    await farm.seat(a_seen_sim())
    await office.setup.test_sms(ICCID)

    await farm.rent()
    intake = await farm.sms(body="Your code is 4821")

    assert [await farm.push_state(sms_id) for sms_id in intake.pushes] == [PushState.WAITING]


async def test_sim_that_is_rented_is_not_tested(office: Office, database_file: Path) -> None:
    await office.farm.seat(a_seen_sim())
    await office.farm.rent()
    before = whole_database(database_file)

    with pytest.raises(KnownError, match="is open on this SIM"):
        await office.setup.test_sms(ICCID)

    assert whole_database(database_file) == before


async def test_sim_without_a_number_says_what_to_do(office: Office) -> None:
    await office.farm.seat(a_seen_sim(msisdn=None))

    with pytest.raises(KnownError, match="enter it first"):
        await office.setup.test_sms(ICCID)


async def test_phone_whose_inbox_was_never_read_is_waited_for(office: Office) -> None:
    await office.farm.phone(state=PhoneState.STARTING)
    await office.farm.inventory.take_stock(PHONE, [a_seen_sim()])

    with pytest.raises(KnownError, match="has not been read yet"):
        await office.setup.test_sms(ICCID)


async def test_blocked_sender_fails_the_intake_with_its_cause(office: Office) -> None:
    await office.farm.seat(a_seen_sim())
    await office.privacy.save_senders([BlockedSender(pattern=TEST_SENDER, what="test")])

    result = await office.setup.test_sms(ICCID)

    assert links_of(result) == [Link.READ, Link.INTAKE]
    assert result.failed_link is Link.INTAKE
    assert "blocked senders" in result.links[-1].cause


async def test_refused_key_fails_the_last_link(office: Office) -> None:
    await office.farm.seat(a_seen_sim())
    office.channel.always = KeyRefused(http_status=401)

    result = await office.setup.test_sms(ICCID)

    assert result.failed_link is Link.MARKET
    last = result.links[-1].push
    assert last is not None
    assert last.answer is PushAnswer.KEY_REFUSED


async def test_without_a_push_url_the_chain_ends_with_the_body(office: Office) -> None:
    await office.farm.seat(a_seen_sim())

    result = await office.setup_guide(push_url="").test_sms(ICCID)

    assert links_of(result) == ALL_LINKS[:-1]
    assert office.channel.attempts == []


async def test_phone_whose_clock_is_wrong_passes(office: Office) -> None:
    farm = office.farm
    await farm.phone()
    await farm.inventory.take_stock(PHONE, [a_seen_sim()])
    await farm.look(clock_skew=timedelta(hours=-3))

    result = await office.setup.test_sms(ICCID)

    assert result.failed_link is None


async def test_order_that_comes_at_the_same_time_gets_the_number(office: Office) -> None:
    await office.farm.seat(a_seen_sim())

    _, issued = await asyncio.gather(office.setup.test_sms(ICCID), office.farm.issue(Order()), return_exceptions=True)

    assert isinstance(issued, Issued)
