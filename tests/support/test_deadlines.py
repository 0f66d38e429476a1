"""A deadline expires only after pending input is read, also after the process or its loop was suspended."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from phonefarm.support.deadlines import Alarm, Deadline, ended_within, is_set_within, within
from tests.checkout import CHECKOUT
from tests.stepped_clock import go_by_steps
from tests.waiting import PATIENCE

SOON = 0.05


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def block_loop(seconds: float = 3 * SOON) -> None:
    """Blocks the event loop."""
    time.sleep(seconds)


# Expiry ---------------------------------------------------------------------------------


async def test_body_that_does_not_end_times_out() -> None:
    with pytest.raises(TimeoutError):
        async with within(SOON):
            await asyncio.Event().wait()


async def test_body_that_ends_in_time_is_not_affected() -> None:
    async with within(PATIENCE) as deadline:
        await asyncio.sleep(0)

    assert not deadline.expired()


async def test_deadline_in_the_past_times_out_at_once() -> None:
    deadline = Deadline(asyncio.get_running_loop().time() - 60)

    with pytest.raises(TimeoutError):
        async with deadline:
            await asyncio.Event().wait()

    assert deadline.expired()


async def test_deadline_none_never_expires() -> None:
    async with Deadline(None):
        await asyncio.sleep(SOON)


async def test_cancellation_from_outside_is_no_timeout() -> None:
    async def waits() -> None:
        async with within(PATIENCE):
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(waits())
        await asyncio.sleep(0)
        task.cancel()

    assert task.cancelled()


async def test_error_of_the_body_is_raised() -> None:
    with pytest.raises(ValueError, match="its own"):
        async with within(PATIENCE):
            raise ValueError("its own")


async def test_deadline_does_not_expire_after_its_body() -> None:
    async with within(SOON):
        await asyncio.sleep(0)
    await asyncio.sleep(2 * SOON)


async def test_cancelled_alarm_does_not_go_off() -> None:
    calls: list[bool] = []
    alarm = Alarm(asyncio.get_running_loop().time() + SOON, lambda: calls.append(True))
    await asyncio.sleep(0)
    alarm.cancel()
    await asyncio.sleep(2 * SOON)

    assert calls == []


async def test_ended_within_waits_and_does_not_cancel() -> None:
    released = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(released.wait())

        assert not await ended_within([task], SOON)
        assert not task.cancelled()

        released.set()
        assert await ended_within([task], PATIENCE)


# A coarse clock ---------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.001, 0.016, 0.02, 0.05, 0.07])
async def test_no_wait_ends_early_on_a_coarse_clock(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    go_by_steps(monkeypatch)
    loop = asyncio.get_running_loop()
    rung = loop.create_future()

    begun = loop.time()
    Alarm(begun + seconds, lambda: rung.set_result(loop.time()))
    await is_set_within(asyncio.Event(), seconds)
    waited = loop.time() - begun
    with suppress(TimeoutError):
        async with within(seconds):
            await asyncio.Event().wait()

    assert waited >= seconds
    assert loop.time() - begun >= waited + seconds
    assert await rung >= begun + seconds


# Suspension -----------------------------------------------------------------------------


async def test_input_that_arrived_while_the_loop_was_blocked_is_read(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    reader, writer = await asyncio.open_connection(sock=ours)
    theirs.sendall(b"answer")

    async with within(SOON):
        block_loop()
        answer = await reader.readexactly(6)
    writer.close()

    assert answer == b"answer"


async def test_input_in_parts_is_read_after_the_loop_was_blocked(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    reader, writer = await asyncio.open_connection(sock=ours)

    def send_late() -> None:
        theirs.sendall(b"OKAY")
        block_loop()
        theirs.sendall(b"0004abcd")

    asyncio.get_running_loop().call_soon(send_late)
    async with within(SOON):
        answer = await reader.readexactly(4) + await reader.readexactly(4) + await reader.readexactly(4)
    writer.close()

    assert answer == b"OKAY0004abcd"


async def test_threads_get_a_grace_period_after_the_loop_was_blocked() -> None:
    loop = asyncio.get_running_loop()
    loop.call_soon(block_loop)

    async with within(SOON):
        await loop.run_in_executor(None, time.sleep, 4 * SOON)


STREAM = """
import asyncio, sys
from phonefarm.support.deadlines import within
async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    writer.write(b"?")
    async with within(0.6):
        print((await reader.readexactly(6)).decode())
asyncio.run(main())
"""
PUSH = """
import asyncio, sys
from phonefarm.adapters.onlinesim.market_connection import MarketConnections
async def main():
    market = MarketConnections(f"http://127.0.0.1:{sys.argv[1]}/push")
    print((await market.post(market.head({}), b"{}", 0.6)).status)
    market.close()
asyncio.run(main())
"""
ADB = """
import asyncio, sys
from phonefarm.adapters.adb.smart_socket import SmartSocket
print(asyncio.run(SmartSocket("127.0.0.1", int(sys.argv[1])).version(within=0.6)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
@pytest.mark.parametrize(
    ("script", "answer", "output"),
    [
        (STREAM, b"answer", b"answer"),
        (PUSH, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"200"),
        (ADB, b"OKAY00040029", b"41"),
    ],
    ids=["a stream", "a push", "adb"],
)
def test_answer_that_arrived_while_the_process_was_stopped_is_read(script: str, answer: bytes, output: bytes) -> None:
    assert output_after_stop(script, answer).strip() == output


def output_after_stop(script: str, answer: bytes) -> bytes:
    """The output of a process that is stopped between its request and its deadline, while `answer` arrives."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(server.getsockname()[1])],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            line, _ = server.accept()
            with line:
                line.recv(1000)
                os.kill(process.pid, signal.SIGSTOP)
                os.waitpid(process.pid, os.WUNTRACED)
                line.sendall(answer)
                time.sleep(1.0)  # its deadline passes
                os.kill(process.pid, signal.SIGCONT)
                return process.communicate(timeout=PATIENCE)[0]
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()


# Everywhere -------------------------------------------------------------------------------


def test_nothing_in_the_farm_uses_asyncio_timeouts() -> None:
    """Except the simulation, and the end of the engine's loop, which has no input to read."""
    root = CHECKOUT
    files = {*(root / "phonefarm").rglob("*.py"), *(root / "ui").rglob("*.py")}
    own = re.compile(r"asyncio\.(timeout|timeout_at|wait_for)\(|ClientTimeout\(total=(?!None)")
    users = {file.relative_to(root).as_posix() for file in files if own.search(file.read_text(encoding="utf-8"))}

    assert {user for user in users if not user.startswith("phonefarm/simulation/")} == {
        "phonefarm/support/deadlines.py",
        "phonefarm/runtime/engine_thread.py",
    }
