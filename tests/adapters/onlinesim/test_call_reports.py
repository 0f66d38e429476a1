"""Each call is reported after its answer, with what happened and why, and with nothing secret in it."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from quart import Quart

from phonefarm.adapters.asgi import Application, Message, Receive, Scope, Send
from phonefarm.adapters.onlinesim.call_reports import CallReporter
from phonefarm.adapters.onlinesim.logged_json import TOO_LONG, logged_answer
from phonefarm.adapters.onlinesim.rate_limiter import RateLimiter
from phonefarm.adapters.onlinesim.webhooks import Webhooks
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.log.call_log import CallLog
from phonefarm.domain.allocation import Order
from phonefarm.domain.calls import HIDDEN_KEY, HIDDEN_TEXT, Call, CallKind, Outcome
from phonefarm.domain.ids import RentId
from tests.application.stored_farm import StoredFarm
from tests.builders import NOON, NUMBER, a_seen_sim
from tests.fakes.storage import BrittleStorage

KEY = "planted-partner-key-5e1f"
GET_SERVICES = {"action": "GET_SERVICES", "key": KEY}
GET_NUMBER = {"action": "GET_NUMBER", "service": "rent", "sum": 320, "key": KEY}
FINISH = {"action": "FINISH_ACTIVATION", "service": "rent", "activationId": 10_001, "status": 3, "key": KEY}


class Market:
    """Calls the webhooks of a stored farm through the whole stack, and keeps what was reported."""

    def __init__(self, database: Database, **choices: Any) -> None:
        self.storage = BrittleStorage(database)
        self.farm = StoredFarm(self.storage)
        self.reports: list[Call] = []
        self.order: list[str] = []
        middleware = Webhooks(
            self.farm.rentals,
            lambda: KEY,
            self.farm.clock,
            {},
            require_bearer=False,
            was_delivered=lambda _scope: True,
            has_disconnected=lambda _scope: False,
            reporter=CallReporter(self._report, lambda: KEY, self.farm.clock),
            **choices,
        ).app()
        quart = middleware._app
        assert isinstance(quart, Quart)
        self._client = quart.test_client()
        middleware._app = cast(Application, quart.asgi_app)

        async def through_middleware(scope: Scope, receive: Receive, send: Send) -> None:
            async def noted(message: Message) -> None:
                self.order.append(message["type"])
                await send(message)

            await middleware(scope, receive, noted)

        quart.asgi_app = through_middleware  # type: ignore[assignment]

    def _report(self, call: Call) -> None:
        self.order.append("report")
        self.reports.append(call)

    async def post(self, path: str, body: Any) -> Call:
        """The report of one call."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self._client.post(path, data=data, headers={"Content-Type": "application/json"})
        (report,) = self.reports
        self.reports.clear()
        return report


@pytest.fixture
def market(database: Database) -> Market:
    return Market(database)


async def test_an_offer_is_reported_with_its_figures(market: Market) -> None:
    await market.farm.phones_with_sims(3)

    report = await market.post("/getServicesRent", GET_SERVICES)

    assert (report.kind, report.outcome, report.status) == (CallKind.SERVICES, Outcome.OFFERED, 200)
    assert report.fields == {"numbers": 3, "countries": 1}
    assert (report.at, report.path) == (NOON, "/getServicesRent")
    assert report.milliseconds is not None


async def test_a_report_comes_after_the_last_byte_of_the_answer(market: Market) -> None:
    await market.post("/getServicesRent", GET_SERVICES)

    assert market.order[-1] == "report"
    assert market.order[0] == "http.response.start"


async def test_the_request_and_the_response_are_kept_and_the_key_is_not(market: Market) -> None:
    report = await market.post("/getServicesRent", GET_SERVICES | {"note": f"again {KEY}"})

    assert json.loads(report.request) == {
        "action": "GET_SERVICES",
        "key": HIDDEN_KEY,
        "note": f"again {HIDDEN_KEY}",
    }
    assert json.loads(report.response) == {"status": "SUCCESS", "countryList": []}
    assert KEY not in repr(report) + report.request + report.response


async def test_an_issued_number_is_reported_with_its_rent(market: Market) -> None:
    await market.farm.seat(a_seen_sim())

    report = await market.post("/getNumberRent", GET_NUMBER)

    assert (report.kind, report.outcome, report.rent_id) == (CallKind.ORDER, Outcome.ISSUED, RentId(10_001))
    assert report.fields == {"number": NUMBER}


async def test_an_order_costs_no_commit_more_than_without_a_log(market: Market) -> None:
    await market.farm.seat(a_seen_sim())
    log = CallLog(market.storage, market.farm.announcer, market.farm.clock)
    before = market.storage.writes

    log.note(await market.post("/getNumberRent", GET_NUMBER))

    assert market.storage.writes - before == 2  # the rent, and that its answer was sent


