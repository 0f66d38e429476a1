"""Senders whose messages are never pushed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.catalog.network_names import read_catalog
from phonefarm.domain.blocklist import BlockedSender, BlockList, problem_of
from phonefarm.simulation.texts import ODD_SENDERS, SENDERS
from phonefarm.support.resource_files import RESOURCES

BUILT_IN = read_catalog(RESOURCES).blocked_senders


def blocks(pattern: str, sender: str) -> bool:
    return BlockList([BlockedSender(pattern=pattern)]).entry_for(sender) is not None


@pytest.mark.parametrize(
    ("pattern", "sender"),
    [
        ("900", "900"),
        ("Alfa-Bank", "ALFABANK"),
        ("Alfa Bank", "alfa-bank"),
        ("Sber*", "SBERBANK"),
        ("*Bank", "Some Bank"),
        ("*pay*", "MyPayService"),
        ("ВТБ*", "втб банк"),
    ],
)
def test_case_blanks_and_dashes_are_ignored_and_a_star_matches_any_text(pattern: str, sender: str) -> None:
    assert blocks(pattern, sender)


@pytest.mark.parametrize(
    ("pattern", "sender"),
    [("900", "9001"), ("Sber*", "MySber"), ("*Bank", "Bankomat"), ("Wise", "Wisely"), ("900", "")],
)
def test_similar_sender_is_not_withheld(pattern: str, sender: str) -> None:
    assert not blocks(pattern, sender)


@pytest.mark.parametrize("pattern", ["", "  ", "*", "**", "-", "a*b", "ab*", "*x", "x" * 41])
def test_empty_or_too_general_pattern_is_refused(pattern: str) -> None:
    assert problem_of(pattern) is not None


@pytest.mark.parametrize("entry", BUILT_IN, ids=lambda entry: entry.pattern)
def test_every_built_in_pattern_is_valid_and_withholds_its_sender(entry: BlockedSender) -> None:
    assert problem_of(entry.pattern) is None
    assert entry.what in ("bank", "payment", "government")
    found = BlockList(BUILT_IN).entry_for(entry.pattern.strip("*"))
    assert found is not None


@pytest.mark.parametrize(
    "sender", [*SENDERS, *ODD_SENDERS, "Uber", "Viber", "Steam", "Apple", "Amazon", "MTS", "Tele2"]
)
def test_services_that_numbers_are_rented_for_are_not_withheld(sender: str) -> None:
    assert BlockList(BUILT_IN).entry_for(sender) is None


@given(patterns=st.lists(st.text(max_size=12), max_size=20), sender=st.text(max_size=60))
def test_any_text_can_be_looked_up(patterns: list[str], sender: str) -> None:
    BlockList(BlockedSender(pattern=pattern) for pattern in patterns).entry_for(sender)
