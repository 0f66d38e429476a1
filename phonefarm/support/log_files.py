"""Log handlers for a rotated file and for a terminal; neither blocks the farm."""

from __future__ import annotations

import logging
import os
import queue
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

ROTATION_RETRY_BYTES = 100_000
"""How much the file grows after a failed rotation before the next attempt."""
TERMINAL_QUEUE_LINES = 1_000
"""Lines that wait for a blocked terminal; further ones are dropped."""
TERMINAL_FLUSH_SECONDS = 0.5


class RotatingLog(logging.Handler):
    """Appends to one file and rotates it when it is full; goes on appending if the rotation fails.

    A rotation is one rename, which fails on Windows while another program has the file open.
    """

    def __init__(self, path: Path, *, max_bytes: int, kept: int) -> None:
        super().__init__()
        self._path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._rotates_at = max_bytes
        self._file: IO[str] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
            file = self._open_file()
            if file.tell() >= self._rotates_at:
                file = self._rotate()
            file.write(line + "\n")
            file.flush()
        except Exception:  # noqa: BLE001 - a full disk must not stop what is being logged
            self.handleError(record)

    def close(self) -> None:
        self.acquire()
        try:
            self._close_file()
        finally:
            self.release()
        super().close()

    def _open_file(self) -> IO[str]:
        if self._file is None:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = open(descriptor, "a", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
            self._file.seek(0, os.SEEK_END)
        return self._file

    def _rotate(self) -> IO[str]:
        """Returns the file to continue with: a new one, or the present one if it cannot be renamed."""
        size = self._open_file().tell()
        self._close_file()
        aside = self._path.with_name(f"{self._path.stem}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}{self._path.suffix}")
        try:
            self._path.rename(aside)
        except OSError:
            self._rotates_at = size + ROTATION_RETRY_BYTES
        else:
            self._rotates_at = self._max_bytes
            self._remove_oldest()
        return self._open_file()

    def _remove_oldest(self) -> None:
        folder, name = self._path.parent, self._path
        from_old_versions = sorted(folder.glob(f"{name.name}.*"), reverse=True)
        aside = sorted(folder.glob(f"{name.stem}-*{name.suffix}"))
        for old in [*from_old_versions, *aside][: -self._kept]:
            with suppress(OSError):  # open in a viewer: removed at the next rotation
                old.unlink()

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()


class TerminalLog(logging.Handler):
    """Writes on a thread of its own: a blocked terminal (Ctrl-S, a selection on Windows) does not block the farm."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(TERMINAL_QUEUE_LINES)
        self._writer = threading.Thread(target=self._write_lines, name="terminal log", daemon=True)
        self._writer.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(self.format(record) + "\n")
        except queue.Full:
            return
        except Exception:  # noqa: BLE001 - as logging's own handlers
            self.handleError(record)

    def close(self) -> None:
        """Wait a moment for the queued lines to be written."""
        with suppress(queue.Full):
            self._lines.put_nowait(None)
        self._writer.join(TERMINAL_FLUSH_SECONDS)
        super().close()

    def _write_lines(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError, ValueError):  # closed, full, or gone
                self._stream.write(line)
                self._stream.flush()


def is_terminal(stream: IO[str] | None) -> bool:
    with suppress(OSError, ValueError):
        return stream is not None and bool(stream.isatty())
    return False
