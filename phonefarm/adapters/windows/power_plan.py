"""Reads the active power plan of Windows: what it does to an idle PC on mains power."""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes
from typing import Any
from uuid import UUID

from phonefarm.domain.errors import KnownError
from phonefarm.domain.power import SELECTIVE_SUSPEND, USB, PowerPlan

Guid = ctypes.c_ubyte * 16
_MAX_NAME_CHARS = 256


def guid_of(text: str) -> ctypes.Array[ctypes.c_ubyte]:
    return Guid.from_buffer_copy(UUID(text).bytes_le)


SLEEP = "238c9fa8-0aad-41ed-83f4-97be242c8f20"
SLEEP_AFTER = "29f6c1db-86da-48c5-9fdb-f2b67b1f44da"
HIBERNATE_AFTER = "9d7815a6-7ee4-497e-8888-515a05f02364"


def active_plan() -> PowerPlan | None:
    """None on other systems; raises KnownError."""
    if sys.platform == "win32":
        return read_plan(ctypes.WinDLL("powrprof"), ctypes.WinDLL("kernel32"))
    return None


def read_plan(powrprof: Any, kernel32: Any) -> PowerPlan:
    scheme = ctypes.POINTER(Guid)()
    code = powrprof.PowerGetActiveScheme(None, ctypes.byref(scheme))
    if code != 0:
        raise KnownError(f"the power plan cannot be read (Windows says {code})")
    try:
        after = [_read_value(powrprof, scheme, SLEEP, setting) for setting in (SLEEP_AFTER, HIBERNATE_AFTER)]
        return PowerPlan(
            name=_read_name(powrprof, scheme),
            sleeps_after=min((seconds for seconds in after if seconds), default=None),
            suspends_usb=_read_value(powrprof, scheme, USB, SELECTIVE_SUSPEND) == 1,
        )
    finally:
        kernel32.LocalFree.argtypes = [wintypes.HLOCAL]
        kernel32.LocalFree.restype = wintypes.HLOCAL
        kernel32.LocalFree(ctypes.cast(scheme, ctypes.c_void_p))


def _read_value(powrprof: Any, scheme: Any, group: str, setting: str) -> int | None:
    """None if this PC has no such setting."""
    value = wintypes.DWORD()
    code = powrprof.PowerReadACValueIndex(
        None, scheme, ctypes.byref(guid_of(group)), ctypes.byref(guid_of(setting)), ctypes.byref(value)
    )
    return value.value if code == 0 else None


def _read_name(powrprof: Any, scheme: Any) -> str:
    name = (ctypes.c_uint16 * _MAX_NAME_CHARS)()
    size = wintypes.DWORD(ctypes.sizeof(name))
    code = powrprof.PowerReadFriendlyName(None, scheme, None, None, name, ctypes.byref(size))
    return bytes(name).decode("utf-16-le", "replace").partition("\0")[0] if code == 0 else ""
