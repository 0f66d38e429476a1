"""The draft of a database file, which replaces the file only when it is complete."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from phonefarm.domain.errors import KnownError
from phonefarm.support.atomic_files import replace_file
from phonefarm.support.os_errors import cause_of

DRAFT_SUFFIX = ".draft"
STAMP = "%Y%m%dT%H%M%SZ"
"""The UTC time in a file's name."""


def draft_of(target: Path) -> Path:
    return target.with_name(target.name + DRAFT_SUFFIX)


def make_private(draft: Path) -> None:
    """Create it empty, readable by its owner only."""
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def replace_durably(draft: Path, target: Path) -> None:
    """The draft takes the target's name once its content is on the disk."""
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    if os.name == "posix":
        draft.chmod(0o600)
    replace_file(draft, target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def explained_failure(what: str) -> Iterator[None]:
    """Turn an error of the disk or of SQLite into a KnownError that begins with `what`."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        cause = cause_of(error) if isinstance(error, OSError) else str(error)
        raise KnownError(
            f"{what}: {cause or error}. Check the disk's free space and the folder's permissions."
        ) from error
