"""The three webhooks on a real database: the key is checked first, answers are exact, bad input changes nothing."""

from __future__ import annotations

import asyncio
import gzip
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from quart import Quart
from werkzeug.datastructures import Headers

from phonefarm.adapters.onlinesim import webhooks
from phonefarm.adapters.onlinesim.rate_limiter import RateLimiter
from phonefarm.adapters.onlinesim.webhooks import JSON_TYPE, MAX_BODY_BYTES, PROBE_PATH, Webhooks
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.domain.rents import ANSWER_WITHIN, FinishStatus
from tests.application.stored_farm import StoredFarm
from tests.builders import ICCID, NOON, NUMBER, OTHER_ICCID, OTHER_PHONE, a_seen_sim
from tests.fakes.storage import BrittleStorage
from tests.waiting import until

KEY = "planted-partner-key-5e1f"
PATHS: dict[str, dict[str, Any]] = {
    "/getServicesRent": {"action": "GET_SERVICES"},
    "/getNumberRent": {"action": "GET_NUMBER", "service": "rent", "sum": 320},
    "/finishActivationRent": {"action": "FINISH_ACTIVATION", "service": "rent", "activationId": 10_001, "status": 3},
}


class Desk:
    """The webhooks of a stored farm, and a client that plays the market."""

    def __init__(self, database: Database, *, require_bearer: bool = False, **choices: Any) -> None:
        self.storage = BrittleStorage(database)
        self.farm = StoredFarm(self.storage)
        self.key: str | None = KEY
        self.clock_calls = 0
        served = Webhooks(
            self.farm.rentals,
            lambda: self.key,
            self._clock,
            {"7": "russia", "380": "ukraine"},
            require_bearer=require_bearer,
            was_delivered=lambda _scope: True,
            has_disconnected=lambda _scope: False,
            **choices,
        )
        self.app = served.app()

    def _clock(self) -> datetime:
        self.clock_calls += 1
        return self.farm.clock()

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
    await desk.farm.phones_with_sims(3)

    assert await desk.call("/getServicesRent") == (
        200,
        {
            "status": "SUCCESS",
            "countryList": [{"country": "russia", "operatorMap": {"any": {"rent": 3}, "mts": {"rent": 3}}}],
        },
    )


async def test_farm_without_numbers_answers_success_with_an_empty_list(desk: Desk) -> None:
    assert await desk.call("/getServicesRent") == (200, {"status": "SUCCESS", "countryList": []})


async def test_number_is_issued_with_integers(desk: Desk) -> None:
    await desk.farm.seat(a_seen_sim())

    status, answer = await desk.call("/getNumberRent", country="Russia", operator="any", exceptionPhoneSet=[46950])

    assert (status, answer) == (200, {"status": "SUCCESS", "number": int(NUMBER), "activationId": 10_001})
    assert [type(answer[name]) for name in ("number", "activationId")] == [int, int]


async def test_no_number_is_an_error_without_number_or_id(desk: Desk) -> None:
    assert await desk.call("/getNumberRent") == (200, {"status": "ERROR", "error": "NO_NUMBERS"})


async def test_excluded_prefix_is_never_issued(desk: Desk) -> None:
    await desk.farm.seat(a_seen_sim())

    assert (await desk.call("/getNumberRent", exceptionPhoneSet=["+7 92"]))[1]["error"] == "NO_NUMBERS"


async def test_thirty_orders_at_once_get_thirty_different_numbers(desk: Desk) -> None:
    await desk.farm.phones_with_sims(30)

    answers = await asyncio.gather(*(desk.call("/getNumberRent") for _ in range(30)))

    assert len({answer["number"] for _, answer in answers}) == 30
    assert len({answer["activationId"] for _, answer in answers}) == 30


async def test_repeated_finish_gets_the_same_answer(desk: Desk) -> None:
    await desk.farm.seat(a_seen_sim())
    await desk.call("/getNumberRent")

    for _ in range(3):
        assert await desk.call("/finishActivationRent", sum=870) == (200, {"status": "SUCCESS"})

    assert (await desk.farm.one_rent(10_001)).finish_status is FinishStatus.SOLD


async def test_unknown_activation_is_an_error(desk: Desk) -> None:
    assert await desk.call("/finishActivationRent", activationId=77) == (
        200,
        {"status": "ERROR", "error": "unknown activationId"},
    )


