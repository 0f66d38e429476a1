"""The strip of a health check: when it was up, when not and why, and when the program did not run."""

from __future__ import annotations

from phonefarm.domain.health import HealthKind, health
from phonefarm.domain.health_history import PROGRAM, Interval, Level, LevelChange, faults, intervals
from tests.builders import HOUR, NOON

DOWN = health(HealthKind.ERRORS, http_status=502)
WELL = health(HealthKind.ACCEPTS)


def change(hours: float, level: Level, name: str = "market", found: object = WELL) -> LevelChange:
    return LevelChange(at=NOON + hours * HOUR, name=name, level=level, health=found)  # type: ignore[arg-type]


def told(found: list[Interval]) -> list[tuple[float, float, Level]]:
    return [((each.begin - NOON) / HOUR, (each.end - NOON) / HOUR, each.level) for each in found]


def test_changes_become_intervals_from_the_begin_to_now() -> None:
    changes = [change(-1, Level.UP), change(2, Level.DOWN, found=DOWN), change(3, Level.UP)]

    found = intervals(changes, "market", NOON, NOON + 5 * HOUR)

    assert told(found) == [(0, 2, Level.UP), (2, 3, Level.DOWN), (3, 5, Level.UP)]
    assert [each.health for each in faults(found)] == [DOWN]


def test_time_in_which_the_program_did_not_run_is_never_shown_as_well() -> None:
    changes = [
        change(-1, Level.UP),
        change(1, Level.NOT_RUNNING, PROGRAM, None),
        change(3, Level.UP, PROGRAM, None),
        change(3, Level.UP),
    ]

    found = intervals(changes, "market", NOON, NOON + 4 * HOUR)

    assert told(found) == [(0, 1, Level.UP), (1, 3, Level.NOT_RUNNING), (3, 4, Level.UP)]
    assert found[1].health is None


def test_before_the_first_report_nothing_is_known() -> None:
    found = intervals([change(2, Level.WARN)], "market", NOON, NOON + 3 * HOUR)

    assert told(found) == [(0, 2, Level.UNKNOWN), (2, 3, Level.WARN)]


def test_other_checks_and_later_changes_do_not_count() -> None:
    changes = [change(-1, Level.UP), change(1, Level.DOWN, "adb"), change(9, Level.DOWN)]

    assert told(intervals(changes, "market", NOON, NOON + 3 * HOUR)) == [(0, 3, Level.UP)]
