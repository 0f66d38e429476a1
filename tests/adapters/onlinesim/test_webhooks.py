"""The three webhooks over real books: key first, exact answers, and bad input changes nothing."""

from __future__ import annotations

import asyncio
import gzip
import json
from datetime import datetime
from typing import Any

import pytest
from quart import Quart

from phonefarm.adapters.onlinesim.webhooks import JSON_TYPE, MOST_BODY_BYTES, PROBE_PATH, Webhooks
from phonefarm.adapters.storage.database import Database
from phonefarm.domain.rents import FinishStatus
from tests.application.books import Books
from tests.builders import ICCID, NOON, NUMBER, a_seen_sim
from tests.fakes.storage import BrittleStorage
from tests.waiting import until

KEY = "planted-partner-key-5e1f"
PATHS: dict[str, dict[str, Any]] = {
    "/getServicesRent": {"action": "GET_SERVICES"},
    "/getNumberRent": {"action": "GET_NUMBER", "service": "rent", "sum": 320},
    "/finishActivationRent": {"action": "FINISH_ACTIVATION", "service": "rent", "activationId": 10_001, "status": 3},
}


class Desk:
    """The webhooks over a farm's books, and the market that calls them."""

    def __init__(self, database: Database, *, require_bearer: bool = False) -> None:
        self.storage = BrittleStorage(database)
        self.books = Books(self.storage)
        self.key: str | None = KEY
        self.clock_looks = 0
        webhooks = Webhooks(
            self.books.rentals, lambda: self.key, self._clock, {"7": "russia"}, require_bearer=require_bearer
        )
        self.app = webhooks.app()

    def _clock(self) -> datetime:
        self.clock_looks += 1
        return self.books.clock()

    @property
    def quart(self) -> Quart:
        quart = self.app._app
        assert isinstance(quart, Quart)
        return quart

    @property
    def market(self) -> Any:
        return self.quart.test_client()

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """Status and JSON of a call; every answer must say that it is JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await self.market.post(path, data=data, headers={"Content-Type": JSON_TYPE, **headers})
        assert answer.headers.getlist("Content-Type") == ["application/json; charset=utf-8"]
        return answer.status_code, json.loads(await answer.get_data())

    async def call(self, path: str, **fields: Any) -> tuple[int, Any]:
        return await self.post(path, PATHS[path] | {"key": KEY} | fields)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


# Answers --------------------------------------------------------------------------


async def test_services_are_counted_by_country_and_operator_with_any_as_the_sum(desk: Desk) -> None:
    await desk.books.farm(3)

    assert await desk.call("/getServicesRent") == (
        200,
        {
            "status": "SUCCESS",
            "countryList": [{"country": "russia", "operatorMap": {"any": {"rent": 3}, "mts": {"rent": 3}}}],
        },
    )


async def test_farm_without_numbers_says_so_with_success(desk: Desk) -> None:
    assert await desk.call("/getServicesRent") == (200, {"status": "SUCCESS", "countryList": []})


async def test_number_is_issued_with_integers(desk: Desk) -> None:
    await desk.books.seat(a_seen_sim())

    status, answer = await desk.call("/getNumberRent", country="Russia", operator="any", exceptionPhoneSet=[46950])

    assert (status, answer) == (200, {"status": "SUCCESS", "number": int(NUMBER), "activationId": 10_001})
    assert [type(answer[name]) for name in ("number", "activationId")] == [int, int]


async def test_no_number_is_an_error_without_number_or_id(desk: Desk) -> None:
    assert await desk.call("/getNumberRent") == (200, {"status": "ERROR", "error": "NO_NUMBERS"})


async def test_excluded_prefix_is_never_issued(desk: Desk) -> None:
    await desk.books.seat(a_seen_sim())

    assert (await desk.call("/getNumberRent", exceptionPhoneSet=["+7 92"]))[1]["error"] == "NO_NUMBERS"


async def test_thirty_orders_at_once_get_thirty_different_numbers(desk: Desk) -> None:
    await desk.books.farm(30)

    answers = await asyncio.gather(*(desk.call("/getNumberRent") for _ in range(30)))

    assert len({answer["number"] for _, answer in answers}) == 30
    assert len({answer["activationId"] for _, answer in answers}) == 30


async def test_finish_is_answered_alike_however_often_it_comes(desk: Desk) -> None:
    await desk.books.seat(a_seen_sim())
    await desk.call("/getNumberRent")

    for _ in range(3):
        assert await desk.call("/finishActivationRent", sum=870) == (200, {"status": "SUCCESS"})

    assert (await desk.books.one_rent(10_001)).finish_status is FinishStatus.SOLD


async def test_unknown_activation_is_an_error(desk: Desk) -> None:
    assert await desk.call("/finishActivationRent", activationId=77) == (
        200,
        {"status": "ERROR", "error": "unknown activationId"},
    )


async def test_gzip_body_is_understood(desk: Desk) -> None:
    body = gzip.compress(json.dumps(PATHS["/getServicesRent"] | {"key": KEY}).encode())

    status, _ = await desk.post("/getServicesRent", body, **{"Content-Encoding": "gzip"})

    assert status == 200


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"no gzip", "gzip", 400),
        (gzip.compress(b"{}" * 100)[:-9], "gzip", 400),
        (gzip.compress(b" " * 10_000_000), "gzip", 413),
        (b"{}", "br", 415),
    ],
    ids=["no gzip", "cut", "bomb", "other"],
)
async def test_body_packed_badly_is_refused(desk: Desk, body: bytes, encoding: str, status: int) -> None:
    assert (await desk.post("/getServicesRent", body, **{"Content-Encoding": encoding}))[0] == status


# The key ----------------------------------------------------------------------------

WRONG_KEYS: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {}),
    ({"key": None}, {}),
    ({"key": ""}, {}),
    ({"key": 5}, {}),
    ({"key": [KEY]}, {}),
    ({"key": KEY[:-1]}, {}),
    ({"key": KEY + "x"}, {}),
    ({"key": KEY.upper()}, {}),
    ({"key": "\ud800"}, {}),
    ({}, {"Authorization": f"Bearer {KEY}"}),
    ({"key": KEY}, {"Authorization": "Bearer other"}),
    ({"key": KEY}, {"Authorization": KEY}),
    ({"key": KEY}, {"Authorization": ""}),
    ({"key": KEY}, {"Authorization": f"Basic {KEY}"}),
]


async def test_every_route_but_the_probe_demands_the_key(desk: Desk) -> None:
    await desk.books.seat(a_seen_sim())
    routes = {str(rule): rule.methods for rule in desk.quart.url_map.iter_rules()}

    assert set(routes) == {*PATHS, PROBE_PATH}
    for path in set(routes) - {PROBE_PATH}:
        assert routes[path] == {"POST"}
        for fields, headers in WRONG_KEYS:
            answer = await desk.post(path, PATHS[path] | fields, **headers)
            assert answer == (401, {"status": "ERROR", "error": "wrong key"}), (path, fields, headers)
    assert (await desk.books.counts()).rents_open == 0


@pytest.mark.parametrize("key", [None, ""])
async def test_farm_without_a_key_lets_nobody_in(desk: Desk, key: str | None) -> None:
    desk.key = key

    for given in ("", None, KEY):
        assert (await desk.call("/getServicesRent", key=given))[0] == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_bearer_that_says_the_same_is_welcome(desk: Desk, scheme: str) -> None:
    body = PATHS["/getServicesRent"] | {"key": KEY}

    assert (await desk.post("/getServicesRent", body, Authorization=f"{scheme} {KEY}"))[0] == 200


async def test_bearer_can_be_demanded(database: Database) -> None:
    strict = Desk(database, require_bearer=True)
    body = PATHS["/getServicesRent"] | {"key": KEY}

    assert (await strict.post("/getServicesRent", body))[0] == 401
    assert (await strict.post("/getServicesRent", body, Authorization=f"Bearer {KEY}"))[0] == 200


async def test_wrong_key_is_refused_before_anything_else_is_looked_at(desk: Desk) -> None:
    assert (await desk.post("/getNumberRent", {"action": "nonsense", "sum": "x"}))[0] == 401


# Refusals ---------------------------------------------------------------------------

BAD: list[tuple[str, dict[str, Any]]] = [
    ("/getServicesRent", {"action": "GET_NUMBER"}),
    ("/getNumberRent", {"sum": "320"}),
    ("/getNumberRent", {"service": "vk"}),
    ("/getNumberRent", {"country": [7]}),
    ("/getNumberRent", {"exceptionPhoneSet": "7928"}),
    ("/finishActivationRent", {"activationId": "10001"}),
    ("/finishActivationRent", {"activationId": True}),
    ("/finishActivationRent", {"status": 9}),
    ("/finishActivationRent", {"sum": "x"}),
]


async def test_bad_input_is_refused_and_changes_nothing(desk: Desk) -> None:
    await desk.books.seat(a_seen_sim())
    await desk.books.rent()
    before = await books_as_they_stand(desk)

    for path, fields in BAD:
        status, answer = await desk.call(path, **fields)
        assert (status, answer["status"]) == (400, "ERROR"), fields
    for raw in (b"", b"[]", b"{" * 50_000, b"\xff", b"null"):
        assert (await desk.post("/finishActivationRent", raw))[0] == 400

    assert await books_as_they_stand(desk) == before


async def books_as_they_stand(desk: Desk) -> object:
    return [await desk.books.counts(), await desk.books.one_sim(ICCID), await desk.books.one_rent(10_001)]


async def test_refusal_never_repeats_what_was_sent(desk: Desk) -> None:
    _, answer = await desk.call("/getNumberRent", sum="SMUGGLED", country=["SMUGGLED"])

    assert "SMUGGLED" not in json.dumps(answer)


async def test_oversize_body_is_refused(desk: Desk) -> None:
    body = json.dumps(PATHS["/getServicesRent"] | {"key": KEY, "pad": "x" * MOST_BODY_BYTES}).encode()

    assert await desk.post("/getServicesRent", body) == (413, {"status": "ERROR", "error": "the body is too large"})


@pytest.mark.parametrize("path", list(PATHS))
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_only_post_is_served(desk: Desk, path: str, method: str) -> None:
    answer = await desk.market.open(path, method=method)

    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == JSON_TYPE


@pytest.mark.parametrize("path", ["/", "/getServicesRent/", "/static/x", "/health", "/metrics", "/../etc/passwd"])
async def test_nothing_else_is_served(desk: Desk, path: str) -> None:
    answer = await desk.market.post(path, data=b"{}")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == JSON_TYPE
    assert json.loads(await answer.get_data()) == {"status": "ERROR", "error": "no such path"}


async def test_probe_tells_nothing_but_that_it_is_there(desk: Desk) -> None:
    answer = await desk.market.get(PROBE_PATH)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, JSON_TYPE)
    assert json.loads(await answer.get_data()) == {"status": "SUCCESS"}


async def test_failing_disk_is_a_503_that_tells_no_cause(desk: Desk) -> None:
    desk.storage.broken = True

    assert await desk.call("/getNumberRent") == (503, {"status": "ERROR", "error": "temporarily unavailable"})


async def test_bug_is_a_500_in_json(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> dict[str, dict[str, int]]:
        raise ZeroDivisionError("SMUGGLED")

    monkeypatch.setattr(desk.books.rentals, "offer", broken)

    assert await desk.call("/getServicesRent") == (500, {"status": "ERROR", "error": "internal error"})


async def test_order_that_waits_too_long_for_the_database_is_refused_and_not_taken(desk: Desk) -> None:
    await desk.books.seat(a_seen_sim())
    desk.books.clock.now = NOON
    real = desk.books.storage.write

    async def slow(work: Any) -> Any:
        desk.books.clock.forward(9)
        return await real(work)

    desk.books.storage.write = slow  # type: ignore[method-assign]

    assert (await desk.call("/getNumberRent"))[1]["error"] == "NO_NUMBERS"
    assert (await desk.books.counts()).rents_open == 0


async def test_deadline_of_an_order_counts_from_before_its_body(desk: Desk) -> None:
    """The market hangs up ten seconds after it began to call, however long its body took to come."""
    await desk.books.seat(a_seen_sim())
    body = json.dumps(PATHS["/getNumberRent"] | {"key": KEY}).encode()

    async with desk.market.request("/getNumberRent", method="POST", headers={"Content-Type": JSON_TYPE}) as call:
        await call.send(body[:20])
        await until(lambda: desk.clock_looks)
        desk.books.clock.forward(9)
        await call.send(body[20:])
        await call.send_complete()
    answer = await call.as_response()

    assert json.loads(await answer.get_data())["error"] == "NO_NUMBERS"
    assert (await desk.books.counts()).rents_open == 0