async def test_gzip_body_is_decompressed(desk: Desk) -> None:
    body = gzip.compress(json.dumps(PATHS["/getServicesRent"] | {"key": KEY}).encode())

    status, _ = await desk.post("/getServicesRent", body, **{"Content-Encoding": "gzip"})

    assert status == 200


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"no gzip", "gzip", 400),
        (gzip.compress(b"{}" * 100)[:-9], "gzip", 400),
        (gzip.compress(b"{}") + b"more", "gzip", 400),
        (gzip.compress(b" " * 10_000_000), "gzip", 413),
        (b"{}", "br", 415),
    ],
    ids=["no gzip", "cut", "more behind", "bomb", "other"],
)
async def test_invalid_compression_is_refused(desk: Desk, body: bytes, encoding: str, status: int) -> None:
    assert (await desk.post("/getServicesRent", body, **{"Content-Encoding": encoding}))[0] == status


PACKED = [("gzip", True), ("GZIP", True), ("br, gzip;q=0.5", True)]
PACKED += [("gzip;q=0", False), ("", False), ("br", False), ("*", False)]


@pytest.mark.parametrize(("takes", "is_packed"), PACKED)
async def test_answer_is_compressed_only_if_the_request_accepts_gzip(desk: Desk, takes: str, is_packed: bool) -> None:
    body = json.dumps(PATHS["/getServicesRent"] | {"key": KEY}).encode()

    answer = await desk.market.post("/getServicesRent", data=body, headers={"Accept-Encoding": takes})

    data = await answer.get_data()
    assert answer.headers.get("Content-Encoding") == ("gzip" if is_packed else None)
    assert json.loads(gzip.decompress(data) if is_packed else data)["status"] == "SUCCESS"
    assert answer.headers["Vary"] == "Accept-Encoding"


CONTENT_TYPES = [
    "application/json",
    "application/json; charset=UTF-8",
    'application/json;charset="utf8"',
    "application/json; charset=windows-1251",
    "application/json; charset=no-such-charset",
    "text/plain",
    "application/x-www-form-urlencoded",
    ";;;",
]


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
async def test_body_is_json_in_utf8_whatever_the_content_type_says(desk: Desk, content_type: str) -> None:
    body = json.dumps(PATHS["/getNumberRent"] | {"key": KEY, "note": "Россия"}, ensure_ascii=False).encode()

    status, answer = await desk.post("/getNumberRent", body, **{"Content-Type": content_type})

    assert (status, answer["error"]) == (200, "NO_NUMBERS")


async def test_body_may_begin_with_a_byte_order_mark(desk: Desk) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(PATHS["/getServicesRent"] | {"key": KEY}).encode()

    assert (await desk.post("/getServicesRent", body))[0] == 200


async def test_header_names_are_case_insensitive(desk: Desk) -> None:
    body = gzip.compress(json.dumps(PATHS["/getServicesRent"] | {"key": KEY}).encode())

    headers = {"cOnTeNt-EnCoDiNg": "gzip", "AUTHORIZATION": f"Bearer {KEY}"}
    assert (await desk.post("/getServicesRent", body, **headers))[0] == 200
    assert (await desk.post("/getServicesRent", body, **headers | {"AUTHORIZATION": "Bearer x"}))[0] == 401


async def test_no_numbers_can_be_a_status_by_setting(database: Database) -> None:
    desk = Desk(database, no_numbers="status")

    assert await desk.call("/getNumberRent") == (200, {"status": "NO_NUMBERS"})


@pytest.mark.parametrize("country", [None, "any", "russia", "ukraine", 7, 380])
async def test_number_of_another_country_than_its_sims_is_neither_offered_nor_issued(desk: Desk, country: Any) -> None:
    await desk.farm.seat(a_seen_sim(mcc_mnc="25001", msisdn="380501234567"))
    await desk.farm.seat(a_seen_sim(OTHER_ICCID, mcc_mnc="25501", msisdn=NUMBER), phone=OTHER_PHONE)

    _, order = await desk.call("/getNumberRent", country=country)
    _, offer = await desk.call("/getServicesRent")

    assert order == {"status": "ERROR", "error": "NO_NUMBERS"}
    assert [entry["operatorMap"]["any"]["rent"] for entry in offer["countryList"]] == [0, 0]


