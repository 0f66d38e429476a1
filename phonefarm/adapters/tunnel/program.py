"""A tunnel that a program on this PC keeps: started, read, ended with us."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import IO

import structlog

from phonefarm.adapters.tunnel.presets import ProgramSpec
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind
from phonefarm.domain.tunnels import LONGEST_START, tunnel_failed
from phonefarm.support.daemon_threads import in_own_thread
from phonefarm.support.deadlines import Deadline

log = structlog.get_logger(__name__)

TERMINATE_SECONDS = 2.0
"""Then the program is killed."""
LONGEST_LINE_BYTES = 2000
LOGGED_LINES_PER_START = 200
"""What a program prints beyond that is read and not logged: it must not fill the disk."""
LONGEST_CAUSE = 120

_SECRETS = re.compile(
    r"(?i)((?:auth)?token|api[-_]?key|secret|password|authorization|bearer)(\"?\s*[=:\s]\s*\"?)(\S+)"
    r"|[A-Za-z0-9_-]{40,}"  # a token whose name does not stand before it
)


def without_secrets(line: str) -> str:
    """A line of output with everything hidden that may be a token."""
    return _SECRETS.sub(lambda found: f"{found[1]}{found[2]}[hidden]" if found[1] else "[hidden]", line)


class ProgramTunnel:
    """Fulfils `Tunnel`. The program gets neither our settings nor a console, and ends when we do."""

    def __init__(
        self,
        spec: ProgramSpec,
        environment: Callable[[], Mapping[str, str]],
        url: str = "",
        *,
        start_within: timedelta = LONGEST_START,
    ) -> None:
        """`environment`: what the program inherits; `url`: the public URL where the program does not print it."""
        self._start_within = start_within
        self._spec = spec
        self._environment = environment
        self._url = url

    async def run(self, report_url: Callable[[str], None]) -> None:
        child = _Child(self._spec, dict(self._environment()))
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        try:
            await child.start(lambda line: _post(loop, lines, line))
        except BaseException:
            await asyncio.shield(in_own_thread(child.end, "tunnel end"))
            raise
        if self._url:
            report_url(self._url)
        try:
            last = await self._follow(lines, report_url)
            code = await in_own_thread(child.wait, "tunnel end")
        finally:
            await asyncio.shield(in_own_thread(child.end, "tunnel end"))
        raise tunnel_failed(
            HealthKind.TUNNEL_PROGRAM_ENDED, program=self._spec.program, code=code, last_line=last[:LONGEST_CAUSE]
        )

    async def _follow(self, lines: asyncio.Queue[str | None], report_url: Callable[[str], None]) -> str:
        """Log what the program prints and report each new URL in it; its last line, once it prints no more."""
        last, url, logged = "no output", self._url, 0
        deadline = None if url else asyncio.get_running_loop().time() + self._start_within.total_seconds()
        while True:
            line = await self._next(lines, None if url else deadline)
            if line is None:
                return last
            if (found := self._spec.url_in(line)) is not None and found != url:
                url = found
                report_url(url)
            last = without_secrets(line)
            if logged < LOGGED_LINES_PER_START:
                logged += 1
                log.info("tunnel program", program=self._spec.program, line=last)

    async def _next(self, lines: asyncio.Queue[str | None], deadline: float | None) -> str | None:
        try:
            async with Deadline(deadline):
                return await lines.get()
        except TimeoutError:
            raise tunnel_failed(HealthKind.TUNNEL_WITHOUT_URL, program=self._spec.program) from None


class _Child:
    """The program's process, and the thread that starts and reads it.

    Linux ends the program when the thread that started it ends, so the thread stays until the program is gone.
    """

    def __init__(self, spec: ProgramSpec, environment: dict[str, str]) -> None:
        self._spec = spec
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()
        self._is_ended = False

    async def start(self, on_line: Callable[[str | None], None]) -> None:
        """Start the program; then `on_line` is called on its thread for each line, and with None after the last.

        Raises KnownError where it cannot be started.
        """
        started: Future[None] = Future()
        threading.Thread(target=self._live, args=(started, on_line), name="tunnel program", daemon=True).start()
        await asyncio.wrap_future(started)

    def _live(self, started: Future[None], on_line: Callable[[str | None], None]) -> None:
        try:
            process = self._start()
        except BaseException as error:  # noqa: BLE001 - carried to whoever waits for the start
            started.set_exception(error)
            return
        if started.set_running_or_notify_cancel():
            started.set_result(None)
        if process is not None and process.stdout is not None:
            _read_lines(process.stdout, on_line)
        on_line(None)
        if process is not None:
            process.wait()

    def _start(self) -> subprocess.Popen[bytes] | None:
        program = shutil.which(self._spec.program, path=self._environment.get("PATH"))
        if program is None:
            raise tunnel_failed(HealthKind.TUNNEL_PROGRAM_MISSING, program=self._spec.program)
        command = [*_ended_with_parent(), program, *self._spec.command[1:]]
        with self._guard:
            if self._is_ended:
                return None
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the user's own program, without a shell
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=self._environment,
                    cwd=Path.home(),
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except OSError as error:
                raise KnownError(f"{self._spec.program} cannot be started: {error.strerror or error}.") from error
            return self._process

    def wait(self) -> int:
        """The exit code; -1 for a program that closed its output and goes on: it counts as ended, and `end` ends it."""
        if self._process is None:
            return -1
        try:
            return self._process.wait(TERMINATE_SECONDS)
        except subprocess.TimeoutExpired:
            return -1

    def end(self) -> None:
        with self._guard:
            self._is_ended = True
            process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(TERMINATE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _read_lines(output: IO[bytes], on_line: Callable[[str | None], None]) -> None:
    with output, suppress(OSError, ValueError):
        while raw := output.readline(LONGEST_LINE_BYTES):
            if line := raw.decode("utf-8", "replace").strip():
                on_line(line)


def _post(loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str | None], line: str | None) -> None:
    with suppress(RuntimeError):  # the loop has closed: nobody reads any more
        loop.call_soon_threadsafe(lines.put_nowait, line)


def _ended_with_parent() -> list[str]:
    """What makes the system end the program if we are killed, where there is such a thing."""
    if sys.platform != "linux" or (setpriv := shutil.which("setpriv")) is None:
        return []
    return [setpriv, "--pdeathsig", "TERM", "--"]


def inherited_environment() -> Mapping[str, str]:
    """What this process has; our own settings were taken out of it at the start."""
    return os.environ
