"""A closed, full or broken output never stops the program; only a command whose answer is lost fails."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from phonefarm.commands.status import fetch_health
from phonefarm.domain.errors import KnownError
from phonefarm.support.console import _LenientRaw
from tests.checkout import CHECKOUT
from tests.waiting import until

HAS_FULL_DEVICE = Path("/dev/full").exists()
COMMAND = f"exec {shlex.quote(sys.executable)} -m phonefarm"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="redirections of a POSIX shell")

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def admin(unused_tcp_port_factory: Callable[[], int]) -> str:
    return f"127.0.0.1:{unused_tcp_port_factory()}"


@pytest.fixture
def start(tmp_path: Path, admin: str, unused_tcp_port: int) -> Start:
    """Starts a shell command on a scratch data folder without adb."""
    own = {
        "PHONEFARM_DATA_DIR": str(tmp_path / "data"),
        "PHONEFARM_LISTEN": "127.0.0.1:0",
        "PHONEFARM_ADMIN_LISTEN": admin,
        "PHONEFARM_ADB_SERVERS": f"127.0.0.1:{unused_tcp_port}",
        "PHONEFARM_ADB_PATH": str(tmp_path / "no adb here"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PHONEFARM_")}

    def run(line: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["/bin/sh", "-c", line],
            env=kept | own,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.mark.farm
@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&- <&-", ">/dev/full", ">/dev/full 2>&1"])
async def test_farm_runs_without_an_output_and_stops_cleanly(start: Start, admin: str, redirection: str) -> None:
    if "/dev/full" in redirection and not HAS_FULL_DEVICE:
        pytest.skip("this system has no /dev/full")
    server = start(f"{COMMAND} serve {redirection}")

    async def answers() -> bool:
        assert server.poll() is None, server.communicate()
        try:
            await fetch_health(admin)
        except KnownError:
            return False
        return True

    try:
        await until(answers, 40)
        server.send_signal(signal.SIGTERM)
        await asyncio.to_thread(server.communicate, None, 20)
    finally:
        server.kill()
        server.communicate()
    assert server.returncode == 0


def test_opened_file_never_gets_a_standard_descriptor(start: Start) -> None:
    code = (
        "from phonefarm.support.console import console; console.make_safe()\n"
        "import os; print(os.open('/dev/null', 0) > 2)"
    )
    done = start(f"exec {shlex.quote(sys.executable)} -c {shlex.quote(code)} <&- 2>&-")

    output, _ = done.communicate(timeout=30)

    assert output == "True\n"


def test_command_whose_answer_cannot_be_written_fails_with_the_cause(start: Start) -> None:
    if not HAS_FULL_DEVICE:
        pytest.skip("this system has no /dev/full")
    done = start(f"{COMMAND} --version >/dev/full")

    _, error = done.communicate(timeout=30)

    assert done.returncode == 1
    assert error == "phonefarm: The answer cannot be written: No space left on device.\n"


def test_write_to_a_full_pipe_is_kept_as_an_error() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with os.fdopen(writing, "wb", buffering=0) as pipe:
        raw = _LenientRaw(pipe)
        for _ in range(100):
            raw.write(b"x" * 65_536)
        error = raw.error
    os.close(reading)

    assert isinstance(error, BlockingIOError)
