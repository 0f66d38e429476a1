"""Causes of operating system errors in the same words on every system.

On Windows errno may be wrong: for a refused connection asyncio reports errno 22, "Invalid argument", and only the class
and `winerror` are right. So these are checked first, and errno last.
"""

from __future__ import annotations

import errno
import os
import socket
from enum import StrEnum


class Trouble(StrEnum):
    """Causes that have the same words everywhere."""

    REFUSED = "Connection refused"
    TIMED_OUT = "Connection timed out"
    RESET = "Connection reset by peer"
    BROKEN_PIPE = "Broken pipe"
    NO_NETWORK = "Network is unreachable"
    NO_ROUTE = "No route to host"
    UNKNOWN_NAME = "its name is not known"
    ADDRESS_TAKEN = "Address already in use"
    IN_USE = "another program has it open"
    DENIED = "Permission denied"
    MISSING = "No such file or directory"
    DISK_FULL = "No space left on device"
    NO_RESOURCES = "the system has no memory or other resources left"


_BY_WINDOWS = {
    number: trouble
    for trouble, numbers in (
        (Trouble.REFUSED, (1225, 10061)),
        (Trouble.TIMED_OUT, (121, 1460, 10060)),
        (Trouble.RESET, (59, 64, 1236, 10053, 10054, 10057)),
        (Trouble.BROKEN_PIPE, (109, 232)),
        (Trouble.NO_NETWORK, (1231, 10050, 10051)),
        (Trouble.NO_ROUTE, (1232, 10065)),
        (Trouble.UNKNOWN_NAME, (11001, 11002, 11003, 11004)),
        (Trouble.ADDRESS_TAKEN, (10048,)),
        (Trouble.IN_USE, (32, 33)),
        (Trouble.DENIED, (5, 10013)),
        (Trouble.MISSING, (2, 3)),
        (Trouble.DISK_FULL, (39, 112)),
        (Trouble.NO_RESOURCES, (8, 14, 1450, 1455, 10055)),
    )
    for number in numbers
}
_LEAST_SOCKET_NUMBER = 10_000
"""Windows' socket errors from here on may be in `errno`, too; no other system uses these numbers."""
_BY_CLASS = (
    (ConnectionRefusedError, Trouble.REFUSED),
    (ConnectionResetError, Trouble.RESET),
    (ConnectionAbortedError, Trouble.RESET),
    (BrokenPipeError, Trouble.BROKEN_PIPE),
    (TimeoutError, Trouble.TIMED_OUT),
    (socket.gaierror, Trouble.UNKNOWN_NAME),
)
_BY_NUMBER = {
    errno.ECONNREFUSED: Trouble.REFUSED,
    errno.ETIMEDOUT: Trouble.TIMED_OUT,
    errno.ECONNRESET: Trouble.RESET,
    errno.ECONNABORTED: Trouble.RESET,
    errno.EPIPE: Trouble.BROKEN_PIPE,
    errno.ENETUNREACH: Trouble.NO_NETWORK,
    errno.EHOSTUNREACH: Trouble.NO_ROUTE,
    errno.EADDRINUSE: Trouble.ADDRESS_TAKEN,
}


def trouble_in(error: OSError) -> Trouble | None:
    """The cause, if it is a common one."""
    windows, number = _windows_number(error), error.errno or 0
    if windows in _BY_WINDOWS:
        return _BY_WINDOWS[windows]
    for kind, trouble in _BY_CLASS:
        if isinstance(error, kind):
            return trouble
    if number >= _LEAST_SOCKET_NUMBER and number in _BY_WINDOWS:
        return _BY_WINDOWS[number]
    return None if windows else _BY_NUMBER.get(number)


def cause_of(error: OSError) -> str:
    """The cause in a few words; the system's own words if it is not a common one."""
    return trouble_in(error) or error.strerror or str(error) or type(error).__name__


def bare_cause_of(error: OSError) -> str:
    """The same without the error's own text, which may contain a file name or an address."""
    if (trouble := trouble_in(error)) is not None:
        return trouble
    if windows := _windows_number(error):
        return f"Windows' error {windows}"
    return os.strerror(error.errno) if error.errno else type(error).__name__


def _windows_number(error: OSError) -> int:
    """The `winerror`, or 0: only some errors on Windows have it."""
    number = getattr(error, "winerror", None)
    return number if isinstance(number, int) else 0