@pytest.mark.parametrize(("country", "number"), [("russia", int(NUMBER)), ("ukraine", 380501234567)])
async def test_order_for_a_country_gets_a_number_with_its_dial_code(desk: Desk, country: str, number: int) -> None:
    await desk.farm.seat(a_seen_sim(mcc_mnc="25001"))
    await desk.farm.seat(a_seen_sim(OTHER_ICCID, mcc_mnc="25501", msisdn="380501234567"), phone=OTHER_PHONE)

    _, order = await desk.call("/getNumberRent", country=country)

    assert order["number"] == number


async def test_dial_code_finds_the_country_and_an_unknown_one_finds_nothing(desk: Desk) -> None:
    await desk.farm.phones_with_sims(4)

    for known in (7, "7", "+7"):
        assert (await desk.call("/getNumberRent", country=known))[1]["status"] == "SUCCESS"
    for unknown in (49, "380", 0, -7, "atlantis"):
        assert (await desk.call("/getNumberRent", country=unknown))[1]["error"] == "NO_NUMBERS"


# One shared path --------------------------------------------------------------------


async def test_shared_path_serves_all_three_calls_by_their_action(database: Database) -> None:
    desk = Desk(database, shared_path="/onlinesim")
    await desk.farm.seat(a_seen_sim())

    async def call(path: str) -> Any:
        return await desk.post("/onlinesim", PATHS[path] | {"key": KEY})

    assert (await call("/getServicesRent"))[1]["countryList"]
    assert (await call("/getNumberRent"))[1]["number"] == int(NUMBER)
    assert await call("/finishActivationRent") == (200, {"status": "SUCCESS"})


@pytest.mark.parametrize("fields", [{"action": "GET_NUMBER", "service": "vk", "sum": 5}, {"action": "X"}, {}])
async def test_other_calls_are_refused_at_the_shared_path(database: Database, fields: dict[str, Any]) -> None:
    desk = Desk(database, shared_path="/onlinesim")

    status, answer = await desk.post("/onlinesim", fields | {"key": KEY})

    assert (status, answer["status"]) == (400, "ERROR")


async def test_shared_path_requires_the_key(database: Database) -> None:
    desk = Desk(database, shared_path="/onlinesim")

    assert (await desk.post("/onlinesim", PATHS["/getNumberRent"]))[0] == 401


async def test_without_the_setting_there_is_no_shared_path(desk: Desk) -> None:
    assert (await desk.market.post("/onlinesim", data=b"{}")).status_code == 404


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


async def test_every_route_but_the_probe_requires_the_key(desk: Desk) -> None:
    await desk.farm.seat(a_seen_sim())
    routes = {str(rule): rule.methods for rule in desk.quart.url_map.iter_rules()}

    assert set(routes) == {*PATHS, PROBE_PATH}
    for path in set(routes) - {PROBE_PATH}:
        assert routes[path] == {"POST"}
        for fields, headers in WRONG_KEYS:
            answer = await desk.post(path, PATHS[path] | fields, **headers)
            assert answer == (401, {"status": "ERROR", "error": "wrong key"}), (path, fields, headers)
    assert (await desk.farm.counts()).rents_open == 0


@pytest.mark.parametrize("key", [None, ""])
async def test_farm_without_a_key_refuses_every_call(desk: Desk, key: str | None) -> None:
    desk.key = key

    for given in ("", None, KEY):
        assert (await desk.call("/getServicesRent", key=given))[0] == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_bearer_with_the_same_key_is_accepted(desk: Desk, scheme: str) -> None:
    body = PATHS["/getServicesRent"] | {"key": KEY}

    assert (await desk.post("/getServicesRent", body, Authorization=f"{scheme} {KEY}"))[0] == 200


async def test_bearer_can_be_required(database: Database) -> None:
    strict = Desk(database, require_bearer=True)
    body = PATHS["/getServicesRent"] | {"key": KEY}

    assert (await strict.post("/getServicesRent", body))[0] == 401
    assert (await strict.post("/getServicesRent", body, Authorization=f"Bearer {KEY}"))[0] == 200


async def test_key_in_the_query_string_is_ignored(desk: Desk) -> None:
    status, _ = await desk.post(f"/getServicesRent?key={KEY}&apikey={KEY}", PATHS["/getServicesRent"])

    assert status == 401


async def test_key_is_checked_before_anything_else(desk: Desk) -> None:
    assert (await desk.post("/getNumberRent", {"action": "nonsense", "sum": "x"}))[0] == 401


