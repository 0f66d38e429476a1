"""A number belongs to the country of its longest matching dial code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.dial_codes import DialCodes
from phonefarm.domain.ids import Msisdn

CODES = DialCodes(
    [
        ("russia", "7"),
        ("kazakhstan", "77"),
        ("ukraine", "380"),
        ("usa", "1"),
        ("canada", "1"),
        ("dominican_republic", "1809"),
        ("dominican_republic", "1829"),
    ]
)
NUMBERS = st.from_regex(r"[1-9][0-9]{7,14}", fullmatch=True).map(Msisdn)


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("79281234567", "russia"),
        ("77012345678", "kazakhstan"),
        ("380501234567", "ukraine"),
        ("18095551234", "dominican_republic"),
        ("18295551234", "dominican_republic"),
    ],
)
def test_longest_dial_code_decides(number: str, country: str) -> None:
    assert CODES.countries_of(Msisdn(number)) == (country,)
    assert not CODES.contradict(Msisdn(number), country)


@pytest.mark.parametrize("country", ["usa", "canada"])
def test_shared_dial_code_contradicts_none_of_its_countries(country: str) -> None:
    assert not CODES.contradict(Msisdn("14165551234"), country)


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("380501234567", "russia"),
        ("79281234567", "ukraine"),
        ("79281234567", "kazakhstan"),
        ("77012345678", "russia"),
        ("18095551234", "usa"),
        ("14165551234", "dominican_republic"),
        ("491511234567", "russia"),
    ],
)
def test_number_of_another_country_contradicts(number: str, country: str) -> None:
    assert CODES.contradict(Msisdn(number), country)


@pytest.mark.parametrize("country", ["", "atlantis"])
def test_country_whose_dial_code_is_not_known_contradicts_no_number(country: str) -> None:
    assert not CODES.contradict(Msisdn("380501234567"), country)


def test_spelling_of_the_country_is_ignored() -> None:
    assert not CODES.contradict(Msisdn("18095551234"), "Dominican Republic")
    assert CODES.contradict(Msisdn("79281234567"), "DominicanRepublic")


@given(NUMBERS)
def test_countries_that_share_no_dial_code_never_have_the_same_number(number: Msisdn) -> None:
    fitting = [country for country in ("russia", "kazakhstan", "ukraine") if not CODES.contradict(number, country)]

    assert len(fitting) <= 1
