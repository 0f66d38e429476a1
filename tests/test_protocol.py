"""The table of the contract's rules is true: every test and setting that it names exists, no ambiguity is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from phonefarm.settings import Settings

ROOT = Path(__file__).parents[1]
TABLE = (ROOT / "docs" / "PROTOCOL.md").read_text("utf-8")
ROWS = [line.split(" | ") for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| rule")]
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", TABLE)))


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_every_test_that_the_table_names_exists(file: str) -> None:
    text = (ROOT / "tests" / file).read_text("utf-8")

    assert [name for named, name in NAMED if named == file and f"def {name}(" not in text] == []


def test_every_ambiguity_of_the_documents_has_its_row() -> None:
    assert {int(number) for number in re.findall(r"\*\*A(\d+)\*\*", TABLE)} == set(range(1, 21))


def test_every_setting_that_the_table_names_exists() -> None:
    named = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[2])}

    assert named
    assert named <= set(Settings.model_fields)


def test_every_rule_has_a_decision_and_is_shown_or_says_why_not() -> None:
    for row in ROWS:
        assert len(row) == 4, row
        assert "::test_" in row[3] or "nothing to test" in row[3]


def test_readme_leads_to_the_table() -> None:
    assert "docs/PROTOCOL.md" in (ROOT / "README.md").read_text("utf-8")
