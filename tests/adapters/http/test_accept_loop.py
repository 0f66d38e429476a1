"""A failed accept is logged once, in one line, without the loop's own report."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from phonefarm.adapters.http import accept_loop
from phonefarm.adapters.http.accept_loop import accept_connections, ignore_failed_accept
from phonefarm.adapters.http.server import bind
from tests.waiting import until
from tests.windows_errors import windows_error
from tests.windows_loop import NETNAME_DELETED, WindowsAccepts


async def accept_coro() -> None:
    """Named like the coroutine in asyncio's `IocpProactor.accept`."""
    raise windows_error(NETNAME_DELETED)


async def some_coro() -> None:
    raise windows_error(NETNAME_DELETED)


@pytest.mark.parametrize(("work", "is_logged"), [(accept_coro, False), (some_coro, True)])
async def test_unretrieved_exception_of_a_failed_accept_is_not_logged(
    work: Callable[[], Coroutine[Any, Any, None]], is_logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(ignore_failed_accept)

    await asyncio.wait([loop.create_task(work())])
    gc.collect()

    assert ("exception was never retrieved" in caplog.text) is is_logged


async def test_endless_failures_are_retried_with_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accept_loop, "RETRY_PAUSE_SECONDS", 60.0)
    tries = 0

    async def fail(listener: socket.socket) -> None:
        nonlocal tries
        tries += 1
        raise windows_error(NETNAME_DELETED)

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_accept", fail)
    with bind("127.0.0.1", 0, "test server") as listener:
        accepting = asyncio.gather(accept_connections(listener, socket.socket.close))
        await until(lambda: tries > accept_loop.MAX_RESETS_IN_A_ROW)
        for _ in range(100):
            await asyncio.sleep(0)
        accepting.cancel()
        await asyncio.wait([accepting])

    assert tries == accept_loop.MAX_RESETS_IN_A_ROW + 1


async def test_failed_accepts_are_logged_once_a_minute() -> None:
    windows = WindowsAccepts(asyncio.get_running_loop(), failures=[NETNAME_DELETED] * 20)
    with bind("127.0.0.1", 0, "test server") as listener, capture_logs() as lines:
        accepting = asyncio.gather(accept_connections(listener, socket.socket.close))
        for _ in range(20):
            socket.create_connection(listener.getsockname()).close()
        await until(lambda: windows.have_failed)
        accepting.cancel()
        await asyncio.wait([accepting])

    assert [line["number"] for line in lines if line["event"] == "connections could not be accepted"] == [1]
