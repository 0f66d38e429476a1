"""Removes what a crash left behind: half-written files and scratch folders that nobody would ever look for."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

DRAFTS = (
    "settings.new",
    "numbers.new",
    "partner.new",
    "control.new",
    "selling-paused.new",
    "phonefarm.db.draft",
    "doctor.tmp",
)
"""What our own files of the data folder are called until they are whole; the user may keep others there."""
STALE_SECONDS = 24 * 3600.0
"""Older than any export or demo under way."""


def remove_drafts(folder: Path) -> None:
    """Of a folder that this process holds, so that no draft in it is anybody else's."""
    for name in DRAFTS:
        with suppress(OSError):
            (folder / name).unlink()


def remove_stale(folder: Path, pattern: str) -> None:
    """Of a folder that others use, too: only what is a day old."""
    with suppress(OSError):
        _remove_old(folder.glob(pattern))


def _remove_old(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            if time.time() - path.stat().st_mtime < STALE_SECONDS:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
