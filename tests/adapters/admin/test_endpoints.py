"""/health and /metrics show the overview."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime

import pytest

from phonefarm import __version__
from phonefarm.adapters.admin.endpoints import OVERVIEW_LIFETIME_SECONDS, make_endpoints
from phonefarm.application.model.read_models import Overview, PhoneState
from phonefarm.application.upkeep.wrong_keys import WrongKeys
from phonefarm.wording.health import health_text
from tests.builders import NOON
from tests.fakes.clock import FakeClock
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import busy_farm

COUNTS = {
    "phones",
    "phones_ready",
    "sims",
    "numbers_on_offer",
    "rents_open",
    "sms_received",
    "pushes_waiting",
    "pushes_delivered",
    "pushes_refused",
    "pushes_parked",
    "pushes_uncertain",
    "bans",
}


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(busy_farm())


@pytest.fixture
def wrong_keys() -> WrongKeys:
    return WrongKeys(FakeClock())


async def test_health_has_status_checks_and_counts(desk: FakeDesk, wrong_keys: WrongKeys) -> None:
    overview = await desk.overview()

    answer = await make_endpoints(desk, wrong_keys, time.monotonic).test_client().get("/health")
    health = json.loads(await answer.get_data())

    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert health["status"] in ("pass", "warn", "fail")
    assert health["version"] == __version__
    assert set(health["counts"]) == COUNTS
    assert health["counts"]["phones"] == overview.counts.phones
    for check in overview.checks:
        assert health["checks"][check.name] == {
            "status": check.verdict.value,
            "detail": health_text(check.health),
            "since": check.since.isoformat(),
        }


async def test_health_counts_calls_with_a_wrong_key_and_shows_the_time_of_the_last(
    desk: FakeDesk, wrong_keys: WrongKeys
) -> None:
    client = make_endpoints(desk, wrong_keys, time.monotonic).test_client()
    before = json.loads(await (await client.get("/health")).get_data())["wrong_keys"]

    wrong_keys.note()
    wrong_keys.note()
    after = json.loads(await (await client.get("/health")).get_data())["wrong_keys"]

    assert before == {"count": 0, "last_at": None}
    assert after == {"count": 2, "last_at": NOON.isoformat()}
    assert "phonefarm_wrong_keys_total 2.0" in await (await client.get("/metrics")).get_data(as_text=True)


async def test_metrics_name_every_count_and_every_phone_state(desk: FakeDesk, wrong_keys: WrongKeys) -> None:
    overview = await desk.overview()

    answer = await make_endpoints(desk, wrong_keys, time.monotonic).test_client().get("/metrics")
    text = await answer.get_data(as_text=True)

    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert {f"phonefarm_{name}" for name in COUNTS} <= {line.split()[0] for line in text.splitlines()}
    assert f"phonefarm_phones {float(overview.counts.phones)}" in text
    for state in PhoneState:
        assert f'phonefarm_phones_by_state{{state="{state.value}"}}' in text


@pytest.mark.parametrize("path", ["/", "/getServicesRent", "/health/", "/static/x"])
async def test_nothing_else_is_served(desk: FakeDesk, wrong_keys: WrongKeys, path: str) -> None:
    answer = await make_endpoints(desk, wrong_keys, time.monotonic).test_client().get(path)

    assert answer.status_code == 404
    assert set(json.loads(await answer.get_data())) == {"error"}


async def test_requests_share_one_overview_a_second(
    desk: FakeDesk, wrong_keys: WrongKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries, now = 0, 0.0

    async def overview() -> Overview:
        nonlocal queries
        queries += 1
        await asyncio.sleep(0)
        return busy_farm().overview()

    monkeypatch.setattr(desk, "overview", overview)
    client = make_endpoints(desk, wrong_keys, lambda: now).test_client()

    await asyncio.gather(*(client.get(path) for path in ("/health", "/metrics") * 5))
    assert queries == 1
    before = json.loads(await (await client.get("/health")).get_data())["at"]

    now = OVERVIEW_LIFETIME_SECONDS
    after = json.loads(await (await client.get("/health")).get_data())["at"]
    assert queries == 2
    assert datetime.fromisoformat(before) < datetime.fromisoformat(after)
