"""Requests Windows to stay awake; `powercfg /requests` lists the request with its reason."""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes
from typing import Any

from phonefarm.domain.errors import KnownError

REASON = "phonefarm offers and rents out numbers of this PC's phones"
_SIMPLE_STRING = 1
_SYSTEM_REQUIRED, _EXECUTION_REQUIRED = 1, 3
"""PCs with Modern Standby honour only the second."""
_INVALID_HANDLE = wintypes.HANDLE(-1).value


class _Detailed(ctypes.Structure):
    _fields_ = (
        ("module", wintypes.HMODULE),
        ("id", wintypes.ULONG),
        ("count", wintypes.ULONG),
        ("strings", ctypes.POINTER(wintypes.LPWSTR)),
    )


class _Reason(ctypes.Union):
    _fields_ = (("detailed", _Detailed), ("simple", wintypes.LPWSTR))


class ReasonContext(ctypes.Structure):
    _fields_ = (("version", wintypes.ULONG), ("flags", wintypes.DWORD), ("reason", _Reason))


class PowerRequest:
    """Implements `Wakefulness`. Windows drops the request when the process ends in any way."""

    def __init__(self, kernel32: Any) -> None:
        self._kernel32 = kernel32
        self._handle: int | None = None
        kernel32.PowerCreateRequest.argtypes = [ctypes.POINTER(ReasonContext)]
        kernel32.PowerCreateRequest.restype = wintypes.HANDLE
        kernel32.PowerSetRequest.argtypes = [wintypes.HANDLE, ctypes.c_int]
        kernel32.PowerSetRequest.restype = wintypes.BOOL
        kernel32.CloseHandle.argtypes = [wintypes.HANDLE]
        kernel32.CloseHandle.restype = wintypes.BOOL

    def hold(self) -> None:
        if self._handle is not None:
            return
        context = ReasonContext(version=0, flags=_SIMPLE_STRING, reason=_Reason(simple=REASON))
        handle = self._kernel32.PowerCreateRequest(ctypes.byref(context))
        if handle in (None, 0, _INVALID_HANDLE):
            raise _refusal()
        granted = [self._kernel32.PowerSetRequest(handle, kind) for kind in (_SYSTEM_REQUIRED, _EXECUTION_REQUIRED)]
        if not any(granted):
            refusal = _refusal()  # before CloseHandle overwrites the last error
            self._kernel32.CloseHandle(handle)
            raise refusal
        self._handle = handle

    def release(self) -> None:
        """Closing the handle clears its requests."""
        if self._handle is not None:
            self._kernel32.CloseHandle(self._handle)
            self._handle = None


def power_request_of_this_pc() -> PowerRequest | None:
    """None on other systems."""
    if sys.platform == "win32":
        return PowerRequest(ctypes.WinDLL("kernel32", use_last_error=True))
    return None


def _refusal() -> KnownError:
    cause = ""
    if sys.platform == "win32":
        cause = f" ({ctypes.FormatError(ctypes.get_last_error())})"
    return KnownError(
        f"Windows does not let phonefarm keep this PC awake{cause}: set 'Sleep' to 'Never' in the power settings."
    )
