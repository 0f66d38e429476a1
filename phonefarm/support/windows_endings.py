"""The ways in which Windows ends a program: its console closes, its session ends, or its windows are closed.

Invariant: a handler of such a notification returns only after the program has shut down, because Windows kills the
program when the handler returns.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import IntEnum

import structlog

from phonefarm.support.stop_requests import StopRequests

log = structlog.get_logger(__name__)

WINDOW_CLASS = "phonefarm endings"
OPEN_TIMEOUT_SECONDS = 5.0


class ConsoleEvent(IntEnum):
    CTRL_C = 0
    CTRL_BREAK = 1
    CLOSE = 2
    LOGOFF = 5
    SHUTDOWN = 6


class WindowMessage(IntEnum):
    CLOSE = 0x0010
    QUERY_END_SESSION = 0x0011
    QUIT = 0x0012
    END_SESSION = 0x0016


def console_event(stop: StopRequests, event: int) -> bool:
    """Returns whether the event is handled; others, such as Ctrl-C, become Python's signals.

    Only a service gets logoff events here, of every user, so they are ignored. Python would treat them, like all events
    but Ctrl-C, as Ctrl-Break; under Wine it gets none of them.
    """
    match event:
        case ConsoleEvent.CLOSE | ConsoleEvent.SHUTDOWN:
            stop.request_and_wait()
            return True
        case ConsoleEvent.CTRL_BREAK if not stop.is_asked:
            stop.ask()
            return True
        case _:
            return event == ConsoleEvent.LOGOFF


def window_message(stop: StopRequests, message: int, flag: int) -> int | None:
    """Our answer to a message; None for Windows' default.

    QUERY_END_SESSION is only a question, after which the end of the session may still be cancelled.
    """
    match message:
        case WindowMessage.QUERY_END_SESSION:
            return 1
        case WindowMessage.END_SESSION:
            if flag:
                stop.request_and_wait()
            return 0
        case WindowMessage.CLOSE:
            stop.ask()
            return 0
        case _:
            return None


@contextmanager
def system_endings(stop: StopRequests) -> Iterator[None]:
    """Register for Windows' notifications; other systems send only signals."""
    if sys.platform == "win32":
        with ExitStack() as endings:
            for ending in (_console_control, _hidden_window):
                try:
                    endings.enter_context(ending(stop))
                except OSError as error:
                    log.warning("Windows will end the program without notice", way=ending.__name__, cause=str(error))
            yield
    else:
        yield


if sys.platform == "win32":
    from ctypes import wintypes

    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _user32 = ctypes.WinDLL("user32", use_last_error=True)
    _Handler = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
    _Procedure = ctypes.WINFUNCTYPE(
        wintypes.LPARAM, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM
    )  # LRESULT is as wide as LPARAM

    class _WindowClass(ctypes.Structure):
        _fields_ = (
            ("style", wintypes.UINT),
            ("procedure", _Procedure),
            ("class_extra", ctypes.c_int),
            ("window_extra", ctypes.c_int),
            ("instance", wintypes.HINSTANCE),
            ("icon", wintypes.HANDLE),
            ("cursor", wintypes.HANDLE),
            ("background", wintypes.HANDLE),
            ("menu", wintypes.LPCWSTR),
            ("name", wintypes.LPCWSTR),
        )

    _kernel32.SetConsoleCtrlHandler.argtypes = [_Handler, wintypes.BOOL]
    _kernel32.GetModuleHandleW.argtypes = [wintypes.LPCWSTR]
    _kernel32.GetModuleHandleW.restype = wintypes.HMODULE
    _user32.RegisterClassW.argtypes = [ctypes.POINTER(_WindowClass)]
    _user32.UnregisterClassW.argtypes = [wintypes.LPCWSTR, wintypes.HINSTANCE]
    _user32.CreateWindowExW.argtypes = [
        wintypes.DWORD,
        wintypes.LPCWSTR,
        wintypes.LPCWSTR,
        wintypes.DWORD,
        *(ctypes.c_int,) * 4,
        wintypes.HWND,
        wintypes.HMENU,
        wintypes.HINSTANCE,
        wintypes.LPVOID,
    ]
    _user32.CreateWindowExW.restype = wintypes.HWND
    _user32.DestroyWindow.argtypes = [wintypes.HWND]
    _user32.DefWindowProcW.argtypes = [wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM]
    _user32.DefWindowProcW.restype = wintypes.LPARAM
    _user32.GetMessageW.argtypes = [wintypes.LPMSG, wintypes.HWND, wintypes.UINT, wintypes.UINT]
    _user32.DispatchMessageW.argtypes = [wintypes.LPMSG]
    _user32.PostThreadMessageW.argtypes = [wintypes.DWORD, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM]

    _handlers: list[object] = []
    """Never freed: Windows may be running one while the program ends."""

    @contextmanager
    def _console_control(stop: StopRequests) -> Iterator[None]:
        """Registered after Python's own handler, so that ours is called first."""
        handler = _Handler(lambda event: console_event(stop, event))
        _handlers.append(handler)
        if not _kernel32.SetConsoleCtrlHandler(handler, True):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            yield
        finally:
            _kernel32.SetConsoleCtrlHandler(handler, False)

    @contextmanager
    def _hidden_window(stop: StopRequests) -> Iterator[None]:
        """A hidden window with a thread of its own.

        A program that loads user32 counts as one with windows, whose console gets no event at the end of a session.
        Task Scheduler and service managers close windows, too.
        """
        window = _HiddenWindow(stop)
        window.open()
        try:
            yield
        finally:
            window.close()

    class _HiddenWindow:
        def __init__(self, stop: StopRequests) -> None:
            self._stop = stop
            self._procedure = _Procedure(self._handle_message)
            self._is_open = threading.Event()
            self._error: OSError | None = None
            self._thread = threading.Thread(target=self._run, name="endings", daemon=True)

        def open(self) -> None:
            self._thread.start()
            if not self._is_open.wait(OPEN_TIMEOUT_SECONDS):
                raise TimeoutError("the hidden window did not open in time")
            if self._error is not None:
                raise self._error

        def close(self) -> None:
            _user32.PostThreadMessageW(self._thread.native_id, WindowMessage.QUIT, 0, 0)
            self._thread.join(OPEN_TIMEOUT_SECONDS)

        def _run(self) -> None:
            instance = _kernel32.GetModuleHandleW(None)
            kind = _WindowClass(procedure=self._procedure, instance=instance, name=WINDOW_CLASS)
            _user32.RegisterClassW(ctypes.byref(kind))
            handle = _user32.CreateWindowExW(0, WINDOW_CLASS, "phonefarm", 0, 0, 0, 0, 0, None, None, instance, None)
            if not handle:
                self._error = ctypes.WinError(ctypes.get_last_error())
            self._is_open.set()
            message = wintypes.MSG()
            while handle and _user32.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
                _user32.DispatchMessageW(ctypes.byref(message))
            _user32.DestroyWindow(handle)
            _user32.UnregisterClassW(WINDOW_CLASS, instance)

        def _handle_message(self, handle: int, message: int, flag: int, more: int) -> int:
            answer = window_message(self._stop, message, flag)
            if answer is not None:
                return answer
            return int(_user32.DefWindowProcW(handle, message, flag, more))
