"""A key that lives as long as the process: for the demo and the tests."""

from __future__ import annotations

from phonefarm.application.ports.world import KeyPlace


class MemoryStore:
    def __init__(self, key: str | None = None) -> None:
        self._key = key
        self._place = KeyPlace.KEYRING

    @property
    def place(self) -> KeyPlace:
        return self._place

    def read_key(self) -> str | None:
        return self._key

    def write_key(self, key: str) -> None:
        self._key = key

    def write_key_file(self, key: str) -> None:
        self._key = key
        self._place = KeyPlace.FILE
