"""What `phonefarm tunnel` says to a person."""

from __future__ import annotations

from typing import Any

import pytest

from phonefarm.commands.public_address import address_lines

ANSWER: dict[str, Any] = {
    "tunnel": "ssh",
    "url": "https://farm.example.com",
    "told_onlinesim": "https://farm.example.com",
    "status": "pass",
    "detail": "answers in 84 ms",
    "ssh_host_key": "",
}


def test_address_that_answers_and_is_known_to_onlinesim_needs_nothing() -> None:
    assert address_lines(ANSWER).splitlines() == [
        "tunnel: ssh",
        "URL: https://farm.example.com",
        "pass: answers in 84 ms",
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"told_onlinesim": ""}, "Tell Onlinesim this URL."),
        (
            {"told_onlinesim": "https://old.example.com"},
            "Onlinesim was told https://old.example.com: send its support this URL.",
        ),
        ({"ssh_host_key": "SHA256:a"}, "Compare this key on the server, then trust it on the Settings page."),
        ({"url": ""}, "URL: none yet"),
    ],
)
def test_what_is_left_to_do_is_a_line(changes: dict[str, str], line: str) -> None:
    assert line in address_lines({**ANSWER, **changes}).splitlines()