async def test_an_order_without_a_number_says_what_was_asked_for(market: Market) -> None:
    report = await market.post("/getNumberRent", GET_NUMBER | {"country": "Ukraine", "operator": "lifecell"})

    assert (report.outcome, report.fields) == (Outcome.NO_NUMBER, {"country": "Ukraine", "operator": "lifecell"})
    assert report.order == Order(country="Ukraine", operator="lifecell")


async def test_an_order_while_nothing_is_sold_says_so(market: Market) -> None:
    market.farm.selling = False

    assert (await market.post("/getNumberRent", GET_NUMBER)).outcome is Outcome.NOT_SELLING
    assert (await market.post("/getServicesRent", GET_SERVICES)).outcome is Outcome.NOT_SELLING


async def test_a_database_that_fails_is_the_reason_of_an_order_without_a_number(market: Market) -> None:
    market.storage.broken = True

    report = await market.post("/getNumberRent", GET_NUMBER)

    assert (report.outcome, report.status) == (Outcome.DATABASE, 503)
    assert "disk full" in str(report.fields["cause"])


async def test_a_finish_is_reported_with_its_status_and_unknown_rents_are_told_apart(market: Market) -> None:
    await market.farm.seat(a_seen_sim())
    await market.post("/getNumberRent", GET_NUMBER)

    known = await market.post("/finishActivationRent", FINISH | {"sum": 410.5})
    unknown = await market.post("/finishActivationRent", FINISH | {"activationId": 999})

    assert (known.kind, known.outcome, known.rent_id) == (CallKind.FINISH, Outcome.FINISHED, RentId(10_001))
    assert known.fields == {"status": 3, "sum": "410.5"}
    assert (unknown.outcome, unknown.rent_id) == (Outcome.RENT_UNKNOWN, RentId(999))


async def test_of_a_call_with_a_wrong_key_nothing_that_was_sent_is_kept(market: Market) -> None:
    report = await market.post("/getNumberRent", GET_NUMBER | {"key": "secret-of-somebody"})

    assert (report.kind, report.outcome, report.status) == (CallKind.WRONG_KEY, Outcome.WRONG_KEY, 401)
    assert (report.request, report.path) == ("", "/getNumberRent")
    assert "secret-of-somebody" not in repr(report) + report.response


async def test_a_stranger_who_calls_too_often_stays_in_the_group_of_wrong_keys(database: Database) -> None:
    limiter = RateLimiter(calls_per_second=200, wrong_keys_per_minute=1, now=lambda: 0.0)
    market = Market(database, rate_limiter=limiter)
    reports = [await market.post("/getNumberRent", GET_NUMBER | {"key": "x"}) for _ in range(4)]

    assert {report.kind for report in reports} == {CallKind.WRONG_KEY}
    assert (reports[-1].outcome, reports[-1].status) == (Outcome.TOO_MANY, 429)


async def test_a_bad_field_is_reported_with_its_reason_and_request(market: Market) -> None:
    report = await market.post("/getNumberRent", GET_NUMBER | {"sum": "much"})

    assert (report.kind, report.outcome, report.status) == (CallKind.BAD_REQUEST, Outcome.BAD_REQUEST, 400)
    assert report.fields == {"reason": "sum must be a number"}
    assert json.loads(report.request)["sum"] == "much"


async def test_what_is_not_json_is_reported_without_its_text(market: Market) -> None:
    report = await market.post("/getNumberRent", b"secret-of-somebody")

    assert (report.kind, report.request) == (CallKind.BAD_REQUEST, "")


async def test_a_call_to_the_shared_path_is_of_its_actions_kind(database: Database) -> None:
    market = Market(database, shared_path="/onlinesim")

    assert (await market.post("/onlinesim", GET_SERVICES)).kind is CallKind.SERVICES


# Answers to pushes --------------------------------------------------------------------

TEXT = "Ваш код 48-29: 482913."


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"status": "ERROR", "echo": TEXT}),
        json.dumps({"status": "ERROR", "echo": "482913"}),
        json.dumps({"status": "ERROR", "echo": TEXT}, ensure_ascii=False),
        f"<p>{TEXT}</p>",
        f"<p>{TEXT.replace('8', '&#56;')}</p>",
        json.dumps({"key": KEY}),
        "482913" * 1000,
    ],
)
def test_an_answer_that_repeats_the_message_or_the_key_is_kept_without_them(answer: str) -> None:
    kept = logged_answer(answer, KEY, TEXT)

    assert kept
    for secret in (TEXT, "482913", "48-29", KEY):
        assert secret not in kept


def test_an_ordinary_answer_is_kept_as_it_is() -> None:
    assert logged_answer('{"status": "ERROR", "error": "NO_OPERATION"}', KEY, TEXT) == (
        '{"status": "ERROR", "error": "NO_OPERATION"}'
    )
    assert logged_answer("x" * 4001, KEY, TEXT) == TOO_LONG
    assert HIDDEN_TEXT in logged_answer(TEXT, KEY, TEXT)
