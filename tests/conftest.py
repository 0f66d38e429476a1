"""What tests of several rooms share."""

from __future__ import annotations

import gc
import itertools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from tests.fakes.held_file import Holder


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


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Holder]:
    """Other programs that have files open."""
    holder = Holder(monkeypatch)
    yield holder
    holder.let_go()


def pytest_configure(config: pytest.Config) -> None:
    """Of an accept that fails, asyncio's loop of Windows leaves the socket it had made to the garbage collector."""
    if sys.platform == "win32":
        left_over = "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
        config.addinivalue_line("filterwarnings", left_over)


@pytest.fixture(scope="session")
def qapp_cls() -> type[Any]:
    """The program's own application, for pytest-qt to make; tests without a window do not import Qt."""
    from ui.shell.application import Application

    return Application


TESTS_BETWEEN_FULL_COLLECTIONS = 100
_run = itertools.count(1)


def pytest_collection_finish() -> None:
    """Garbage is collected on this thread only, as in the real window.

    Python's collector runs on whichever thread it likes, and one of ours destroying what Qt made here
    ends the process.
    """
    gc.collect()
    gc.freeze()
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    has_window = "qapp" in getattr(item, "fixturenames", ())
    gc.collect(2 if has_window or next(_run) % TESTS_BETWEEN_FULL_COLLECTIONS == 0 else 1)
