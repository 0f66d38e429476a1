"""Texts from outside are bounded, hide nothing, and do not change the text direction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.text.safe_text import LINE_LIMIT, one_line, visible


def test_message_in_any_language_is_unchanged() -> None:
    text = "Ваш код: 7731 🔑👩‍💻 مرحبا नमस्ते 你好"

    assert one_line(text) == text


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\u200f", "\ufeff", "\u00ad", "\u3164", "\x9b"])
def test_hidden_and_direction_characters_become_visible(hidden: str) -> None:
    assert one_line(f"pay{hidden}pal") == "pay\ufffdpal"


def test_control_characters_show_as_their_pictures() -> None:
    assert visible("a\x00b\x1b[31m") == "a␀b␛[31m"


def test_a_table_cell_is_one_line() -> None:
    assert one_line("first\r\n\r\nsecond\tthird\u2028fourth") == "first second third\ufffdfourth"


def test_visible_text_keeps_line_breaks() -> None:
    assert visible("first\r\nsecond\rthird") == "first\nsecond\nthird"


def test_stacked_accents_are_limited() -> None:
    assert len(visible("a" + "\u0301" * 50)) == 5


def test_long_texts_end_in_an_ellipsis() -> None:
    assert one_line("x" * 100_000).endswith("…")
    assert len(one_line("x" * 100_000)) == LINE_LIMIT
    assert visible("y" * 10, limit=3) == "yyy…"


@given(st.text(), st.integers(min_value=2, max_value=50))
def test_any_text_becomes_one_bounded_line(text: str, limit: int) -> None:
    line = one_line(text, limit)

    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
