"""Simulates another program that holds files open: with real handles on Windows, with Windows' errors elsewhere."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from phonefarm.support import atomic_files

IN_USE = 32


class Holder:
    """Holds a file for `pauses` retries of the waiting code, or until `release`; the retries do not sleep."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waited = 0.0
        self._pauses_left: dict[Path, int | None] = {}
        self._open: dict[Path, IO[bytes]] = {}
        monkeypatch.setattr(atomic_files, "sleep", self._pause)
        if sys.platform != "win32":
            for name in ("replace", "unlink"):
                monkeypatch.setattr(os, name, self._refusing(getattr(os, name)))

    def hold(self, path: Path, *, pauses: int | None = None) -> None:
        self._pauses_left[path] = pauses
        if sys.platform == "win32":
            self._open[path] = path.open("rb")

    def let_go(self) -> None:
        for path in list(self._pauses_left):
            self._release(path)

    def _release(self, path: Path) -> None:
        del self._pauses_left[path]
        if path in self._open:
            self._open.pop(path).close()

    def _pause(self, seconds: float) -> None:
        self.waited += seconds
        for path, left in list(self._pauses_left.items()):
            if left is None:
                continue
            self._pauses_left[path] = left - 1
            if left == 1:
                self._release(path)

    def _refusing(self, call: Callable[..., None]) -> Callable[..., None]:
        def refuse_or_call(*paths: Any, **options: Any) -> None:
            if any(isinstance(path, str | Path) and Path(path) in self._pauses_left for path in paths):
                raise refusal(IN_USE)
            call(*paths, **options)

        return refuse_or_call


def refusal(code: int) -> PermissionError:
    """An error like those of Windows."""
    error = PermissionError(errno.EACCES, "Access is denied")
    setattr(error, "winerror", code)  # noqa: B010 - an attribute that only Windows gives it
    return error
