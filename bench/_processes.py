"""Resource use of other processes, read from Linux's /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_MEGABYTE = 1 << 20


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads since the start of the process."""
    fields = Path("/proc", str(pid), "stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_megabytes(pid: int) -> float:
    pages = int(Path("/proc", str(pid), "statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE


def adb_pid(port: int) -> int:
    """The pid of the adb server with this port in its command line."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(b"adb" in word for word in words[:1]) and str(port).encode() in b" ".join(words):
                return int(folder.name)
    raise LookupError(f"no adb server on port {port}")
