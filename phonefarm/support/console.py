"""Standard output and error that cannot stop the program: closed, full, cut off, or not there at all."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, TextIO

from phonefarm.domain.errors import KnownError
from phonefarm.support.os_errors import cause_of


class _ForgivingRaw(io.RawIOBase):
    """Writes through; after a failure it keeps the first error and takes what is written for written."""

    def __init__(self, raw: Any) -> None:
        super().__init__()
        self._raw = raw
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def isatty(self) -> bool:
        return bool(self._raw.isatty())

    def write(self, data: Any, /) -> int:
        try:
            written = self._raw.write(data)
        except OSError as error:
            self.error = self.error or error
            return len(data)
        if written is None:  # another program made the descriptor non-blocking, and nobody reads fast enough
            self.error = self.error or BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            return len(data)
        return int(written)


class Console:
    """`make_safe` once at the start; `say` for what a command answers."""

    def __init__(self) -> None:
        self._stdout: _ForgivingRaw | None = None

    def make_safe(self) -> None:
        """Replaces both streams; opens the three standard descriptors first, so that no file of ours takes one."""
        _open_standard_descriptors()
        sys.stdout, self._stdout = _safe(sys.stdout)
        sys.stderr, _ = _safe(sys.stderr)

    def say(self, text: str) -> None:
        """A command's answer; raises KnownError where it cannot be written, for then the command has failed."""
        print(text, flush=True)
        error = None if self._stdout is None else self._stdout.error
        if error is not None:
            raise KnownError(f"The answer cannot be written: {cause_of(error)}.")


def _safe(stream: TextIO | None) -> tuple[TextIO, _ForgivingRaw | None]:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8"), None
    binary = getattr(stream, "buffer", None)
    if binary is None:
        return stream, None
    raw = _ForgivingRaw(getattr(binary, "raw", binary))
    safe = io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors="replace", line_buffering=True)
    return safe, raw


def _open_standard_descriptors() -> None:
    if sys.platform == "win32":
        return  # there a missing stream is None and its descriptor is not given to other files
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:
            os.close(descriptor)
            return


console = Console()
