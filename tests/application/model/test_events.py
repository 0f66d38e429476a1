"""Changes are announced in batches, at most ten a second, and none is lost."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

from phonefarm.application.model.events import FLUSH_SECONDS, MOST_KEYS, Announcer
from phonefarm.application.model.read_models import Changes, Topic
from tests.waiting import until


async def test_simultaneous_changes_are_one_batch() -> None:
    announcer, heard = Announcer(), list[Changes]()
    announcer.subscribe(heard.append)

    for number in range(50):
        announcer.changed(Topic.SIMS, [f"sim{number % 5}"])
    announcer.changed(Topic.RENTS, [10_001])
    announcer.changed(Topic.OVERVIEW)
    await until(lambda: heard)

    assert heard == [
        Changes(
            keys={
                Topic.SIMS: frozenset(f"sim{number}" for number in range(5)),
                Topic.RENTS: frozenset({"10001"}),
                Topic.OVERVIEW: frozenset(),
            }
        )
    ]


async def test_batches_keep_their_interval() -> None:
    announcer, loop, times = Announcer(), asyncio.get_running_loop(), list[float]()
    announcer.subscribe(lambda changes: times.append(loop.time()))

    async def called_again() -> bool:
        announcer.changed(Topic.OVERVIEW)
        return len(times) == 4

    await until(called_again)

    early = time.get_clock_info("monotonic").resolution  # a loop's timer may be so early: 16 ms on Windows
    assert all(later - earlier >= FLUSH_SECONDS * 0.9 - early for earlier, later in pairwise(times))


async def test_all_rows_replace_single_keys_in_either_order() -> None:
    announcer, heard = Announcer(), list[Changes]()
    announcer.subscribe(heard.append)

    announcer.changed(Topic.SIMS, None)
    announcer.changed(Topic.SIMS, ["A"])
    announcer.changed(Topic.PHONES, ["A"])
    announcer.changed(Topic.PHONES, None)
    await until(lambda: heard)

    assert heard[0].keys == {Topic.SIMS: None, Topic.PHONES: None}


async def test_too_many_keys_become_all_rows() -> None:
    announcer, heard = Announcer(), list[Changes]()
    announcer.subscribe(heard.append)

    announcer.changed(Topic.MESSAGES, range(MOST_KEYS + 1))
    await until(lambda: heard)

    assert heard[0].keys == {Topic.MESSAGES: None}


async def test_unsubscribed_listener_is_not_called_and_may_unsubscribe_twice() -> None:
    announcer, heard, gone = Announcer(), list[Changes](), list[Changes]()
    leave = announcer.subscribe(gone.append)
    announcer.subscribe(heard.append)

    leave()
    leave()
    announcer.changed(Topic.SIMS, ["A"])
    await until(lambda: heard)

    assert gone == []


async def test_changes_before_the_first_listener_are_in_the_first_batch() -> None:
    announcer, heard = Announcer(), list[Changes]()
    announcer.changed(Topic.SIMS, ["A"])

    announcer.subscribe(heard.append)
    announcer.changed(Topic.SIMS, ["B"])
    await until(lambda: heard)

    assert heard[0].keys == {Topic.SIMS: frozenset({"A", "B"})}


async def test_closed_announcer_announces_nothing() -> None:
    announcer, heard = Announcer(), list[Changes]()
    announcer.subscribe(heard.append)
    announcer.changed(Topic.SIMS, ["A"])

    announcer.close()
    announcer.changed(Topic.SIMS, ["B"])
    await asyncio.sleep(2 * FLUSH_SECONDS)

    assert heard == []
