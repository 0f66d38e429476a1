"""GET /health as JSON and GET /metrics for Prometheus, for programs of this PC only."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import NamedTuple, cast

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from quart import Quart, Response
from werkzeug.exceptions import HTTPException

from phonefarm import __version__
from phonefarm.adapters.admin.access import AdminAccessMiddleware
from phonefarm.adapters.admin.control import add_control
from phonefarm.adapters.asgi import Application
from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.health_board import worst
from phonefarm.application.model.read_models import Overview, PhoneState
from phonefarm.application.upkeep.wrong_keys import WrongKeys
from phonefarm.wording.health import health_text

OVERVIEW_LIFETIME_SECONDS = 1.0
"""How long an overview is cached: frequent requests cost the farm no more than one a second."""


class _CachedOverview(NamedTuple):
    overview: Overview
    at: datetime
    """When it was requested; it is at least this recent."""
    since: float
    """The same on the monotonic clock."""


class _OverviewCache:
    """The farm's overview; concurrent requests share one query."""

    def __init__(self, desk: FarmDesk, now: Callable[[], float]) -> None:
        self._desk = desk
        self._now = now
        self._lock = asyncio.Lock()
        self._last: _CachedOverview | None = None

    async def get(self) -> _CachedOverview:
        async with self._lock:
            if self._last is None or self._now() - self._last.since >= OVERVIEW_LIFETIME_SECONDS:
                since, at = self._now(), datetime.now(UTC)
                self._last = _CachedOverview(overview=await self._desk.overview(), at=at, since=since)
            return self._last


def admin_app(
    desk: FarmDesk, wrong_keys: WrongKeys, control_token: str, now: Callable[[], float] = time.monotonic
) -> Application:
    """`now`: monotonic seconds."""
    quart = make_endpoints(desk, wrong_keys, now)
    add_control(quart, desk, control_token)
    return AdminAccessMiddleware(cast(Application, quart), now)


def make_endpoints(desk: FarmDesk, wrong_keys: WrongKeys, now: Callable[[], float]) -> Quart:
    overviews = _OverviewCache(desk, now)
    quart = Quart(__name__, static_folder=None)

    @quart.get("/health")
    async def health() -> Response:
        cached = await overviews.get()
        body = json.dumps(health_of(cached.overview, wrong_keys, cached.at), ensure_ascii=False)
        return Response(body, content_type="application/json; charset=utf-8")

    @quart.get("/metrics")
    async def metrics() -> Response:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_OverviewMetrics((await overviews.get()).overview, wrong_keys))
        return Response(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")

    @quart.errorhandler(HTTPException)
    async def refuse(error: HTTPException) -> Response:
        return Response(json.dumps({"error": error.name}), status=error.code, content_type="application/json")

    return quart


def health_of(overview: Overview, wrong_keys: WrongKeys, at: datetime) -> dict[str, object]:
    """The body of /health: status, checks by name, counts, and calls with a wrong key since the start."""
    return {
        "status": worst(overview.checks).value,
        "at": at.isoformat(),
        "version": __version__,
        "checks": {
            check.name: {
                "status": check.verdict.value,
                "detail": health_text(check.health),
                "since": check.since.isoformat(),
            }
            for check in overview.checks
        },
        "paused": None
        if overview.paused is None
        else {"since": overview.paused.since.isoformat(), "by": overview.paused.by},
        "counts": asdict(overview.counts),
        "wrong_keys": {
            "count": wrong_keys.count,
            "last_at": None if wrong_keys.last_at is None else wrong_keys.last_at.isoformat(),
        },
    }


class _OverviewMetrics(Collector):
    """One overview as metrics; every phone state is listed, also with zero."""

    def __init__(self, overview: Overview, wrong_keys: WrongKeys) -> None:
        self._overview = overview
        self._wrong_keys = wrong_keys

    def collect(self) -> list[Metric]:
        families: list[Metric] = [
            CounterMetricFamily("phonefarm_wrong_keys", "Calls refused for their key.", value=self._wrong_keys.count)
        ]
        for name, value in asdict(self._overview.counts).items():
            family = GaugeMetricFamily(f"phonefarm_{name}", f"{name.replace('_', ' ').capitalize()} now.")
            family.add_metric([], value)
            families.append(family)
        by_state = GaugeMetricFamily("phonefarm_phones_by_state", "Phones in each state.", labels=["state"])
        for state in PhoneState:
            by_state.add_metric([state.value], self._overview.phones_by_state.get(state, 0))
        checks = GaugeMetricFamily("phonefarm_check", "1 pass, 0.5 warn, 0 fail.", labels=["check"])
        for check in self._overview.checks:
            checks.add_metric([check.name], {"pass": 1.0, "warn": 0.5, "fail": 0.0}[check.verdict.value])
        is_paused = float(self._overview.paused is not None)
        families.append(
            GaugeMetricFamily("phonefarm_selling_paused", "1 while all selling is paused.", value=is_paused)
        )
        arrival = GaugeMetricFamily("phonefarm_arrival_seconds", "Arrival to the market's 200.", labels=["quantile"])
        for quantile, seconds in (
            ("0.5", self._overview.arrival_p50_seconds),
            ("0.99", self._overview.arrival_p99_seconds),
        ):
            if seconds is not None:
                arrival.add_metric([quantile], seconds)
        return [*families, by_state, checks, arrival]
