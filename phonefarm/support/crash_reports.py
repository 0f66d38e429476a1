"""Native crashes (Qt, a driver) leave a report in the log folder, which the next start announces."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import structlog

if sys.platform != "win32":
    import fcntl

log = structlog.get_logger(__name__)

REPORTS_KEPT = 10
RUNNING = ".running"
"""Suffix of the report of a process that has not ended normally; the file is empty unless the process crashed."""


@contextlib.contextmanager
def crash_reports(folder: Path) -> Iterator[Path | None]:
    """Write the stacks of all threads, without locals, if the process crashes; yields the newest earlier report.

    Each report is yielded once. If the folder is not writable there is no report, and nothing else changes.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        earlier = _collect(folder)
        path = folder / f"crash-{os.getpid()}-{secrets.token_hex(4)}{RUNNING}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        yield None
        return
    if earlier is not None:
        log.warning("the program crashed when it ran last", report=str(earlier))
    _lock(descriptor)
    faulthandler.enable(descriptor, all_threads=True)
    try:
        yield earlier
    finally:
        faulthandler.disable()
        os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink()


def newest_report(folder: Path) -> tuple[Path, datetime] | None:
    """The newest report of a crash, and when that was; None without one."""
    try:
        found = [(path, path.stat().st_mtime) for path in folder.glob("crash-*.txt")]
    except OSError:
        return None
    if not found:
        return None
    path, seconds = max(found, key=lambda report: report[1])
    return path, datetime.fromtimestamp(seconds, UTC)


def crash_sentence(report: Path) -> str:
    """The message to the user about a report."""
    return (
        f"phonefarm crashed when it ran last. Nothing that was stored is lost. The report is {report}: "
        "send it to the person who looks after your phonefarm."
    )


def _collect(folder: Path) -> Path | None:
    """Rename the reports of ended processes by their time, and remove the empty ones and the oldest."""
    newest = None
    for path in sorted(folder.glob(f"crash-*{RUNNING}"), key=lambda path: path.stat().st_mtime):
        with contextlib.suppress(OSError):  # on Windows: held by a running process
            if _is_locked(path):
                continue
            stat = path.stat()
            if stat.st_size == 0:
                path.unlink()
                continue
            when = datetime.fromtimestamp(stat.st_mtime, UTC)
            newest = path.rename(folder / f"crash-{when:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}.txt")
    with contextlib.suppress(OSError):
        for old in sorted(folder.glob("crash-*.txt"))[:-REPORTS_KEPT]:
            old.unlink()
    return newest


def _lock(descriptor: int) -> None:
    """Lock the report while this process runs; on Windows an open file is locked anyway."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_locked(path: Path) -> bool:
    if sys.platform == "win32":
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
