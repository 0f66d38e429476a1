"""Threads that may be left behind do their work like others while nothing hangs."""

from __future__ import annotations

import asyncio
import threading

import pytest

from phonefarm.support.daemon_threads import DaemonPool, in_own_thread
from tests.waiting import until


def fail() -> None:
    raise ValueError("broken")


async def test_own_thread_gives_its_result_or_its_error() -> None:
    assert await in_own_thread(lambda: 7, "seven") == 7
    with pytest.raises(ValueError, match="broken"):
        await in_own_thread(fail, "fails")


async def test_own_thread_is_left_behind_by_a_caller_who_is_cancelled() -> None:
    enough = threading.Event()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(in_own_thread(enough.wait, "hangs"), 0.05)

    enough.set()
    await until(lambda: not any(thread.name == "hangs" for thread in threading.enumerate()))


def test_pool_does_all_that_it_took_before_it_ends() -> None:
    pool = DaemonPool(2, "helper")
    results = [pool.submit(pow, number, 2) for number in range(20)]

    pool.shutdown()

    assert [result.result(0) for result in results] == [number**2 for number in range(20)]
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(fail)


def test_pool_hands_on_errors_and_goes_on() -> None:
    pool = DaemonPool(1, "helper")

    failed, well = pool.submit(fail), pool.submit(pow, 2, 3)

    assert well.result(5) == 8
    assert isinstance(failed.exception(0), ValueError)
    pool.shutdown()


def test_pool_that_hangs_is_left_after_a_while() -> None:
    pool = DaemonPool(1, "helper")
    enough = threading.Event()
    pool.submit(enough.wait)
    pool.shutdown(wait=False)

    assert not pool.join(0.05)
    enough.set()
    assert pool.join(5)
