"""Every failure of a task is reported, and a failing loop is restarted."""

from __future__ import annotations

import asyncio

import pytest

from phonefarm.support.tasks import Tasks
from tests.waiting import until


@pytest.fixture
def bugs() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def tasks(bugs: list[tuple[str, str]]) -> Tasks:
    return Tasks(lambda name, error: bugs.append((name, str(error))))


async def fail() -> None:
    raise ValueError("broken")


async def test_task_that_fails_is_reported_by_name(tasks: Tasks, bugs: list[tuple[str, str]]) -> None:
    tasks.start(fail(), "a task")

    await until(lambda: bugs)

    assert bugs == [("a task", "broken")]


async def test_loop_is_restarted_after_every_bug(tasks: Tasks, bugs: list[tuple[str, str]]) -> None:
    rounds = []

    async def work() -> None:
        rounds.append(1)
        if len(rounds) < 3:
            raise ValueError(f"round {len(rounds)}")

    ended = tasks.keep_going(work, "a loop", pause=0.001)
    await ended

    assert bugs == [("a loop", "round 1"), ("a loop", "round 2")]
    assert len(rounds) == 3


async def test_cancelled_task_is_no_bug(tasks: Tasks, bugs: list[tuple[str, str]]) -> None:
    task = tasks.start(asyncio.Event().wait(), "waits for ever")
    await asyncio.sleep(0)

    await tasks.stop()

    assert task.cancelled()
    assert bugs == []


async def test_stop_ends_a_loop_that_keeps_failing(tasks: Tasks, bugs: list[tuple[str, str]]) -> None:
    loop = tasks.keep_going(fail, "fails for ever", pause=0.001)
    await until(lambda: len(bugs) > 3)

    await tasks.stop()

    assert loop.cancelled()


async def test_stop_does_not_wait_for_ever_for_a_task_that_ignores_cancellation(tasks: Tasks) -> None:
    released = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await released.wait()

    task = tasks.start(stubborn(), "stubborn")
    await asyncio.sleep(0)

    await asyncio.wait_for(tasks.stop(within=0.05), 5)

    assert not task.done()
    released.set()
    await task


async def test_task_that_stops_all_does_not_wait_for_itself(tasks: Tasks) -> None:
    other = tasks.start(asyncio.Event().wait(), "other")

    await tasks.start(tasks.stop(), "the one that stops")

    assert other.cancelled()


async def test_loop_that_failed_recovers_after_running_for_a_while(bugs: list[tuple[str, str]]) -> None:
    recovered: list[str] = []
    tasks = Tasks(lambda name, error: bugs.append((name, str(error))), recovered.append, recovered_after=0.02)
    rounds = []

    async def work() -> None:
        rounds.append(1)
        if len(rounds) < 3:
            raise ValueError("broken")
        await asyncio.Event().wait()

    tasks.keep_going(work, "a loop", pause=0.001)

    await until(lambda: recovered)
    assert (len(bugs), recovered) == (2, ["a loop"])
    await tasks.stop()
    assert recovered == ["a loop"]


async def test_loop_that_keeps_failing_does_not_recover(bugs: list[tuple[str, str]]) -> None:
    recovered: list[str] = []
    tasks = Tasks(lambda name, error: bugs.append((name, str(error))), recovered.append)

    tasks.keep_going(fail, "a loop", pause=0.001)
    await until(lambda: len(bugs) > 3)

    assert recovered == []
    await tasks.stop()


async def test_cancelled_loop_that_failed_counts_as_recovered(bugs: list[tuple[str, str]]) -> None:
    recovered: list[str] = []
    tasks = Tasks(lambda name, error: bugs.append((name, str(error))), recovered.append)
    loop = tasks.keep_going(fail, "a phone's", pause=60)
    await until(lambda: bugs)

    loop.cancel()

    await until(lambda: recovered == ["a phone's"])
