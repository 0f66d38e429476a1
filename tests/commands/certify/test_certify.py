"""`certify` passes a farm that follows the contract, and fails farms that violate a rule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from xml.etree import ElementTree

import aiohttp
import pytest
from aiohttp import web

from phonefarm.commands.certify import push_checks
from phonefarm.commands.certify.caller import Caller, NoReply
from phonefarm.commands.certify.examination import Check, Failed, Grade, Result, Skipped, run_checks
from phonefarm.commands.certify.push_checks import PushChecks
from phonefarm.commands.certify.report import as_line, summary, write_junit
from phonefarm.commands.certify.run import Plan, certify, check_url
from phonefarm.commands.certify.webhook_checks import WebhookChecks
from phonefarm.domain.errors import KnownError
from phonefarm.simulation.market import Market
from tests.commands.certify.careless_farm import CarelessFarm

KEY = "right"


async def run_webhook_checks(farm: CarelessFarm) -> list[Result]:
    async with aiohttp.ClientSession() as session:
        return await run_checks(WebhookChecks(Caller(farm.url, KEY, session)).all(), lambda _: None)


def failed(results: list[Result]) -> list[str]:
    return [result.name for result in results if result.grade is Grade.FAILED]


# The webhooks -------------------------------------------------------------------


async def test_farm_that_follows_the_contract_passes_every_check() -> None:
    async with CarelessFarm() as farm:
        results = await run_webhook_checks(farm)

    assert [(result.name, result.detail) for result in results if result.grade is not Grade.PASSED] == []


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("wrong sum", "GET_SERVICES names each country with 'any' as the sum of its operators"),
        ("any key", "a wrong key is refused with HTTP 401, the same for every wrong key"),
        ("number as string", "an issued number is an integer with its dial code, the id an integer below 2^53"),
        ("double issue", "30 equal orders at once get different numbers"),
        ("offers too many", "every number that was offered is issued, and then none"),
        ("ignores prefixes", "no number with an excluded prefix is issued"),
        ("any country", "an unknown country gets no number of another one"),
        ("finishes once", "a repeated FINISH is answered SUCCESS and changes nothing"),
        ("knows every id", "FINISH of an unknown id is answered ERROR"),
        ("takes any type", "values of a wrong type are refused and change nothing"),
        ("any service", "a service other than rent is refused"),
        ("wrong content type", "answers say Content-Type application/json; charset=utf-8"),
    ],
)
async def test_each_broken_rule_is_found(fault: str, rule: str) -> None:
    async with CarelessFarm(fault) as farm:
        results = await run_webhook_checks(farm)

    assert rule in failed(results)


async def test_slow_orders_fail_the_time_to_answer() -> None:
    async with CarelessFarm() as farm, aiohttp.ClientSession() as session:
        caller = Caller(farm.url, KEY, session)
        caller.seconds = [0.1, 3.2]
        checks = [check for check in WebhookChecks(caller).all() if "within 3 s" in check[0]]

        (result,) = await run_checks(checks, lambda _: None)

    assert (result.grade, result.detail) == (Grade.FAILED, "the slowest of 2 orders took 3.20 s")


async def test_every_number_is_given_back() -> None:
    async with CarelessFarm() as farm:
        await run_webhook_checks(farm)

        assert len(farm._free_numbers()) == 4


async def test_farm_that_does_not_answer_fails_and_the_checks_continue() -> None:
    async with aiohttp.ClientSession() as session:
        caller = Caller("http://127.0.0.1:9", KEY, session)

        results = await run_checks(WebhookChecks(caller).all(), lambda _: None)

    assert len(failed(results)) > 10
    assert "/getServicesRent: " in results[0].detail


# Pushes -------------------------------------------------------------------------


async def run_push_checks(farm: CarelessFarm, monkeypatch: pytest.MonkeyPatch) -> list[Result]:
    for name, seconds in (
        ("AT_ONCE_SECONDS", 1.0),
        ("RETRY_SECONDS", 0.3),
        ("RETRY_TOLERANCE_SECONDS", 0.2),
        ("QUIET_SECONDS", 0.2),
    ):
        monkeypatch.setattr(push_checks, name, seconds)
    async with aiohttp.ClientSession() as session, Market("", KEY) as market:
        farm.push_url = market.push_url
        return await run_checks(PushChecks(Caller(farm.url, KEY, session), market, farm.send).all(), lambda _: None)


async def test_push_at_once_passes_and_one_that_is_never_repeated_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async with CarelessFarm() as farm:
        at_once, again, refused = await run_push_checks(farm, monkeypatch)

    assert (at_once.grade, again.grade, refused.grade) == (Grade.PASSED, Grade.FAILED, Grade.PASSED)
    assert again.detail == "1 of 2 attempts came within 1.5 s"


async def test_push_after_success_and_after_a_refusal_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async with CarelessFarm("pushes for ever") as farm:
        _, again, refused = await run_push_checks(farm, monkeypatch)

    assert (again.grade, refused.grade) == (Grade.FAILED, Grade.FAILED)


async def test_field_of_a_wrong_type_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async with CarelessFarm("smsId as string") as farm:
        at_once, *_ = await run_push_checks(farm, monkeypatch)

    assert (at_once.grade, at_once.detail) == (Grade.FAILED, "smsId is no integer")


async def test_push_checks_without_a_market_are_skipped_with_the_reason() -> None:
    async with CarelessFarm() as farm, aiohttp.ClientSession() as session:
        results = await run_checks(PushChecks(Caller(farm.url, KEY, session), None, None).all(), lambda _: None)

    assert {result.grade for result in results} == {Grade.SKIPPED}
    assert "--push-listen" in results[0].detail


# Customers ------------------------------------------------------------------------


async def admin_port(rents_open: int) -> tuple[web.AppRunner, str]:
    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "pass", "counts": {"rents_open": rents_open}})

    application = web.Application()
    application.router.add_get("/health", health)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"127.0.0.1:{runner.addresses[0][1]}"


async def test_farm_with_open_rents_is_not_checked_without_the_option() -> None:
    runner, admin = await admin_port(rents_open=3)
    async with CarelessFarm() as farm:
        with pytest.raises(KnownError, match="3 rents of customers are open"):
            await certify(Plan(url=farm.url, key=KEY, admin=admin), lambda _: None)

        results = await certify(Plan(url=farm.url, key=KEY, admin=admin, even_with_open_rents=True), lambda _: None)

    await runner.cleanup()
    assert failed(results) == []


async def test_farm_without_open_rents_is_checked() -> None:
    runner, admin = await admin_port(rents_open=0)
    async with CarelessFarm() as farm:
        results = await certify(Plan(url=farm.url, key=KEY, admin=admin), lambda _: None)

    await runner.cleanup()
    assert failed(results) == []


async def test_farm_with_unknown_open_rents_is_not_checked() -> None:
    with pytest.raises(KnownError, match="--admin"):
        await certify(Plan(url="http://127.0.0.1:9", key=KEY), lambda _: None)


@pytest.mark.parametrize(
    "url", ["", "ftp://host", "127.0.0.1:8080", "https://", "https://x..y", "https://[x/", "http://x:99999"]
)
def test_invalid_web_addresses_are_refused(url: str) -> None:
    with pytest.raises(KnownError, match="no web address"):
        check_url(url)


# The report ---------------------------------------------------------------------


def checks(**outcomes: BaseException | str) -> list[tuple[str, Check]]:
    def check_with_outcome(outcome: BaseException | str) -> Callable[[], Awaitable[str]]:
        async def check() -> str:
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        return check

    return [(name, check_with_outcome(outcome)) for name, outcome in outcomes.items()]


async def results_of_all_kinds() -> list[Result]:
    every_kind = checks(good="seen", bad=Failed("came \x00 twice"), open=Skipped("no phone"), gone=NoReply("no answer"))
    return await run_checks(every_kind, lambda _: None)


async def test_report_says_what_passed_failed_and_was_left_out() -> None:
    results = await results_of_all_kinds()

    assert [as_line(result) for result in results] == [
        "ok   good: seen",
        "FAIL bad: came \x00 twice",
        "skip open: no phone",
        "FAIL gone: no answer",
    ]
    assert summary(results) == "The farm would FAIL the acceptance: 1 passed, 2 failed, 1 skipped."


async def test_report_with_skipped_checks_does_not_claim_a_full_pass() -> None:
    results = await run_checks(checks(good="seen", open=Skipped("no phone")), lambda _: None)

    assert summary(results) == "The farm passes as far as it could be examined: 1 passed, 0 failed, 1 skipped."


async def test_junit_file_holds_every_check(tmp_path: Path) -> None:
    write_junit(await results_of_all_kinds(), tmp_path / "report.xml")

    suite = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "2", "1")
    assert [case.get("name") for case in suite] == ["good", "bad", "open", "gone"]


async def test_junit_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="cannot be written"):
        write_junit([], tmp_path / "no folder" / "report.xml")
