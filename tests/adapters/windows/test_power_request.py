"""The requests to Windows to stay awake; on Linux to a fake of its kernel32."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from phonefarm.adapters.windows.power_request import REASON, PowerRequest, ReasonContext, power_request_of_this_pc
from phonefarm.domain.errors import KnownError

HANDLE, INVALID = 7, 2**64 - 1
SYSTEM_REQUIRED, EXECUTION_REQUIRED = 1, 3


class Kernel32:
    """Records its calls; returns the handle `creates` and grants the kinds in `grants`."""

    def __init__(self, creates: int = HANDLE, grants: tuple[int, ...] = (SYSTEM_REQUIRED, EXECUTION_REQUIRED)) -> None:
        self.calls: list[Any] = []
        self.PowerCreateRequest = self._function(self._create)
        self.PowerSetRequest = self._function(self._set)
        self.CloseHandle = self._function(lambda handle: self.calls.append(("close", handle)))
        self._creates = creates
        self._grants = grants

    def _create(self, reference: Any) -> int:
        context: ReasonContext = reference._obj
        self.calls.append(("create", context.version, context.flags, context.reason.simple))
        return self._creates

    def _set(self, handle: int, kind: int) -> bool:
        self.calls.append(("set", handle, kind))
        return kind in self._grants

    @staticmethod
    def _function(work: Callable[..., Any]) -> Callable[..., Any]:
        """Like a ctypes function, it accepts `argtypes` and `restype`."""

        def function(*arguments: Any) -> Any:
            return work(*arguments)

        return function


def test_request_has_a_reason_and_is_closed_once() -> None:
    kernel32 = Kernel32()
    request = PowerRequest(kernel32)

    request.hold()
    request.hold()
    request.release()
    request.release()

    assert kernel32.calls == [
        ("create", 0, 1, REASON),
        ("set", HANDLE, SYSTEM_REQUIRED),
        ("set", HANDLE, EXECUTION_REQUIRED),
        ("close", HANDLE),
    ]


def test_request_can_be_made_again_after_a_release() -> None:
    kernel32 = Kernel32()
    request = PowerRequest(kernel32)

    request.hold()
    request.release()
    request.hold()

    assert [call[0] for call in kernel32.calls].count("create") == 2


@pytest.mark.parametrize("granted", [SYSTEM_REQUIRED, EXECUTION_REQUIRED])
def test_one_of_the_two_kinds_suffices(granted: int) -> None:
    kernel32 = Kernel32(grants=(granted,))

    PowerRequest(kernel32).hold()

    assert ("close", HANDLE) not in kernel32.calls


@pytest.mark.parametrize("creates", [None, 0, INVALID])
def test_refusal_has_the_next_step(creates: Any) -> None:
    with pytest.raises(KnownError, match=r"does not let phonefarm keep this PC awake.*set 'Sleep' to 'Never'"):
        PowerRequest(Kernel32(creates=creates)).hold()


def test_handle_is_closed_if_nothing_is_granted() -> None:
    kernel32 = Kernel32(grants=())

    with pytest.raises(KnownError):
        PowerRequest(kernel32).hold()

    assert kernel32.calls[-1] == ("close", HANDLE)


@pytest.mark.skipif(sys.platform != "win32", reason="needs Windows")
def test_real_windows_grants_the_request_or_raises_a_known_error() -> None:
    request = power_request_of_this_pc()
    assert request is not None
    try:
        request.hold()
    except KnownError as error:
        assert "Windows does not let phonefarm keep this PC awake (" in str(error)  # noqa: PT017 - Wine has no such thing
    request.release()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has them")
def test_other_systems_have_no_request() -> None:
    assert power_request_of_this_pc() is None
