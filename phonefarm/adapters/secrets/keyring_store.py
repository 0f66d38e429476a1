"""Secrets in the OS keyring, which may be absent, locked, broken, or hang."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import keyring
from keyring.errors import NoKeyringError, PasswordDeleteError

from phonefarm.domain.errors import KnownError
from phonefarm.support.daemon_threads import DaemonPool

SERVICE = "phonefarm"
ENTRY = "onlinesim partner key"
DEADLINE_SECONDS = 5.0

T = TypeVar("T")


class KeyringStore:
    """`farm` tells the keys of several data folders on one PC apart."""

    def __init__(self, farm: str, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._farm = farm
        self._deadline_seconds = deadline_seconds
        self._thread = DaemonPool(1, "keyring")

    def read_key(self) -> str | None:
        """The key, or None where none is kept; raises KnownError where the keyring cannot be asked."""
        return self.read(ENTRY)

    def write_key(self, key: str) -> None:
        """Raises KnownError where the keyring takes no key."""
        self.write(ENTRY, key)

    def read(self, name: str) -> str | None:
        """Another secret of this farm, or None; raises KnownError where the keyring cannot be asked."""
        return self._within_deadline(lambda: keyring.get_password(SERVICE, self._entry(name)), "read")

    def write(self, name: str, secret: str) -> None:
        """Raises KnownError where the keyring takes nothing."""
        self._within_deadline(lambda: keyring.set_password(SERVICE, self._entry(name), secret), "written")

    def forget(self, name: str) -> None:
        """Gone afterwards, if it was there at all; raises KnownError where the keyring cannot be asked."""
        self._within_deadline(lambda: _delete(self._entry(name)), "written")

    def _entry(self, name: str) -> str:
        return f"{name} ({self._farm})"

    def _within_deadline(self, call: Callable[[], T], what: str) -> T:
        future = self._thread.submit(call)
        try:
            return future.result(self._deadline_seconds)
        except NoKeyringError:
            raise KnownError(f"The system's keyring cannot be {what}: there is none.") from None
        except Exception as error:  # noqa: BLE001 - what the system raises: OSError, RuntimeError, pywintypes.error
            is_late = future.cancel() or not future.done()
            cause = f"it does not answer within {self._deadline_seconds:g} s" if is_late else _named(error)
            raise KnownError(f"The system's keyring cannot be {what}: {cause}.") from None


def _delete(entry: str) -> None:
    with suppress(PasswordDeleteError):
        keyring.delete_password(SERVICE, entry)


def _named(error: Exception) -> str:
    """Kind and number of the failure; its own words may quote what was to be kept."""
    number = getattr(error, "winerror", None) or getattr(error, "errno", None)
    return f"{type(error).__name__} {number}" if isinstance(number, int) else type(error).__name__
