"""The virtual market receives pushes, calls the webhooks, and records every violation of the protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from phonefarm.simulation.answers import AnswerPolicy, Outcome, PlannedAnswer, Shape, render_answer
from phonefarm.simulation.control import ControlServer, market_routes
from phonefarm.simulation.market import Market
from phonefarm.simulation.partner import PartnerFailed, offer_faults
from tests.simulation.fake_partner import FakePartner

KEY = "a-key"
NUMBERS = ("79150000001", "79150000002")


@pytest.fixture
async def partner() -> AsyncIterator[FakePartner]:
    async with FakePartner(KEY, NUMBERS) as partner:
        yield partner


@pytest.fixture
async def market(partner: FakePartner) -> AsyncIterator[Market]:
    policy = AnswerPolicy(hang_seconds=30.0)
    async with Market(partner.url, KEY, policy=policy, answer_within=1.0) as market:
        partner.push_url = market.push_url
        yield market


async def a_rent(market: Market) -> int:
    rent = await market.order("russia")
    assert rent is not None
    return rent.rent_id


def violations(market: Market) -> list[str]:
    return [violation.what for violation in market.record.violations]


async def test_a_push_for_an_open_rent_is_accepted_and_recorded_without_the_key(
    market: Market, partner: FakePartner
) -> None:
    rent_id = await a_rent(market)

    status = await partner.push(partner.message(rent_id, "code"))

    assert status == 200
    assert market.record.delivered() == {(rent_id, "code"): 1}
    assert violations(market) == []
    assert KEY not in market.record.dumps()


async def test_a_push_without_rent_or_after_its_end_is_no_operation(market: Market, partner: FakePartner) -> None:
    rent_id = await a_rent(market)
    await market.finish(rent_id, 3, 870)

    after_end = await partner.push(partner.message(rent_id, "code"))
    never_issued = await partner.push(partner.message(77, "code"))

    assert (after_end, never_issued) == (404, 404)
    assert [push.token for push in market.record.pushes] == ["NO_OPERATION", "NO_OPERATION"]


async def test_a_push_that_overtakes_the_answer_to_its_order_waits_for_it(market: Market, partner: FakePartner) -> None:
    async with asyncio.TaskGroup() as work:
        ordering = work.create_task(market.order("russia"))
        pushing = work.create_task(partner.push(partner.message(1, "code", phone=NUMBERS[0])))

    assert ordering.result() is not None
    assert pushing.result() == 200


@pytest.mark.parametrize(
    ("changed", "violation"),
    [
        ({"smsId": "1"}, "smsId is str, not int"),
        ({"smsId": True}, "smsId is bool, not int"),
        ({"phone": 79150000001}, "phone is int, not str"),
        ({"phone": "+79150000001"}, "phone is not digits only"),
        ({"text": None}, "text is NoneType, not str"),
        ({"service": "RENT"}, "service is RENT"),
        ({"action": "PUSH"}, "action is PUSH"),
        ({"extra": 1}, "unknown field extra"),
    ],
)
async def test_a_wrong_field_is_a_violation(
    market: Market, partner: FakePartner, changed: dict[str, Any], violation: str
) -> None:
    rent_id = await a_rent(market)

    await partner.push(partner.message(rent_id, "code") | changed)

    assert violation in violations(market)
    assert not market.record.delivered()


async def test_a_wrong_key_is_401(market: Market, partner: FakePartner) -> None:
    assert await partner.push(partner.message(1, "code", key="other")) == 401


@pytest.mark.parametrize("outcome", [Outcome.HANG, Outcome.CUT])
async def test_an_attempt_without_an_answer_is_not_accepted(
    market: Market, partner: FakePartner, outcome: Outcome
) -> None:
    rent_id = await a_rent(market)
    market.policy.script(outcome)

    first = await partner.push(partner.message(rent_id, "code"))
    second = await partner.push(partner.message(rent_id, "code"))

    assert (first, second) == (None, 200)
    assert market.record.delivered() == {(rent_id, "code"): 1}
    assert market.record.repeated_after_200() == []


async def test_a_repeat_is_counted_after_200_but_not_after_a_lost_answer(market: Market, partner: FakePartner) -> None:
    rent_id = await a_rent(market)
    market.policy.script(Outcome.ANSWER_LOST)

    statuses = [await partner.push(partner.message(rent_id, "code")) for _ in range(3)]

    assert statuses == [None, 200, 200]
    assert [push.number for push in market.record.repeated_after_200()] == [3]


@pytest.mark.parametrize(
    ("planned", "status", "body"),
    [
        (PlannedAnswer(outcome=Outcome.NO_OPERATION, shape=Shape.TEXT), 404, "NO_OPERATION"),
        (PlannedAnswer(outcome=Outcome.BAD_SERVICE, shape=Shape.STATUS), 400, '{"status": "BAD_SERVICE"}'),
        (
            PlannedAnswer(outcome=Outcome.IGNORED, shape=Shape.RESPONSE, http_status=200),
            200,
            '{"status": "ERROR", "response": "IGNORED"}',
        ),
        (PlannedAnswer(outcome=Outcome.NO_OP, shape=Shape.LOWER_CASE), 404, '{"status": "ERROR", "error": "no_op"}'),
        (PlannedAnswer(outcome=Outcome.STATUS_ERROR), 200, '{"status": "ERROR"}'),
        (PlannedAnswer(outcome=Outcome.UNAUTHORIZED), 401, '{"response": "ERROR_WRONG_KEY"}'),
    ],
)
def test_refusals_come_in_many_shapes(planned: PlannedAnswer, status: int, body: str) -> None:
    answer = render_answer(planned)

    assert (answer.status, answer.body) == (status, body)


def test_too_many_requests_name_a_time_to_wait() -> None:
    answer = render_answer(PlannedAnswer(outcome=Outcome.TOO_MANY, retry_after=20))

    assert (answer.status, dict(answer.headers)) == (429, {"Retry-After": "20"})


def test_chances_are_the_same_for_the_same_seed() -> None:
    chances = {Outcome.ERROR_500: 0.3, Outcome.CUT: 0.3}
    first, second = (AnswerPolicy(seed=9, chances=chances) for _ in range(2))

    drawn = [[policy.choose(correct=Outcome.ACCEPT).outcome for _ in range(50)] for policy in (first, second)]

    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == {Outcome.ACCEPT, Outcome.ERROR_500, Outcome.CUT}


async def test_services_are_read_and_orders_and_finishes_succeed(market: Market) -> None:
    offer = await market.services()
    first, second, third = [await market.order("russia", "mts", price=320.5) for _ in range(3)]
    assert first is not None
    assert second is not None
    finished = [await market.finish(first.rent_id, status) for status in (3, 3, 5)]

    assert offer == {"russia": {"any": 2, "mts": 2}}
    assert third is None
    assert finished == [True, True, True]
    assert violations(market) == []


@pytest.mark.parametrize(
    ("answer", "violation"),
    [
        ({"number": "79150000001", "activationId": 1}, "number is str, not an integer"),
        ({"number": 79150000001, "activationId": True}, "activationId is bool, not an integer"),
        ({"number": 79150000001, "activationId": 0}, "activationId 0 is out of range"),
    ],
)
async def test_an_issued_number_of_a_wrong_type_is_a_violation(
    market: Market, partner: FakePartner, answer: dict[str, Any], violation: str
) -> None:
    partner.answers["/getNumberRent"] = {"status": "SUCCESS"} | answer

    rent = await market.order("russia")

    assert rent is None
    assert violations(market) == [violation]


async def test_a_number_issued_twice_or_although_excluded_is_a_violation(market: Market, partner: FakePartner) -> None:
    partner.answers["/getNumberRent"] = {"status": "SUCCESS", "number": 79150000001, "activationId": 5}

    await market.order("russia")
    await market.order("russia", without_prefixes=[7915])

    assert violations(market) == [
        "activationId 5 was issued before",
        "79150000001 is already rented",
        "79150000001 starts with the excluded 7915",
    ]


def test_any_must_be_the_sum_of_the_operators() -> None:
    operators = {"any": {"rent": 3}, "mts": {"rent": 1}, "beeline": {"rent": 1}}

    faults = offer_faults({"status": "SUCCESS", "countryList": [{"country": "russia", "operatorMap": operators}]})

    assert faults == ["russia: any is 3, the sum is 2"]


async def test_a_wrong_content_type_is_a_violation(market: Market, partner: FakePartner) -> None:
    rent_id = await a_rent(market)
    body = json.dumps(partner.message(rent_id, "code"))

    async with (
        aiohttp.ClientSession() as session,
        session.post(market.push_url, data=body, headers={"Content-Type": "application/json"}) as response,
    ):
        status = response.status

    assert status == 200
    assert violations(market) == ["Content-Type is 'application/json'"]


async def test_an_unreachable_partner_is_a_failed_call_and_no_violation() -> None:
    async with Market("http://127.0.0.1:9", KEY) as market:
        with pytest.raises(PartnerFailed):
            await market.services()

        assert market.record.counts()["calls_failed"] == 1
        assert violations(market) == []


async def test_the_control_orders_scripts_answers_and_reports(market: Market, partner: FakePartner) -> None:
    script = {"script": [{"outcome": "BAD_SERVICE", "shape": "text"}]}
    async with (
        ControlServer(market_routes(market), ("127.0.0.1", 0)) as control,
        aiohttp.ClientSession() as session,
    ):
        async with session.post(f"{control.url}/order", json={"country": "russia"}) as response:
            issued = await response.json()
        async with session.post(f"{control.url}/policy", json=script) as response:
            policy = await response.json()
        await partner.push(partner.message(issued["rent_id"], "code"))
        async with session.post(f"{control.url}/finish", json={"rent_id": issued["rent_id"], "status": 4}) as response:
            finished = await response.json()
        async with session.get(f"{control.url}/summary") as response:
            summary = await response.json()

    assert issued["msisdn"] == NUMBERS[0]
    assert policy["scripted_left"] == 1
    assert finished == {"success": True}
    assert (summary["pushes_refused"], summary["rents_open"]) == (1, 0)


async def test_requests_may_be_gzipped(partner: FakePartner) -> None:
    async with Market(partner.url, KEY, gzips=True) as market:
        assert await market.order("russia") is not None


async def test_waiting_for_pushes_has_a_deadline(market: Market) -> None:
    with pytest.raises(TimeoutError):
        await market.wait_for_pushes(1, within=0.05)
