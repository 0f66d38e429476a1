"""Garbage is collected also while the window, which does it otherwise, stands still; its own is left to it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from phonefarm.support.garbage_fallback import GarbageFallback

SILENT_SECONDS = 30.0


class Cycle:
    """Garbage as soon as nobody holds it, and freed only by a collection."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def window_in_charge() -> Iterator[None]:
    """As with a window: Python collects nothing by itself."""
    gc.collect()
    gc.disable()
    thresholds = gc.get_threshold()
    gc.set_threshold(50, 10, 10)
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    gc.enable()
    gc.collect()


def some_garbage() -> list[weakref.ref[Cycle]]:
    """More than the threshold of the youngest generation."""
    return [weakref.ref(Cycle()) for _ in range(100)]


def left_of(garbage: list[weakref.ref[Cycle]]) -> int:
    return sum(cycle() is not None for cycle in garbage)


def test_window_that_collects_is_left_alone() -> None:
    fallback = GarbageFallback(SILENT_SECONDS)
    fallback.check(0.0)
    garbage = some_garbage()

    for second in range(1, 200, 5):
        gc.collect(0) if second % 2 else gc.collect(1)
        survivors = some_garbage()
        fallback.check(float(second))
        assert left_of(survivors) == 100

    assert left_of(garbage) == 0


def test_engine_collects_once_the_window_has_been_silent() -> None:
    fallback = GarbageFallback(SILENT_SECONDS)
    fallback.check(0.0)
    fallback.check(SILENT_SECONDS - 1)
    some_garbage()
    fallback.check(SILENT_SECONDS)

    garbage = some_garbage()
    fallback.check(SILENT_SECONDS + 5)

    assert left_of(garbage) == 0


def test_garbage_that_was_there_before_is_left_for_the_windows_own_thread() -> None:
    fallback = GarbageFallback(SILENT_SECONDS)
    fallback.check(0.0)
    of_the_window = some_garbage()

    fallback.check(SILENT_SECONDS)
    some_garbage()
    fallback.check(SILENT_SECONDS + 5)
    assert left_of(of_the_window) == 100

    gc.collect()  # the window goes on
    fallback.check(SILENT_SECONDS + 10)
    gc.collect()
    assert left_of(of_the_window) == 0


def test_python_that_collects_itself_needs_no_help() -> None:
    fallback = GarbageFallback(SILENT_SECONDS)
    gc.enable()
    fallback.check(0.0)
    frozen, collections = gc.get_freeze_count(), [one["collections"] for one in gc.get_stats()]

    fallback.check(SILENT_SECONDS * 2)

    assert (gc.get_freeze_count(), [one["collections"] for one in gc.get_stats()]) == (frozen, collections)
