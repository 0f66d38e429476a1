"""Parcels with one string, and other output of `service call`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.adb.parcel import parse_parcel_text


def parcel(text: str) -> str:
    """The output of `service call` for a reply with `text`."""
    data = text.encode("utf-16-le") + b"\0\0"
    data += b"\0" * (-len(data) % 4)
    words = [0, len(text), *(int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4))]
    lines = []
    for at in range(0, len(words), 4):
        shown = " ".join(f"{word:08x}" for word in words[at : at + 4])
        lines.append(
            f"  0x{at * 4:08x}: {shown:<35} '................')"
            if at + 4 >= len(words)
            else f"  0x{at * 4:08x}: {shown} '................'"
        )
    return "Result: Parcel(\n" + "\n".join(lines) + "\n"


@given(st.from_regex(r"[0-9+A-F]{0,40}", fullmatch=True))
def test_a_string_is_read_back(text: str) -> None:
    assert parse_parcel_text(parcel(text)) == text


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Result: Parcel(00000000    '....')\n",
        "Result: Parcel(00000000 ffffffff   '........')\n",
        "Result: Parcel(ffffffff 0000001f 00700061   '........')\n",
        'Result: Parcel(Error: 0xffffffffffffffb6 "Not a data message")\n',
        "Result: Parcel(\n  0x00000000: ffffffff 00000057 006f004e 00700020 '....W...N.o. .p.'\n",
        "Result: Parcel(00000000 00000002 00390038 '........8.9.')\n",
        "Result: Parcel(00000000 7fffffff 00390038 00000000 '')\n",
        "Service iphonesubinfo does not exist\n",
        "/system/bin/sh: service: not found\n",
    ],
)
def test_other_answers_are_no_string(answer: str) -> None:
    assert parse_parcel_text(answer) is None


@pytest.mark.parametrize("junk", ["\n", "\r\n", " \n", "00000000 ", "  0x00000000: ", " "])
def test_large_answer_is_rejected_fast(junk: str) -> None:
    assert parse_parcel_text("Result: Parcel(\n" + junk * (1_000_000 // len(junk))) is None


def test_cut_answer_is_no_string() -> None:
    whole = parcel("89701011234567890123")
    words_end = whole.rindex("'........")
    for size in range(words_end - 2):
        assert parse_parcel_text(whole[:size]) is None


def test_a_short_answer_on_one_line_is_read() -> None:
    assert parse_parcel_text("Result: Parcel(00000000 00000001 00000039   '........9...')\n") == "9"


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    parse_parcel_text("Result: Parcel(" + text)
