"""The partner key in the OS keyring."""

from __future__ import annotations

import keyring
import structlog
from keyring.errors import KeyringError

from phonefarm.domain.errors import KnownError

log = structlog.get_logger(__name__)

SERVICE = "phonefarm"
ENTRY = "onlinesim partner key"


class KeyringStore:
    """`farm` tells the keys of several data folders on one PC apart."""

    def __init__(self, farm: str) -> None:
        self._entry = f"{ENTRY} ({farm})"

    def read_key(self) -> str | None:
        try:
            return keyring.get_password(SERVICE, self._entry)
        except KeyringError as error:
            log.warning("the keyring cannot be read", cause=type(error).__name__)
            return None

    def write_key(self, key: str) -> None:
        try:
            keyring.set_password(SERVICE, self._entry, key)
        except KeyringError as error:
            raise KnownError(
                "This system has no keyring that is open, so the key cannot be kept safely. "
                "Unlock or install one, or set PHONEFARM_API_KEY in the environment."
            ) from error
