"""How a health check stood over a day: its changes as intervals; pure, time is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from phonefarm.domain.health import Health


class Level(StrEnum):
    """How a check stood."""

    UP = "up"
    WARN = "warn"
    DOWN = "down"
    NOT_RUNNING = "not running"
    UNKNOWN = "unknown"
    """Nothing was reported yet."""


@dataclass(frozen=True, kw_only=True)
class LevelChange:
    """From `at` on a check, or with an empty name the program, stood at `level`."""

    at: datetime
    name: str
    level: Level
    health: Health | None = None


@dataclass(frozen=True, kw_only=True)
class Interval:
    begin: datetime
    end: datetime
    level: Level
    health: Health | None = None


_NO_HEALTH: Health | None = None

PROGRAM = ""
"""The name under which the program's own starts and stops are stored."""


def intervals(changes: Iterable[LevelChange], name: str, begin: datetime, end: datetime) -> list[Interval]:
    """The check's day, oldest first and without gaps; while the program does not run, no check stands well."""
    found: list[Interval] = []
    level, health, is_running = Level.UNKNOWN, _NO_HEALTH, True
    since = begin
    for change in sorted(changes, key=lambda each: each.at):
        if change.name not in (name, PROGRAM) or change.at > end:
            continue
        at = max(change.at, begin)
        _add(found, _interval(since, at, level, health, is_running))
        since = at
        if change.name == PROGRAM:
            is_running = change.level is not Level.NOT_RUNNING
            level, health = Level.UNKNOWN, None
        else:
            level, health, is_running = change.level, change.health, True
    _add(found, _interval(since, end, level, health, is_running))
    return found


def _interval(begin: datetime, end: datetime, level: Level, health: Health | None, is_running: bool) -> Interval:
    if not is_running:
        return Interval(begin=begin, end=end, level=Level.NOT_RUNNING)
    return Interval(begin=begin, end=end, level=level, health=health)


def _add(found: list[Interval], interval: Interval) -> None:
    if interval.begin >= interval.end:
        return
    last = found[-1] if found else None
    if last is not None and (last.level, last.health) == (interval.level, interval.health):
        found[-1] = Interval(begin=last.begin, end=interval.end, level=last.level, health=last.health)
    else:
        found.append(interval)


def faults(found: Sequence[Interval]) -> list[Interval]:
    """The intervals in which the check did not stand well, newest first."""
    return [each for each in reversed(found) if each.level in (Level.WARN, Level.DOWN)]
