"""Windows' errors on every system."""

from __future__ import annotations

import errno
import sys
from collections.abc import Awaitable, Callable


def windows_error(number: int, words: str = "", kind: type[OSError] = OSError) -> OSError:
    """An error with EINVAL, to which Python maps unknown Windows codes."""
    if sys.platform == "win32":
        return kind(0, words, None, number)
    error = kind(errno.EINVAL, words)
    error.__dict__["winerror"] = number
    return error


def fails_with(number: int) -> Callable[..., Awaitable[None]]:
    """An async system call that fails with this error."""

    async def fails(*_: object) -> None:
        raise windows_error(number, "The remote computer refused the network connection")

    return fails
