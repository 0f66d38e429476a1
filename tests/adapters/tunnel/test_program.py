"""A tunnel program is started, its URL is read, and it never outlives its tunnel."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from phonefarm.adapters.tunnel.presets import ProgramSpec
from phonefarm.adapters.tunnel.program import LOGGED_LINES_PER_START, ProgramTunnel, without_secrets
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind
from phonefarm.domain.tunnels import TunnelFailed
from phonefarm.support.deadlines import within
from tests.checkout import CHECKOUT
from tests.waiting import until

FAKE = Path(__file__).with_name("fake_program.py")
URL, OTHER_URL = "https://one.example.com", "https://two.example.com"
ENDS_SECONDS = 20.0


def spec(*words: str, pattern: str = r"https://\S+") -> ProgramSpec:
    return ProgramSpec(command=(sys.executable, str(FAKE), *words), url_pattern=re.compile(pattern))


def environment() -> Mapping[str, str]:
    return os.environ


class Run:
    """A tunnel that runs until the end of the `async with`."""

    def __init__(self, tunnel: ProgramTunnel) -> None:
        self.urls: list[str] = []
        self._tunnel = tunnel
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Run:
        self.task = asyncio.get_running_loop().create_task(self._tunnel.run(self.urls.append), name="tunnel")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.task is not None
        self.task.cancel()
        with suppress(asyncio.CancelledError, TunnelFailed, KnownError):
            await self.task

    async def failure(self) -> TunnelFailed:
        assert self.task is not None
        with pytest.raises(TunnelFailed) as caught:
            async with within(ENDS_SECONDS):
                await self.task
        return caught.value


def programs_running() -> int:
    """Of the fake program, as the system lists them."""
    count = 0
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            count += str(FAKE).encode() in command.read_bytes()
    return count


async def test_url_is_read_from_the_output() -> None:
    async with Run(ProgramTunnel(spec("live", "starting", f"your url is {URL}"), environment)) as run:
        await until(lambda: run.urls == [URL])


async def test_another_url_while_it_runs_is_reported_and_the_same_one_is_not() -> None:
    async with Run(ProgramTunnel(spec("live", URL, URL, OTHER_URL), environment)) as run:
        await until(lambda: run.urls == [URL, OTHER_URL])


async def test_url_of_the_users_is_reported_where_the_program_prints_none() -> None:
    named = ProgramSpec(command=spec("live", "up").command, url_pattern=None)

    async with Run(ProgramTunnel(named, environment, URL)) as run:
        await until(lambda: run.urls == [URL])


async def test_program_that_dies_says_its_code_and_its_last_line() -> None:
    async with Run(ProgramTunnel(spec("die", URL, "account suspended"), environment)) as run:
        failure = await run.failure()

    assert failure.health.kind is HealthKind.TUNNEL_PROGRAM_ENDED
    assert (failure.health.fields["code"], failure.health.fields["last_line"]) == (3, "account suspended")


async def test_program_that_is_not_installed_is_named() -> None:
    missing = ProgramSpec(command=("no-such-tunnel", "http"), url_pattern=None)

    async with Run(ProgramTunnel(missing, environment)) as run:
        failure = await run.failure()

    assert failure.health.kind is HealthKind.TUNNEL_PROGRAM_MISSING
    assert failure.health.fields["program"] == "no-such-tunnel"


async def test_program_that_names_no_url_is_given_up() -> None:
    tunnel = ProgramTunnel(spec("live", "starting"), environment, start_within=timedelta(seconds=0.5))

    async with Run(tunnel) as run:
        failure = await run.failure()

    assert failure.health.kind is HealthKind.TUNNEL_WITHOUT_URL


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are listed in /proc")
@pytest.mark.parametrize("what", ["live", "close", "hang"])
async def test_program_ends_with_its_tunnel(what: str) -> None:
    async with Run(ProgramTunnel(spec(what, URL), environment)) as run:
        await until(lambda: bool(run.urls))
        if what != "close":
            assert programs_running() == 1

    assert programs_running() == 0


async def test_program_gets_the_environment_it_is_given_and_no_console() -> None:
    code = "import os, sys; print('https://' + os.environ['WHERE']); sys.stdin.read(); import time; time.sleep(600)"
    printing = ProgramSpec(command=(sys.executable, "-c", code), url_pattern=re.compile(r"https://\S+"))
    given = {**os.environ, "WHERE": "given.example.com"}

    async with Run(ProgramTunnel(printing, lambda: given)) as run:
        await until(lambda: run.urls == ["https://given.example.com"])


async def test_output_is_logged_without_secrets_and_not_without_end() -> None:
    token = "2abcDEFghiJKLmnoPQRstuVWXyz_0123456789abcdefABC"
    with capture_logs() as logs:
        async with Run(ProgramTunnel(spec("flood", f"authtoken={token} saved", URL), environment)) as run:
            await until(lambda: len(logs) >= LOGGED_LINES_PER_START)
            await until(lambda: bool(run.urls))

    lines = [entry["line"] for entry in logs if entry["event"] == "tunnel program"]
    assert lines[0] == "authtoken=[hidden] saved"
    assert len(lines) == LOGGED_LINES_PER_START
    assert token not in repr(logs)


@pytest.mark.parametrize(
    ("line", "logged"),
    [
        ("token: abc123", "token: [hidden]"),
        ('"api_key": "abc"', '"api_key": "[hidden]'),
        ("Bearer eyJhbGciOi", "Bearer [hidden]"),
        (f"id {'a1' * 24} ok", "id [hidden] ok"),
        ("Registered tunnel connection connIndex=0", "Registered tunnel connection connIndex=0"),
    ],
)
def test_what_may_be_a_token_is_hidden(line: str, logged: str) -> None:
    assert without_secrets(line) == logged


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("setpriv") is None, reason="the system ends no child with its parent"
)
async def test_program_ends_with_us_even_if_we_are_killed() -> None:
    ours = [sys.executable, "-m", "tests.adapters.tunnel.run_program", str(FAKE), URL]
    process = await asyncio.create_subprocess_exec(*ours, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert (await process.stdout.readline()).decode().strip() == URL
    assert programs_running() == 2, "ours names it, too"

    process.kill()
    await process.wait()

    await until(lambda: programs_running() == 0)
