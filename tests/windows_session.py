"""What Windows does to a program at the end of a session or of a console, done by a test to one program alone."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

WM_CLOSE = 0x0010
WM_QUERYENDSESSION = 0x0011
WM_ENDSESSION = 0x0016
ANSWERS_WITHIN_MS = 5000
"""Windows waits no longer."""
PROCESS_ALL_ACCESS = 0x1FFFFF


def windows_of(pid: int) -> list[int]:
    """All top-level windows of a process, also those that are not shown."""
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
    return 0 not in [_ask(window, WM_QUERYENDSESSION, 0) for window in windows_of(pid)]


def tell_session_end(pid: int, *, ends: bool) -> None:
    """Returns when each window has answered; Windows would end the program then, if the session ends."""
    for window in windows_of(pid):
        _ask(window, WM_ENDSESSION, int(ends))


def close(windows: list[int]) -> None:
    for window in windows:
        _user32().PostMessageW(ctypes.c_void_p(window), WM_CLOSE, None, None)


def tell_console(pid: int, event: int) -> None:
    """As Windows itself does, on a thread within the program; returns when the program's handler has."""
    kernel32, routine = _dll("kernel32"), _console_routine()
    kernel32.OpenProcess.restype = kernel32.CreateRemoteThread.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel32.OpenProcess(PROCESS_ALL_ACCESS, False, pid))
    assert process, "the program cannot be opened"
    thread = ctypes.c_void_p(kernel32.CreateRemoteThread(process, None, None, routine, ctypes.c_void_p(event), 0, None))
    assert thread, "no thread can be made within the program"
    kernel32.WaitForSingleObject(thread, ANSWERS_WITHIN_MS)
    kernel32.CloseHandle(thread)
    kernel32.CloseHandle(process)


def _console_routine() -> ctypes.c_void_p:
    """What calls the handlers; at the same place in every process."""
    for library in ("kernelbase", "kernel32"):
        if (routine := getattr(_dll(library), "CtrlRoutine", None)) is not None:
            return ctypes.cast(routine, ctypes.c_void_p)
    raise AssertionError("this Windows hides it")


def _ask(window: int, message: int, flag: int) -> int:
    answer = ctypes.c_size_t()
    _user32().SendMessageTimeoutW(
        ctypes.c_void_p(window), message, ctypes.c_size_t(flag), None, 0, ANSWERS_WITHIN_MS, ctypes.byref(answer)
    )
    return answer.value


# Named by text: what types a checker knows here depends on the system that it runs on.


def _user32() -> Any:
    return _dll("user32")


def _dll(name: str) -> Any:
    return vars(ctypes)["WinDLL"](name)


def _callback(visit: Callable[[int, int], bool]) -> Any:
    return vars(ctypes)["WINFUNCTYPE"](ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(visit)
