"""The cause of a system error is right even if its errno is not."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from phonefarm.support.os_errors import Trouble, bare_cause_of, cause_of, trouble_in
from tests.windows_errors import windows_error


@pytest.mark.parametrize(
    ("numbers", "trouble"),
    [
        ((1225, 10061), Trouble.REFUSED),
        ((121, 10060), Trouble.TIMED_OUT),
        ((64, 1236, 10053, 10054), Trouble.RESET),
        ((1231, 10051), Trouble.NO_NETWORK),
        ((1232, 10065), Trouble.NO_ROUTE),
        ((11001, 11002, 11004), Trouble.UNKNOWN_NAME),
        ((10048,), Trouble.ADDRESS_TAKEN),
        ((32, 33), Trouble.IN_USE),
        ((5, 10013), Trouble.DENIED),
        ((39, 112), Trouble.DISK_FULL),
        ((8, 14, 1450), Trouble.NO_RESOURCES),
    ],
)
def test_winerror_decides_and_not_errno(numbers: tuple[int, ...], trouble: Trouble) -> None:
    for number in numbers:
        error = windows_error(number, "Der Remotecomputer verweigerte die Netzwerkverbindung")

        assert (trouble_in(error), cause_of(error), bare_cause_of(error)) == (trouble, trouble, trouble)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (ConnectionRefusedError(errno.EINVAL, "Invalid argument"), Trouble.REFUSED),
        (ConnectionResetError(), Trouble.RESET),
        (ConnectionAbortedError(), Trouble.RESET),
        (BrokenPipeError(), Trouble.BROKEN_PIPE),
        (TimeoutError(), Trouble.TIMED_OUT),
        (socket.gaierror(socket.EAI_NONAME, "getaddrinfo failed"), Trouble.UNKNOWN_NAME),
    ],
)
def test_class_decides_without_a_known_number(error: OSError, trouble: Trouble) -> None:
    assert trouble_in(error) is trouble


def test_sharing_violation_is_not_reported_as_a_lacking_permission() -> None:
    assert cause_of(windows_error(32, "no access", PermissionError)) == "another program has it open"


@pytest.mark.parametrize("number", [errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.EADDRINUSE])
def test_posix_errno_has_the_systems_words(number: int) -> None:
    assert trouble_in(OSError(number, "x")) is not None
    if os.name == "posix":
        assert cause_of(OSError(number, "Connect call failed ('10.0.0.1', 443)")) == os.strerror(number)


def test_uncommon_error_keeps_its_own_words() -> None:
    assert cause_of(FileNotFoundError(errno.ENOENT, "there is no folder x")) == "there is no folder x"
    assert cause_of(OSError("in its own words")) == "in its own words"
    assert cause_of(OSError()) == "OSError"


def test_bare_cause_does_not_contain_the_errors_own_text() -> None:
    assert bare_cause_of(OSError(errno.EADDRNOTAVAIL, "bind 10.0.0.1")) == os.strerror(errno.EADDRNOTAVAIL)
    assert bare_cause_of(windows_error(10022, "at 10.0.0.1")) == "Windows' error 10022"
    assert bare_cause_of(OSError("at 10.0.0.1")) == "OSError"
