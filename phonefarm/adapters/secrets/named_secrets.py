"""Secrets by name: in the OS keyring, or in a file for its owner's eyes only where no keyring takes them."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import structlog

from phonefarm.adapters.secrets.key_file import KeyFile
from phonefarm.adapters.secrets.key_store import FILE_NAME as PARTNER_KEY_FILE
from phonefarm.adapters.secrets.keyring_store import KeyringStore
from phonefarm.domain.errors import KnownError

log = structlog.get_logger(__name__)

FILE_NAME = "alert-secrets.json"
"""In the data folder, beside the partner key's."""


class NamedSecretStore:
    """Who chose the file for the partner key has chosen it for these, too."""

    def __init__(self, data_dir: Path, keyring: KeyringStore | None = None) -> None:
        self._keyring = keyring or KeyringStore(str(data_dir.resolve()))
        self._partner_key_file = data_dir / PARTNER_KEY_FILE
        self._file = KeyFile(data_dir / FILE_NAME)
        self._guard = threading.Lock()

    def read(self, name: str) -> str | None:
        with self._guard:
            kept = self._in_file()
        if name in kept:
            return kept[name]
        if self._partner_key_file.is_file():
            return None
        return self._keyring.read(name)

    def write(self, name: str, secret: str) -> None:
        with self._guard:
            kept = self._in_file()
            if not self._partner_key_file.is_file() and self._is_in_keyring(name, secret):
                if name in kept:
                    self._keep({other: value for other, value in kept.items() if other != name})
                return
            self._keep(kept | {name: secret})

    def forget(self, name: str) -> None:
        with self._guard:
            kept = self._in_file()
            if name in kept:
                self._keep({other: value for other, value in kept.items() if other != name})
                return
        if not self._partner_key_file.is_file():
            self._keyring.forget(name)

    def _is_in_keyring(self, name: str, secret: str) -> bool:
        try:
            self._keyring.write(name, secret)
        except KnownError as error:
            log.info("a secret goes to the protected file", cause=str(error))
            return False
        return True

    def _in_file(self) -> dict[str, str]:
        text = self._file.read_key()
        if text is None:
            return {}
        try:
            values = json.loads(text)
        except ValueError:
            raise KnownError(f"The file {FILE_NAME} is damaged. Remove it and enter its secrets anew.") from None
        return {str(name): str(value) for name, value in values.items()} if isinstance(values, dict) else {}

    def _keep(self, secrets: dict[str, str]) -> None:
        self._file.write_key(json.dumps(secrets))


class SecretsInMemory:
    """For the demo and the tests."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def read(self, name: str) -> str | None:
        return self.kept.get(name)

    def write(self, name: str, secret: str) -> None:
        self.kept[name] = secret

    def forget(self, name: str) -> None:
        self.kept.pop(name, None)
