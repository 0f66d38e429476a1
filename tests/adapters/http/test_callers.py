"""A failed accept is told once, in a line; the loop's own account of it is left out."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from phonefarm.adapters.http import callers
from phonefarm.adapters.http.callers import hear_a_failed_accept_once, take_callers
from phonefarm.adapters.http.server import bind
from tests.waiting import until
from tests.windows_errors import windows_error
from tests.windows_loop import NETNAME_DELETED, WindowsAccepts


async def accept_coro() -> None:
    """As that of asyncio's loop of Windows, in `IocpProactor.accept`."""
    raise windows_error(NETNAME_DELETED)


async def some_coro() -> None:
    raise windows_error(NETNAME_DELETED)


@pytest.mark.parametrize(("work", "is_printed"), [(accept_coro, False), (some_coro, True)])
async def test_what_nobody_can_collect_of_a_failed_accept_is_not_printed(
    work: Callable[[], Coroutine[Any, Any, None]], is_printed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(hear_a_failed_accept_once)

    await asyncio.wait([loop.create_task(work())])
    gc.collect()

    assert ("exception was never retrieved" in caplog.text) is is_printed


async def test_accept_that_fails_without_end_is_tried_in_peace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "PAUSE_AFTER_FAILURE", 60.0)
    tries = 0

    async def fail(listener: socket.socket) -> None:
        nonlocal tries
        tries += 1
        raise windows_error(NETNAME_DELETED)

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_accept", fail)
    with bind("127.0.0.1", 0, "test server") as listener:
        taking = asyncio.gather(take_callers(listener, socket.socket.close))
        await until(lambda: tries > callers.HANG_UPS_IN_A_ROW)
        for _ in range(100):
            await asyncio.sleep(0)
        taking.cancel()
        await asyncio.wait([taking])

    assert tries == callers.HANG_UPS_IN_A_ROW + 1


async def test_failed_accepts_are_told_together_once_a_minute() -> None:
    windows = WindowsAccepts(asyncio.get_running_loop(), failures=[NETNAME_DELETED] * 20)
    with bind("127.0.0.1", 0, "test server") as listener, capture_logs() as lines:
        taking = asyncio.gather(take_callers(listener, socket.socket.close))
        for _ in range(20):
            socket.create_connection(listener.getsockname()).close()
        await until(lambda: windows.have_failed)
        taking.cancel()
        await asyncio.wait([taking])

    assert [line["number"] for line in lines if line["event"] == "callers could not be let in"] == [1]
