"""The stages of the farm tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.farm.stage import Stage, a_stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Three phones, a market, and the app not yet started."""
    with a_stage(tmp_path) as built:
        yield built
