"""Stores the partner key in the OS keyring, or in a protected file once the user has chosen that."""

from __future__ import annotations

from pathlib import Path

from phonefarm.adapters.secrets.key_file import KeyFile
from phonefarm.adapters.secrets.keyring_store import KeyringStore
from phonefarm.application.ports.world import KeyPlace
from phonefarm.domain.errors import KnownError

FILE_NAME = "partner.key"
"""In the data folder."""


class KeyStore:
    """Invariant: while the key file exists, the keyring is not used."""

    def __init__(self, data_dir: Path, keyring: KeyringStore | None = None) -> None:
        self._keyring = keyring or KeyringStore(str(data_dir.resolve()))
        self._file = KeyFile(data_dir / FILE_NAME)

    @property
    def place(self) -> KeyPlace:
        return KeyPlace.FILE if self._file.exists() else KeyPlace.KEYRING

    def read_key(self) -> str | None:
        return self._file.read_key() if self._file.exists() else self._keyring.read_key()

    def write_key(self, key: str) -> None:
        if self._file.exists():
            self._file.write_key(key)
            return
        try:
            self._keyring.write_key(key)
        except KnownError as error:
            raise KnownError(
                f"{error} Keep the key in a file that only you can read, or set PHONEFARM_API_KEY in the environment."
            ) from None

    def write_key_file(self, key: str) -> None:
        self._file.write_key(key)
