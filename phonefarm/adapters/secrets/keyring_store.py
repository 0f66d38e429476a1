"""The partner key and other secrets in the OS keyring, which may be absent, locked, broken, or hang."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

import keyring
from keyring.errors import NoKeyringError, PasswordDeleteError

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
        self._farm = farm
        self._timeout_seconds = timeout_seconds
        self._thread = DaemonPool(1, "keyring")

    def read_key(self) -> str | None:
        """The key, or None without one; raises KnownError if the keyring cannot be read."""
        return self.read(ENTRY)

    def write_key(self, key: str) -> None:
        """Raises KnownError if the keyring cannot store it."""
        self.write(ENTRY, key)

    def read(self, name: str) -> str | None:
        """Another secret of this farm, or None; raises KnownError if the keyring cannot be read."""
        return self._call(partial(keyring.get_password, SERVICE, self._entry(name)), "read")

    def write(self, name: str, secret: str) -> None:
        """Raises KnownError if the keyring cannot store it."""
        self._call(partial(keyring.set_password, SERVICE, self._entry(name), secret), "written")

    def forget(self, name: str) -> None:
        """Does nothing if there is none; raises KnownError if the keyring cannot be written."""
        self._call(partial(_delete, self._entry(name)), "written")

    def _entry(self, name: str) -> str:
        return f"{name} ({self._farm})"

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


def _delete(entry: str) -> None:
    with suppress(PasswordDeleteError):
        keyring.delete_password(SERVICE, entry)


def _describe(error: Exception) -> str:
    """Type and number of the error; its message may quote the key."""
    number = getattr(error, "winerror", None) or getattr(error, "errno", None)
    return f"{type(error).__name__} {number}" if isinstance(number, int) else type(error).__name__
