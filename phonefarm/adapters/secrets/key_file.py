"""The partner key in a file that only its owner can read, for systems without a keyring."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from pathlib import Path

from phonefarm.domain.errors import KnownError
from phonefarm.support.atomic_files import atomic_write
from phonefarm.support.os_errors import cause_of
from phonefarm.support.text_files import read_text

ICACLS_TIMEOUT_SECONDS = 10.0


class KeyFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def exists(self) -> bool:
        return self._path.is_file()

    def read_key(self) -> str | None:
        """The key, or None without a file; raises KnownError if the file cannot be read."""
        try:
            return read_text(self._path).strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            cause = cause_of(error) if isinstance(error, OSError) else "it is not text"
            raise KnownError(f"The key file {self._path} cannot be read: {cause}.") from None

    def write_key(self, key: str) -> None:
        """Atomic, and never readable by others; raises KnownError. May block for two seconds."""
        draft = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            with atomic_write(self._path, draft):
                descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    if sys.platform == "win32":
                        _restrict_to_owner(draft)
                    file.write(key + "\n")
                    file.flush()
                    os.fsync(descriptor)
        except (OSError, subprocess.SubprocessError) as error:
            cause = cause_of(error) if isinstance(error, OSError) else type(error).__name__
            raise KnownError(f"The key file {self._path} cannot be written: {cause}.") from None


def _restrict_to_owner(path: Path) -> None:
    """Windows has no mode bits: remove inherited permissions and grant the user full access."""
    subprocess.run(  # noqa: S603 - fixed program and arguments
        ["icacls", str(path), "/inheritance:r", "/grant:r", f"{getpass.getuser()}:F"],  # noqa: S607 - part of Windows
        check=True,
        capture_output=True,
        timeout=ICACLS_TIMEOUT_SECONDS,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
