"""Closes a window on Windows with WM_CLOSE and prints how long the program takes to end. close_window.py TITLE"""

from __future__ import annotations

import ctypes
import sys
import time

WM_CLOSE = 0x0010
SYNCHRONIZE = 0x0010_0000
TIMEOUT_MS = 60_000


def main(title: str) -> int:
    user, kernel = (getattr(ctypes, "WinDLL")(name) for name in ("user32", "kernel32"))  # noqa: B009 - only there
    window = user.FindWindowW(None, title)
    if not window:
        raise SystemExit(f"no window is named {title}")
    number = ctypes.c_ulong()
    user.GetWindowThreadProcessId(window, ctypes.byref(number))
    program = kernel.OpenProcess(SYNCHRONIZE, False, number.value)
    started = time.monotonic()
    user.PostMessageW(window, WM_CLOSE, 0, 0)
    is_over = kernel.WaitForSingleObject(program, TIMEOUT_MS) == 0
    print(f"close to end: {(time.monotonic() - started) * 1000:.0f} ms" if is_over else "it did not end")
    return 0 if is_over else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
