"""Errors as Windows raises them, on every system."""

from __future__ import annotations

import errno
import sys
from collections.abc import Awaitable, Callable


def windows_error(number: int, words: str = "", kind: type[OSError] = OSError) -> OSError:
    """With the POSIX number that Python makes of one that it does not know: "Invalid argument"."""
    if sys.platform == "win32":
        return kind(0, words, None, number)
    error = kind(errno.EINVAL, words)
    error.__dict__["winerror"] = number
    return error


def fails_with(number: int) -> Callable[..., Awaitable[None]]:
    """Stands where something is asked of the system."""

    async def fails(*_: object) -> None:
        raise windows_error(number, "The remote computer refused the network connection")

    return fails
