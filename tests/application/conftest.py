from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from phonefarm.adapters.storage.database import Database
from tests.application.books import Books
from tests.application.site import Site


@pytest.fixture
def books(database: Database) -> Books:
    return Books(database)


@pytest.fixture
async def site(database: Database) -> AsyncIterator[Site]:
    site = Site(database)
    yield site
    await site.tasks.stop()
    assert site.bugs == []
