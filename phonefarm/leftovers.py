"""Removes what a crash left behind: half-written files and scratch folders that nobody would ever look for."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

DRAFTS = ("*.new", "*.draft", "*.tmp")
"""What a file of the data folder is called until it is whole."""
STALE_SECONDS = 24 * 3600.0
"""Older than any export or demo under way."""


def remove_drafts(folder: Path) -> None:
    """Of a folder that this process holds, so that no draft in it is anybody else's."""
    for pattern in DRAFTS:
        _remove(folder.glob(pattern), younger_stay=False)


def remove_stale(folder: Path, pattern: str) -> None:
    """Of a folder that others use, too: only what is a day old."""
    with suppress(OSError):
        _remove(folder.glob(pattern), younger_stay=True)


def _remove(paths: Iterable[Path], *, younger_stay: bool) -> None:
    for path in paths:
        with suppress(OSError):
            if younger_stay and time.time() - path.stat().st_mtime < STALE_SECONDS:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
