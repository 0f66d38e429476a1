from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from tests.application.site import Site
from tests.application.stored_farm import StoredFarm


@pytest.fixture
def farm(database: Database) -> StoredFarm:
    return StoredFarm(database)


@pytest.fixture
async def site(database: Database) -> AsyncIterator[Site]:
    site = Site(database)
    yield site
    await site.tasks.stop()
    assert site.bugs == []
