"""Fixtures and hooks for all tests."""

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
    """A SQLite file with the newest schema, migrated once and copied for each test."""
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
    """An open, empty database."""
    database = Database(f"sqlite:///{database_file}")
    database.open()
    yield database
    database.close()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Holder]:
    """Simulates other programs that hold files open."""
    holder = Holder(monkeypatch)
    yield holder
    holder.let_go()


def pytest_configure(config: pytest.Config) -> None:
    """After a failed accept, asyncio on Windows leaves its socket to the garbage collector, which warns."""
    if sys.platform == "win32":
        left_over = "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
        config.addinivalue_line("filterwarnings", left_over)


@pytest.fixture(scope="session")
def qapp_cls() -> type[Any]:
    """The application class for pytest-qt; imported here so that tests without a window do not import Qt."""
    from ui.shell.application import Application

    return Application


TESTS_BETWEEN_FULL_COLLECTIONS = 100
_run = itertools.count(1)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of a whole farm first: a file of minutes that began last would run alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("farm") is None)


def pytest_collection_finish() -> None:
    """Collect garbage on this thread only, as the window does.

    Python's collector runs on any thread, and the process aborts if another thread destroys Qt objects.
    """
    gc.collect()
    gc.freeze()
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    has_window = "qapp" in getattr(item, "fixturenames", ())
    gc.collect(2 if has_window or next(_run) % TESTS_BETWEEN_FULL_COLLECTIONS == 0 else 1)
