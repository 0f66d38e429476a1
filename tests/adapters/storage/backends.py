"""The databases that the contract tests run against; a second one would be one more entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from phonefarm.adapters.storage.sqlite.database import Database

Opened = Callable[[Path], AbstractContextManager[tuple[str, Database]]]
"""Opens a new, empty database; also returns its URL, for a second connection."""


@contextmanager
def sqlite(folder: Path) -> Iterator[tuple[str, Database]]:
    url = f"sqlite:///{folder / 'contract.db'}"
    database = Database(url)
    database.open()
    try:
        yield url, database
    finally:
        database.close()


BACKENDS: dict[str, Opened] = {"sqlite": sqlite}
