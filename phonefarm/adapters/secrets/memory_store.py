"""A key that lives as long as the process: for the demo and the tests."""

from __future__ import annotations


class MemoryStore:
    def __init__(self, key: str | None = None) -> None:
        self._key = key

    def read_key(self) -> str | None:
        return self._key

    def write_key(self, key: str) -> None:
        self._key = key
