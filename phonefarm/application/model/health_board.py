"""The health checks: the latest report of each part of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from phonefarm.application.model.read_models import Health, HealthCheck, HealthKind, Verdict
from phonefarm.support.clock import Clock

WEBHOOKS = "webhooks"
TUNNEL = "tunnel"
MARKET = "market"
ADB = "adb"
STORAGE = "storage"
ENGINE = "engine"
NAMES = (WEBHOOKS, TUNNEL, MARKET, ADB, STORAGE, ENGINE)


class HealthBoard:
    """Holds the latest report of each part; a check without a report is a warning."""

    def __init__(self, clock: Clock, on_change: Callable[[], None]) -> None:
        self._clock = clock
        self._on_change = on_change
        self._parts: dict[str, dict[str, HealthCheck]] = {}

    def report(self, name: str, verdict: Verdict, health: Health, part: str = "") -> None:
        """Store the report of a part of a check, such as one adb server; an equal verdict keeps its `since`."""
        parts = self._parts.setdefault(name, {})
        before = parts.get(part)
        if before is not None and before.verdict is verdict:
            if before.health == health:
                return
            since = before.since
        else:
            since = self._clock()
        parts[part] = HealthCheck(name=name, verdict=verdict, health=health, since=since)
        self._on_change()

    def part(self, name: str, part: str) -> HealthCheck | None:
        """The latest report of one part of a check; None where it has not reported."""
        return self._parts.get(name, {}).get(part)

    def checks(self) -> tuple[HealthCheck, ...]:
        return tuple(self._check(name) for name in NAMES)

    def _check(self, name: str) -> HealthCheck:
        parts = self._parts.get(name)
        if not parts:
            return HealthCheck(
                name=name, verdict=Verdict.WARN, health=Health(kind=HealthKind.NOT_STARTED), since=self._clock()
            )
        return max(parts.values(), key=lambda check: _SEVERITY[check.verdict])


_SEVERITY = {Verdict.PASS: 0, Verdict.WARN: 1, Verdict.FAIL: 2}


def worst(checks: Iterable[HealthCheck]) -> Verdict:
    return max((check.verdict for check in checks), key=lambda verdict: _SEVERITY[verdict], default=Verdict.PASS)
