"""Files that only their owner can read, whole or not there."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from pathlib import Path

from phonefarm.support.atomic_files import atomic_write
from phonefarm.support.os_errors import cause_of

ICACLS_DEADLINE_SECONDS = 10.0


class NotWritten(Exception):
    """The message says why, without the path and without the text."""


def write_private(path: Path, text: str) -> None:
    """Write `text`; no other user can read it at any moment. Raises NotWritten. May block for twelve seconds."""
    draft = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with atomic_write(path, draft):
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                if sys.platform == "win32":
                    _let_only_the_owner_read(draft)
                file.write(text)
                file.flush()
                os.fsync(descriptor)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotWritten(cause_of(error) if isinstance(error, OSError) else type(error).__name__) from None


def _let_only_the_owner_read(path: Path) -> None:
    """Windows has no mode bits: takes inherited rights away and grants the user's own."""
    subprocess.run(  # noqa: S603 - a fixed program with fixed words
        ["icacls", str(path), "/inheritance:r", "/grant:r", f"{getpass.getuser()}:F"],  # noqa: S607 - of the system
        check=True,
        capture_output=True,
        timeout=ICACLS_DEADLINE_SECONDS,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