async def test_exactly_the_calls_with_a_wrong_key_are_counted(database: Database) -> None:
    refused: list[int] = []
    desk = Desk(
        database, require_bearer=True, rate_limiter=a_strict_limiter(), count_wrong_key=lambda: refused.append(1)
    )
    right = PATHS["/getServicesRent"] | {"key": KEY}

    for body, header in ((right, KEY), (right | {"key": "other"}, KEY), (right, "other"), (b"no JSON", KEY)):
        await desk.post("/getServicesRent", body, Authorization=f"Bearer {header}")
    await desk.post("/getServicesRent", right)
    for _ in range(4):  # beyond the rate limit the answer is a 429, and the key is still wrong
        await desk.post("/getServicesRent", right | {"key": "other"}, Authorization=f"Bearer {KEY}")

    assert len(refused) == 3 + 4


async def test_every_authorization_header_must_have_the_key(desk: Desk) -> None:
    body = json.dumps(PATHS["/getServicesRent"] | {"key": KEY}).encode()
    headers = Headers([("Authorization", f"Bearer {KEY}"), ("Authorization", "Bearer other")])

    assert (await desk.market.post("/getServicesRent", data=body, headers=headers)).status_code == 401


async def test_wrong_keys_are_compared_in_constant_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests of equal length, compared equally often for a near miss and for nonsense."""
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def counted(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    work = []
    for wrong in ("", "x", KEY[:-1], KEY + "x", "x" * 10_000):
        compared.clear()
        await desk.post("/getServicesRent", PATHS["/getServicesRent"] | {"key": wrong})
        work.append(list(compared))

    assert work == [[(32, 32)]] * 5


# Rate limits ------------------------------------------------------------------------


def a_strict_limiter(**changes: float) -> RateLimiter:
    return RateLimiter(**({"calls_per_second": 20.0, "wrong_keys_per_minute": 3.0} | changes), now=lambda: 0.0)


WITHOUT_KEY: list[Any] = [{}, {"key": "x"}, {"key": KEY[:-1]}, b"no json", b"[]"]


async def test_unauthenticated_calls_beyond_the_limit_get_the_same_429(database: Database) -> None:
    desk = Desk(database, rate_limiter=a_strict_limiter())
    for _ in range(3):
        assert (await desk.post("/getNumberRent", {"key": "x"}))[0] == 401

    for body in WITHOUT_KEY:
        assert await desk.post("/getNumberRent", body) == (429, {"status": "ERROR", "error": "too many requests"})


async def test_429_without_the_key_closes_the_connection_and_has_retry_after(database: Database) -> None:
    desk = Desk(database, rate_limiter=a_strict_limiter(wrong_keys_per_minute=1.0))
    await desk.post("/getNumberRent", {})

    answer = await desk.market.post("/getNumberRent", data=b"{}")

    assert (answer.headers["Connection"], answer.headers["Retry-After"]) == ("close", "60")


async def test_market_is_served_during_a_flood_from_its_own_address(database: Database) -> None:
    desk = Desk(database, rate_limiter=a_strict_limiter())
    await desk.farm.phones_with_sims(5)

    for _ in range(20):
        await desk.post("/getNumberRent", {"key": "guess"})
        assert (await desk.call("/getServicesRent"))[0] == 200


async def test_forwarded_headers_do_not_change_the_address(database: Database) -> None:
    desk = Desk(database, rate_limiter=a_strict_limiter())
    ends = []
    for number in range(6):
        address = f"203.0.113.{number}"
        headers = {"X-Forwarded-For": address, "Forwarded": f"for={address}", "X-Real-IP": address}
        ends.append((await desk.post("/getNumberRent", {"key": "guess"}, **headers))[0])

    assert ends == [401, 401, 401, 429, 429, 429]


async def test_calls_with_the_key_beyond_the_limit_get_a_429_and_change_nothing(
    database: Database,
) -> None:
    desk = Desk(database, rate_limiter=a_strict_limiter())
    await desk.farm.phones_with_sims(2)
    for _ in range(60):
        assert (await desk.call("/getServicesRent"))[0] == 200

    assert (await desk.call("/getNumberRent"))[0] == 429
    assert (await desk.farm.counts()).rents_open == 0


async def test_only_a_call_with_the_key_marks_its_connection_as_authenticated(database: Database) -> None:
    authenticated: list[str] = []
    desk = Desk(database, mark_authenticated=lambda scope: authenticated.append(scope["path"]))

    await desk.post("/getNumberRent", {"key": "guess"})
    await desk.call("/getServicesRent")

    assert authenticated == ["/getServicesRent"]


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
    await desk.farm.seat(a_seen_sim())
    await desk.farm.rent()
    before = await stored_state(desk)

    for path, fields in BAD:
        status, answer = await desk.call(path, **fields)
        assert (status, answer["status"]) == (400, "ERROR"), fields
    for raw in (b"", b"[]", b"{" * 50_000, b"\xff", b"null"):
        assert (await desk.post("/finishActivationRent", raw))[0] == 400

    assert await stored_state(desk) == before


async def stored_state(desk: Desk) -> object:
    return [await desk.farm.counts(), await desk.farm.one_sim(ICCID), await desk.farm.one_rent(10_001)]


async def test_refusal_never_echoes_the_request(desk: Desk) -> None:
    _, answer = await desk.call("/getNumberRent", sum="SMUGGLED", country=["SMUGGLED"])

    assert "SMUGGLED" not in json.dumps(answer)


async def test_oversize_body_is_refused(desk: Desk) -> None:
    body = json.dumps(PATHS["/getServicesRent"] | {"key": KEY, "pad": "x" * MAX_BODY_BYTES}).encode()

    assert await desk.post("/getServicesRent", body) == (413, {"status": "ERROR", "error": "the body is too large"})


@pytest.mark.parametrize("path", list(PATHS))
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_only_post_is_served(desk: Desk, path: str, method: str) -> None:
    answer = await desk.market.open(path, method=method)

    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == JSON_TYPE


@pytest.mark.parametrize("path", ["/", "/getServicesRent/x", "/static/x", "/health", "/metrics", "/../etc/passwd"])
async def test_nothing_else_is_served(desk: Desk, path: str) -> None:
    answer = await desk.market.post(path, data=b"{}")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == JSON_TYPE
    assert json.loads(await answer.get_data()) == {"status": "ERROR", "error": "no such path"}


async def test_probe_reveals_nothing(desk: Desk) -> None:
    answer = await desk.market.get(PROBE_PATH)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, JSON_TYPE)
    assert json.loads(await answer.get_data()) == {"status": "SUCCESS"}


async def test_storage_failure_is_a_503_without_the_cause(desk: Desk) -> None:
    desk.storage.broken = True

    assert await desk.call("/getNumberRent") == (503, {"status": "ERROR", "error": "temporarily unavailable"})


async def test_bug_is_a_500_in_json(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> dict[str, dict[str, int]]:
        raise ZeroDivisionError("SMUGGLED")

    monkeypatch.setattr(desk.farm.rentals, "offer", broken)

    assert await desk.call("/getServicesRent") == (500, {"status": "ERROR", "error": "internal error"})


async def test_order_that_waits_too_long_for_the_database_is_refused_and_not_issued(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.farm.seat(a_seen_sim())
    desk.farm.clock.now = NOON
    real = desk.farm.storage.write

    async def slow(work: Any, **choices: Any) -> Any:
        desk.farm.clock.forward(9)
        return await real(work, **choices)

    monkeypatch.setattr(desk.farm.storage, "write", slow)

    assert (await desk.call("/getNumberRent"))[1]["error"] == "NO_NUMBERS"
    assert (await desk.farm.counts()).rents_open == 0


@pytest.mark.parametrize("path", PATHS)
async def test_call_blocked_by_the_database_is_answered_before_the_market_times_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    async def held_up(*_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(webhooks, "ANSWER_WITHIN", timedelta(seconds=0.05))
    for way in ("read", "write"):
        monkeypatch.setattr(desk.farm.storage, way, held_up)

    assert await desk.call(path) == (503, {"status": "ERROR", "error": "temporarily unavailable"})


def test_own_deadline_is_two_seconds_before_the_markets_timeout() -> None:
    assert timedelta(seconds=8) == ANSWER_WITHIN


async def test_deadline_of_an_order_starts_before_its_body(desk: Desk) -> None:
    """The market's ten seconds start with its connection, not with the end of its body."""
    await desk.farm.seat(a_seen_sim())
    body = json.dumps(PATHS["/getNumberRent"] | {"key": KEY}).encode()

    async with desk.market.request("/getNumberRent", method="POST", headers={"Content-Type": JSON_TYPE}) as call:
        await call.send(body[:20])
        await until(lambda: desk.clock_calls)
        desk.farm.clock.forward(9)
        await call.send(body[20:])
        await call.send_complete()
    answer = await call.as_response()

    assert json.loads(await answer.get_data())["error"] == "NO_NUMBERS"
    assert (await desk.farm.counts()).rents_open == 0
