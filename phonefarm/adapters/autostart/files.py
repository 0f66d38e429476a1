"""The small files by which a system is told what to start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from phonefarm.domain.errors import KnownError
from phonefarm.support.atomic_files import atomic_write, remove_file
from phonefarm.support.os_errors import cause_of


class StartFile:
    """A file whose presence turns the start on, as a port `Autostart`."""

    def __init__(self, path: Path, content: Callable[[], bytes]) -> None:
        self.path = path
        self._content = content

    def is_on(self) -> bool:
        return self.path.is_file()

    def turn_on(self) -> None:
        draft = self.path.with_name(f"{self.path.name}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self.path, draft):
                draft.write_bytes(self._content())
        except OSError as error:
            raise KnownError(
                f"{self.path} cannot be written: {cause_of(error)}. Check the rights of its folder, then try again."
            ) from error

    def turn_off(self) -> None:
        try:
            remove_file(self.path)
        except OSError as error:
            raise KnownError(f"{self.path} cannot be removed: {cause_of(error)}. Remove it by hand.") from error
