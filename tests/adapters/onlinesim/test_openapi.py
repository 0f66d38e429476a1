"""The OpenAPI description is up to date, and the webhooks behave as it says."""

from __future__ import annotations

import json
from pathlib import Path

from bench.contract import call_webhooks
from phonefarm.adapters.onlinesim.openapi import document
from phonefarm.adapters.onlinesim.webhooks import OWN_PATHS
from phonefarm.config.settings import RESERVED_PATHS
from tests.checkout import CHECKOUT

WRITTEN_DOWN = CHECKOUT / "docs" / "openapi.json"
CALLS = 5000


def test_description_in_docs_is_up_to_date() -> None:
    """To update it: python -m phonefarm.adapters.onlinesim.openapi > docs/openapi.json"""
    assert json.loads(WRITTEN_DOWN.read_text("utf-8")) == document()


def test_description_lists_exactly_the_served_paths() -> None:
    assert set(document()["paths"]) == OWN_PATHS
    assert {path.lower() for path in OWN_PATHS} == RESERVED_PATHS


def test_thousands_of_generated_calls_are_answered_as_described(tmp_path: Path) -> None:
    tally = call_webhooks(CALLS, first_seed=1, folder=tmp_path)

    assert tally.faults == []
    assert tally.calls >= CALLS
    assert tally.issued > 40
    assert {status for _, _, status in tally.counts} >= {200, 400, 401}
