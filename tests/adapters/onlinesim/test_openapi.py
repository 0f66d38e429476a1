"""The OpenAPI description: what is written down is what is generated, and what is generated is true."""

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


def test_description_in_docs_is_the_one_that_is_generated() -> None:
    """To bring it up to date: python -m phonefarm.adapters.onlinesim.openapi > docs/openapi.json"""
    assert json.loads(WRITTEN_DOWN.read_text("utf-8")) == document()


def test_description_knows_every_path_and_no_other() -> None:
    assert set(document()["paths"]) == OWN_PATHS
    assert {path.lower() for path in OWN_PATHS} == RESERVED_PATHS


def test_thousands_of_calls_by_the_description_are_taken_refused_and_answered_as_it_says(tmp_path: Path) -> None:
    tally = call_webhooks(CALLS, first_seed=1, folder=tmp_path)

    assert tally.faults == []
    assert tally.calls >= CALLS
    assert tally.issued > 40
    assert {status for _, _, status in tally.counts} >= {200, 400, 401}
