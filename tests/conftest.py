"""What tests of several rooms share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from phonefarm.adapters.storage.database import Database


@pytest.fixture(scope="session")
def empty_database_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema: migrated once, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    database = Database(f"sqlite:///{path}")
    database.open()
    database.close()
    return path


@pytest.fixture
def database_file(empty_database_file: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_database_file, tmp_path / "phonefarm.db"))


@pytest.fixture
def database(database_file: Path) -> Iterator[Database]:
    """An open database of a farm that is new."""
    database = Database(f"sqlite:///{database_file}")
    database.open()
    yield database
    database.close()
