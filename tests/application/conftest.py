from __future__ import annotations

import pytest

from phonefarm.adapters.storage.database import Database
from tests.application.books import Books


@pytest.fixture
def books(database: Database) -> Books:
    return Books(database)
