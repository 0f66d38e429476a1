"""The engine collects garbage while the window is frozen, but not the window's garbage."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from phonefarm.support.garbage_fallback import GarbageFallback

SILENT_SECONDS = 30.0


class Cycle:
    """A reference cycle: only a collection frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def window_in_charge() -> Iterator[None]:
    """As with a window: automatic collection is off."""
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


def count_alive(garbage: list[weakref.ref[Cycle]]) -> int:
    return sum(cycle() is not None for cycle in garbage)


def test_engine_does_not_collect_while_the_window_does() -> None:
    fallback = GarbageFallback(SILENT_SECONDS)
    fallback.check(0.0)
    garbage = some_garbage()

    for second in range(1, 200, 5):
        gc.collect(0) if second % 2 else gc.collect(1)
        survivors = some_garbage()
        fallback.check(float(second))
        assert count_alive(survivors) == 100

    assert count_alive(garbage) == 0


def test_engine_collects_after_the_window_was_silent() -> None:
    fallback = GarbageFallback(SILENT_SECONDS)
    fallback.check(0.0)
    fallback.check(SILENT_SECONDS - 1)
    some_garbage()
    fallback.check(SILENT_SECONDS)

    garbage = some_garbage()
    fallback.check(SILENT_SECONDS + 5)

    assert count_alive(garbage) == 0


def test_earlier_garbage_is_left_to_the_windows_thread() -> None:
    fallback = GarbageFallback(SILENT_SECONDS)
    fallback.check(0.0)
    windows_garbage = some_garbage()

    fallback.check(SILENT_SECONDS)
    some_garbage()
    fallback.check(SILENT_SECONDS + 5)
    assert count_alive(windows_garbage) == 100

    gc.collect()  # the window runs again
    fallback.check(SILENT_SECONDS + 10)
    gc.collect()
    assert count_alive(windows_garbage) == 0


def test_engine_does_not_collect_while_automatic_collection_is_on() -> None:
    fallback = GarbageFallback(SILENT_SECONDS)
    gc.enable()
    fallback.check(0.0)
    frozen, collections = gc.get_freeze_count(), [one["collections"] for one in gc.get_stats()]

    fallback.check(SILENT_SECONDS * 2)

    assert (gc.get_freeze_count(), [one["collections"] for one in gc.get_stats()]) == (frozen, collections)
