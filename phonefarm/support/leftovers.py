"""Removes half-written files and scratch folders that a crash left behind."""

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
"""Names of our own drafts in the data folder; other files there may be the user's."""
STALE_SECONDS = 24 * 3600.0
"""Older than any export or demo in progress."""


def remove_drafts(folder: Path) -> None:
    """Remove the drafts of a folder that this process has locked, so that they are no other process's."""
    for name in DRAFTS:
        with suppress(OSError):
            (folder / name).unlink()


def remove_stale(folder: Path, pattern: str) -> None:
    """Remove matching entries that are at least a day old; for a folder that other programs use, too."""
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
