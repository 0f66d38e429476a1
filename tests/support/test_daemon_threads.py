"""Daemon threads return results and errors, and a hanging one is abandoned."""

from __future__ import annotations

import asyncio
import threading

import pytest

from phonefarm.support.daemon_threads import DaemonPool, in_own_thread
from tests.waiting import until


def fail() -> None:
    raise ValueError("broken")


async def test_own_thread_returns_the_result_or_raises_the_error() -> None:
    assert await in_own_thread(lambda: 7, "seven") == 7
    with pytest.raises(ValueError, match="broken"):
        await in_own_thread(fail, "fails")


async def test_cancelled_caller_does_not_wait_for_its_thread() -> None:
    released = threading.Event()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(in_own_thread(released.wait, "hangs"), 0.05)

    released.set()
    await until(lambda: not any(thread.name == "hangs" for thread in threading.enumerate()))


def test_pool_runs_all_accepted_calls_before_it_shuts_down() -> None:
    pool = DaemonPool(2, "helper")
    results = [pool.submit(pow, number, 2) for number in range(20)]

    pool.shutdown()

    assert [result.result(0) for result in results] == [number**2 for number in range(20)]
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(fail)


def test_pool_passes_errors_on_and_continues() -> None:
    pool = DaemonPool(1, "helper")

    failed, succeeded = pool.submit(fail), pool.submit(pow, 2, 3)

    assert succeeded.result(5) == 8
    assert isinstance(failed.exception(0), ValueError)
    pool.shutdown()


def test_join_of_a_hanging_pool_times_out() -> None:
    pool = DaemonPool(1, "helper")
    released = threading.Event()
    pool.submit(released.wait)
    pool.shutdown(wait=False)

    assert not pool.join(0.05)
    released.set()
    assert pool.join(5)
