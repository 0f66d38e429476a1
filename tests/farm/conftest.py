"""Fixtures of the farm tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.farm.harness import Harness, start_harness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """Three phones and a market; the app is not started yet."""
    with start_harness(tmp_path) as built:
        yield built
