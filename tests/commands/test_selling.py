"""What `pause` and `resume` say."""

from __future__ import annotations

import pytest

from phonefarm.commands.selling import as_text


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"paused": True, "by": "the user", "rents_open": 31, "numbers_on_offer": 0},
            "Selling is paused by the user: nothing is for sale. 31 open rents go on.",
        ),
        (
            {"paused": True, "by": "the user", "rents_open": 1, "numbers_on_offer": 0},
            "Selling is paused by the user: nothing is for sale. 1 open rent goes on.",
        ),
        (
            {"paused": True, "by": "the user", "rents_open": 0, "numbers_on_offer": 0},
            "Selling is paused by the user: nothing is for sale.",
        ),
        (
            {"paused": False, "by": None, "rents_open": 2, "numbers_on_offer": 45},
            "Selling is on: 45 numbers are for sale now.",
        ),
        (
            {"paused": False, "by": None, "rents_open": 0, "numbers_on_offer": 1},
            "Selling is on: 1 number is for sale now.",
        ),
    ],
)
def test_answer_is_a_sentence(answer: dict[str, object], said: str) -> None:
    assert as_text(answer) == said
