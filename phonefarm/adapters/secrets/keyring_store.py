"""The partner key in the OS keyring, which may be absent, locked, broken, or hang."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import keyring
from keyring.errors import NoKeyringError

from phonefarm.domain.errors import KnownError
from phonefarm.support.daemon_threads import DaemonPool

SERVICE = "phonefarm"
ENTRY = "onlinesim partner key"
TIMEOUT_SECONDS = 5.0

T = TypeVar("T")


class KeyringStore:
    """Every call ends within its timeout, even if the keyring hangs."""

    def __init__(self, farm: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """`farm` distinguishes the keys of several data folders on one PC."""
        self._entry = f"{ENTRY} ({farm})"
        self._timeout_seconds = timeout_seconds
        self._thread = DaemonPool(1, "keyring")

    def read_key(self) -> str | None:
        """The key, or None without one; raises KnownError if the keyring cannot be read."""
        return self._call(partial(keyring.get_password, SERVICE, self._entry), "read")

    def write_key(self, key: str) -> None:
        """Raises KnownError if the keyring cannot store it."""
        self._call(partial(keyring.set_password, SERVICE, self._entry, key), "written")

    def _call(self, call: Callable[[], T], action: str) -> T:
        future = self._thread.submit(call)
        try:
            return future.result(self._timeout_seconds)
        except NoKeyringError:
            raise KnownError(f"The system's keyring cannot be {action}: there is none.") from None
        except Exception as error:  # noqa: BLE001 - backends raise OSError, RuntimeError, pywintypes.error
            is_late = future.cancel() or not future.done()
            cause = f"it does not answer within {self._timeout_seconds:g} s" if is_late else _describe(error)
            raise KnownError(f"The system's keyring cannot be {action}: {cause}.") from None


def _describe(error: Exception) -> str:
    """Type and number of the error; its message may quote the key."""
    number = getattr(error, "winerror", None) or getattr(error, "errno", None)
    return f"{type(error).__name__} {number}" if isinstance(number, int) else type(error).__name__
