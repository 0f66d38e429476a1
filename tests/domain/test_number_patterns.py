"""Operators' messages that state a number, matched in linear time even for hostile texts."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.catalog.network_names import read_catalog
from phonefarm.domain import number_patterns
from phonefarm.domain.number_patterns import LONGEST_TEXT, MOST_TRIES, NumberPattern, number_in, problem_of
from phonefarm.support.resource_files import RESOURCES

BUILT_IN = read_catalog(RESOURCES).patterns


def stated(text: str, body: str, *, sender: str = "", sent_by: str = "MTS", region: str | None = "RU") -> str | None:
    return number_in([NumberPattern(text=text, sender=sender)], sent_by, body, region)


@pytest.mark.parametrize(
    ("pattern", "body"),
    [
        ("Ваш номер {number}", "Ваш номер 79281234567"),
        ("Ваш номер {number}", "ВАШ \n\t номер: +7 (928) 123-45-67. Тариф действует с 12.03.2026"),
        ("Ваш номер {number}", "Добро пожаловать! Ваш номер — «8 928 123 45 67»"),
        ("Ваш номер {number}", "Ваш номер 9281234567"),
        ("Ваш номер {number}", "Ваш номер 79281234567 12.03.2026"),
        ("Ваш\u00a0номер\u200b {number}", "Ваш номер ７９２８１２３４５６７"),
        ("Номер {number} активирован", "Номер 79281234567 активирован."),
        ("номер … равен {number}", "Номер вашей новой карты равен 79281234567"),
        ("номер * {number} * спасибо", "номер карты такой: 79281234567 вот он, спасибо"),
        ("подключ… {number}", "подключение 79281234567"),
    ],
)
def test_number_is_found_by_the_words_around_it(pattern: str, body: str) -> None:
    assert stated(pattern, body) == "79281234567"


@pytest.mark.parametrize(
    ("pattern", "body"),
    [
        ("Ваш номер {number}", "Ваш номер"),
        ("Ваш номер {number}", "Ваш номер заказа 79281234567"),
        ("Ваш номер {number}", "Невашномер 79281234567"),
        ("Ваш номер {number}", "Ваш номер 792812345678"),
        ("Ваш номер {number}", "Ваш номер 88002500890"),
        ("Ваш номер {number}", "Ваш номер 79281234567890123456"),
        ("Ваш номер {number}", "Ваш номер *100*79281234567#"),
        ("Ваш номер {number}", "Ваш номер 77011234567"),
        ("Ваш номер {number}", "Ваш номер +49 1512 3456789"),
        ("Номер {number} активирован", "Номер 79281234567 отключен"),
        ("номер … равен {number}", f"Номер {'очень ' * 20}равен 79281234567"),
    ],
)
def test_other_digits_and_other_words_are_no_number(pattern: str, body: str) -> None:
    assert stated(pattern, body) is None


def test_sender_of_the_pattern_must_match() -> None:
    assert stated("{number}", "79281234567", sender="mts ", sent_by="MTS") == "79281234567"
    assert stated("{number}", "79281234567", sender="mts", sent_by="MTS2") is None


@pytest.mark.parametrize(
    ("region", "body", "number"),
    [
        ("DE", "Ihre Rufnummer lautet 0151 12345678", "4915112345678"),
        ("GB", "Your mobile number is 07400 123456", "447400123456"),
        ("US", "Your T-Mobile number is (202) 555-0123", "12025550123"),
        ("PL", "Twój numer to 512 345 678", "48512345678"),
        ("UA", "Ваш номер телефону 067 123 45 67", "380671234567"),
        ("KZ", "Сіздің нөміріңіз 8 701 123 45 67", "77011234567"),
        (None, "Your number is +380 67 123 45 67", "380671234567"),
        (None, "Your number is 067 123 45 67", None),
    ],
)
def test_built_in_patterns_match_operators_of_many_countries(region: str | None, body: str, number: str | None) -> None:
    assert number_in(BUILT_IN, "Operator", body, region) == number


def test_every_built_in_pattern_is_valid_and_matches_its_own_words() -> None:
    for pattern in BUILT_IN:
        assert problem_of(pattern) is None
        assert number_in([pattern], pattern.sender, pattern.text.format(number="+79281234567"), "RU") == "79281234567"


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        (NumberPattern(text="  "), "empty"),
        (NumberPattern(text="Ваш номер"), "must stand in it once"),
        (NumberPattern(text="{number} и {number}"), "2 times"),
        (NumberPattern(text="Ваш {phone} {number}"), "only thing that may stand in braces"),
        (NumberPattern(text="{number}"), "needs words"),
        (NumberPattern(text="№ {number}"), "needs words"),
        (NumberPattern(text=f"{'x' * 200} {{number}}"), "longer than"),
        (NumberPattern(text="a … b … c … d … e … f {number}"), "more than"),
        (NumberPattern(text="номер {number}", sender="x" * 50), "sender is longer"),
    ],
)
def test_invalid_pattern_has_a_problem_and_never_matches(pattern: NumberPattern, problem: str) -> None:
    assert problem in (problem_of(pattern) or "")
    assert number_in([pattern], pattern.sender, "Ваш номер 79281234567", "RU") is None


@given(st.text(max_size=300), st.text(max_size=60))
def test_regular_expressions_are_literal_words(body: str, text: str) -> None:
    pattern = NumberPattern(text=f"abc{text}" + "{number}")

    found = number_in([pattern], "x", body, "RU")

    assert found is None or found.startswith("7")


HOSTILE = st.lists(
    st.sampled_from(
        [
            "ваш номер ",
            "9281234567 ",
            "+7 928 123-45-67",
            "1 ",
            "((1",
            "+",
            "…",
            "ﷺ",
            "\u0301",
            "\u202e",
            "your number is",
        ]
    ),
    max_size=400,
).map("".join)


@given(HOSTILE)
def test_hostile_text_states_nothing_or_a_number_of_the_country(body: str) -> None:
    found = number_in(BUILT_IN, "x", body, "RU")

    assert found is None or (found.startswith("7") and len(found) == 11)


def lines_run(work: Any) -> int:
    """The number of lines of `number_patterns` that a call runs."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if frame.f_code.co_filename != number_patterns.__file__:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "piece", ["ваш номер ", "1", "1 ", "ваш номер 9281234567 ", "((((1", "+", "ﷺ", "\u0301", "номер подключ "]
)
def test_matching_is_linear_up_to_the_longest_text(piece: str) -> None:
    patterns = [NumberPattern(text="ваш номер {number}"), NumberPattern(text="номер … подключ* {number} … спасибо")]

    def steps(length: int) -> int:
        body = (piece * (length // len(piece) + 1))[:length]
        return lines_run(lambda: number_in(patterns, "x", body, "RU"))

    quarter, whole, giant = steps(LONGEST_TEXT // 4), steps(LONGEST_TEXT), steps(LONGEST_TEXT * 1000)

    assert whole <= 6 * quarter + 500
    assert giant <= 1.2 * whole + 500
    assert giant < 60 * LONGEST_TEXT


def test_parsed_runs_of_digits_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr(number_patterns, "parse_mobile", lambda text, region: tried.append(text))

    number_in(BUILT_IN, "x", "ваш номер 1234567, " * 1000, "RU")

    assert 0 < len(tried) <= MOST_TRIES
