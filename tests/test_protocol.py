"""The table of the contract's rules: its tests and settings exist, and every ambiguity is listed."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from phonefarm.config.settings import Settings
from tests.checkout import CHECKOUT

TABLE = (CHECKOUT / "docs" / "PROTOCOL.md").read_text("utf-8")
ROWS = [
    line.removeprefix("| ").removesuffix(" |").split(" | ")
    for line in TABLE.splitlines()
    if line.startswith("| ") and not line.startswith("| id")
]
NAMED_TESTS = sorted(set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", TABLE)))
SETTINGS = re.compile(r"`(\w+)` = (\S+?)(?:<br>|$)")


def id_of(row: list[str]) -> str:
    return row[0].strip("*")


def format_default(default: object) -> str:
    """A setting's default in the table's notation."""
    match default:
        case None | "":
            return "none"
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case _:
            return str(default)


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED_TESTS}))
def test_every_test_that_the_table_names_exists(file: str) -> None:
    text = (CHECKOUT / "tests" / file).read_text("utf-8")

    assert [name for named, name in NAMED_TESTS if named == file and f"def {name}(" not in text] == []


def test_every_rule_has_an_id_of_its_own() -> None:
    ids = Counter(id_of(row) for row in ROWS)

    assert len(ids) > 100
    assert [rule for rule, times in ids.items() if times > 1 or not re.fullmatch(r"[A-Z][1-9][0-9]?", rule)] == []


def test_every_ambiguity_of_the_documents_has_its_row_with_its_default_and_its_setting() -> None:
    ambiguities = {id_of(row): row for row in ROWS if row[0].startswith("**")}

    assert set(ambiguities) == {f"A{number}" for number in range(1, 21)}
    for rule, row in ambiguities.items():
        assert row[2].strip(), rule
        assert row[3] == "none" or SETTINGS.search(row[3]), rule


def test_every_setting_in_the_table_exists_with_its_default() -> None:
    named = {name: default for row in ROWS for name, default in SETTINGS.findall(row[3])}

    assert {"require_bearer", "no_numbers", "sms_id", "push_phone", "push_refusals_before_parking"} <= set(named)
    assert named == {name: format_default(Settings.model_fields[name].default) for name in named}


def test_every_rule_has_a_decision_and_a_test_or_a_reason() -> None:
    for row in ROWS:
        assert len(row) == 5, row
        assert row[1].strip(), row
        assert row[2].strip(), row
        assert "::test_" in row[4] or row[4] == "nothing to test", row


def test_readme_leads_to_the_table() -> None:
    assert "docs/PROTOCOL.md" in (CHECKOUT / "README.md").read_text("utf-8")
