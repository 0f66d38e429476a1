"""Sends one program the messages that Windows sends at the end of a session or console."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

WM_CLOSE = 0x0010
WM_QUERYENDSESSION = 0x0011
WM_ENDSESSION = 0x0016
ANSWER_TIMEOUT_MS = 5000
"""The time that Windows waits for an answer."""
PROCESS_ALL_ACCESS = 0x1FFFFF


def windows_of(pid: int) -> list[int]:
    """All top-level windows of a process, including hidden ones."""
    found: list[int] = []
    owner = ctypes.c_ulong()

    def visit(window: int, _: int) -> bool:
        _user32().GetWindowThreadProcessId(ctypes.c_void_p(window), ctypes.byref(owner))
        if owner.value == pid:
            found.append(window)
        return True

    _user32().EnumWindows(_callback(visit), None)
    return found


def has_window(pid: int, kind: str) -> bool:
    name = ctypes.create_unicode_buffer(256)
    for window in windows_of(pid):
        _user32().GetClassNameW(ctypes.c_void_p(window), name, len(name))
        if name.value == kind:
            return True
    return False


def visible_windows_of(pid: int) -> list[int]:
    return [window for window in windows_of(pid) if _user32().IsWindowVisible(ctypes.c_void_p(window))]


def may_session_end(pid: int) -> bool:
    return 0 not in [_send_message(window, WM_QUERYENDSESSION, 0) for window in windows_of(pid)]


def tell_session_end(pid: int, *, ends: bool) -> None:
    """Send WM_ENDSESSION; returns when all windows have answered, after which Windows would end the program."""
    for window in windows_of(pid):
        _send_message(window, WM_ENDSESSION, int(ends))


def close(windows: list[int]) -> None:
    for window in windows:
        _user32().PostMessageW(ctypes.c_void_p(window), WM_CLOSE, None, None)


def tell_console(pid: int, event: int) -> None:
    """Call the console handlers on a thread in the program, like Windows; returns after they have returned."""
    kernel32, routine = _dll("kernel32"), _console_routine()
    kernel32.OpenProcess.restype = kernel32.CreateRemoteThread.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel32.OpenProcess(PROCESS_ALL_ACCESS, False, pid))
    assert process, "the program cannot be opened"
    thread = ctypes.c_void_p(kernel32.CreateRemoteThread(process, None, None, routine, ctypes.c_void_p(event), 0, None))
    assert thread, "no thread can be made within the program"
    kernel32.WaitForSingleObject(thread, ANSWER_TIMEOUT_MS)
    kernel32.CloseHandle(thread)
    kernel32.CloseHandle(process)


def _console_routine() -> ctypes.c_void_p:
    """The address of the dispatcher of console handlers, which is the same in every process."""
    for library in ("kernelbase", "kernel32"):
        if (routine := getattr(_dll(library), "CtrlRoutine", None)) is not None:
            return ctypes.cast(routine, ctypes.c_void_p)
    raise AssertionError("this Windows hides it")


def _send_message(window: int, message: int, flag: int) -> int:
    answer = ctypes.c_size_t()
    _user32().SendMessageTimeoutW(
        ctypes.c_void_p(window), message, ctypes.c_size_t(flag), None, 0, ANSWER_TIMEOUT_MS, ctypes.byref(answer)
    )
    return answer.value


# By name, as the types that a checker knows here depend on its platform.


def _user32() -> Any:
    return _dll("user32")


def _dll(name: str) -> Any:
    return vars(ctypes)["WinDLL"](name)


def _callback(visit: Callable[[int, int], bool]) -> Any:
    return vars(ctypes)["WINFUNCTYPE"](ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(visit)
