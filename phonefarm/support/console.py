"""Standard output and error that never stop the program, even if closed, full, broken or missing."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, Protocol, TextIO

from phonefarm.domain.errors import KnownError
from phonefarm.support.os_errors import cause_of


class _RawOutput(Protocol):
    def fileno(self) -> int: ...

    def isatty(self) -> bool: ...

    def write(self, data: Any, /) -> int | None: ...


class _LenientRaw(io.RawIOBase):
    """Passes writes on; a failed write is stored as `error` and reported as written."""

    def __init__(self, raw: _RawOutput) -> None:
        super().__init__()
        self._raw = raw
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, data: Any, /) -> int:
        try:
            written = self._raw.write(data)
        except OSError as error:
            self.error = self.error or error
            return len(data)
        if written is None:  # another program made the descriptor non-blocking, and its reader is too slow
            self.error = self.error or BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            return len(data)
        return written


class Console:
    """Call `make_safe` once at the start, and `say` for a command's answer."""

    def __init__(self) -> None:
        self._stdout: _LenientRaw | None = None

    def make_safe(self) -> None:
        """Replace both streams; first open missing standard descriptors, so that no other file gets their numbers."""
        _open_standard_descriptors()
        sys.stdout, self._stdout = _safe(sys.stdout)
        sys.stderr, _ = _safe(sys.stderr)

    def say(self, text: str) -> None:
        """Print a command's answer. Raises KnownError if it cannot be written: then the command has failed."""
        print(text, flush=True)
        error = None if self._stdout is None else self._stdout.error
        if error is not None:
            raise KnownError(f"The answer cannot be written: {cause_of(error)}.")


def _safe(stream: TextIO | None) -> tuple[TextIO, _LenientRaw | None]:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8"), None
    binary = getattr(stream, "buffer", None)
    if binary is None:
        return stream, None
    raw = _LenientRaw(getattr(binary, "raw", binary))
    safe = io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors="replace", line_buffering=True)
    return safe, raw


def _open_standard_descriptors() -> None:
    if sys.platform == "win32":
        return  # a missing stream is None there, and its descriptor is never reused
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:
            os.close(descriptor)
            return


console = Console()
