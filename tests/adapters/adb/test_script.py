"""Scripts: several commands in one call, split whatever they print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.adb.script import AnswerCut, Script


def test_a_script_is_one_line_with_the_clock_first() -> None:
    assert Script(["getprop", "dumpsys isub"], nonce="ab12").command == (
        "echo S:$EPOCHREALTIME; getprop; echo E:ab12:0:$?; dumpsys isub; echo E:ab12:1:$?"
    )


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_any_output_of_the_commands_is_split(texts: list[str]) -> None:
    script = Script(["x"] * len(texts), nonce="ab12")
    stdout = "S:1700000000.5\n" + "".join(f"{text}E:ab12:{place}:{place}\n" for place, text in enumerate(texts))

    clock, sections = script.split(stdout)

    assert clock == 1700000000.5
    assert [(section.text, section.exit_code) for section in sections] == [(t, n) for n, t in enumerate(texts)]


def test_every_cut_is_detected() -> None:
    whole = "S:1700000000.5\nrows\nE:ab12:0:0\nmore\nE:ab12:1:0\n"
    script = Script(["x", "y"], nonce="ab12")
    script.split(whole)

    for size in range(len(whole)):
        with pytest.raises(AnswerCut):
            script.split(whole[:size])
    with pytest.raises(AnswerCut):
        script.split(whole + "late")


@pytest.mark.parametrize(("head", "clock"), [("S:", None), ("S:12.5", 12.5), ("S:12,500000", 12.5)])
def test_phone_without_a_clock_is_read(head: str, clock: float | None) -> None:
    assert Script(["x"], nonce="ab12").split(f"{head}\nE:ab12:0:0\n")[0] == clock


@pytest.mark.parametrize(
    "noise", ["WARNING: linker: sh has text relocations.\n" * 3, "\n", "anything else\n", "XS:1.5\n"]
)
def test_output_before_the_script_is_skipped(noise: str) -> None:
    clock, (section,) = Script(["x"], nonce="ab12").split(f"{noise}S:12.5\nS:13.5\nE:ab12:0:0\n")

    assert (clock, section.text) == (12.5, "S:13.5\n")


def test_nonces_differ_from_call_to_call() -> None:
    assert Script(["x"]).command != Script(["x"]).command
