from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from phonefarm.adapters.storage.sqlite.database import Database
from tests.adapters.storage.backends import BACKENDS


@dataclass(frozen=True, kw_only=True)
class Store:
    """A database under test, and a second connection to it."""

    url: str
    database: Database

    def asked_by_another(self, query: str) -> object:
        """The first value of a query over a connection of its own."""
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                return connection.execute(text(query)).scalar()
        finally:
            engine.dispose()


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with BACKENDS[request.param](tmp_path) as (url, database):
        yield Store(url=url, database=database)
