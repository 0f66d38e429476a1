"""The partner key in a file that only its owner can read, for systems without a keyring."""

from __future__ import annotations

from pathlib import Path

from phonefarm.domain.errors import KnownError
from phonefarm.support.os_errors import cause_of
from phonefarm.support.private_files import NotWritten, write_private
from phonefarm.support.text_files import read_text


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
        """Atomic, and never readable by others; raises KnownError. May block for twelve seconds."""
        try:
            write_private(self._path, key + "\n")
        except NotWritten as error:
            raise KnownError(f"The key file {self._path} cannot be written: {error}.") from None
