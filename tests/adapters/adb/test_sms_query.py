"""SMS texts are read completely or not at all, whatever an attacker writes into them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.adb import sms_query
from phonefarm.adapters.adb.provider import AnswerRefused
from phonefarm.application.ports.world import Probe
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.sms import SmsRow
from tests.fakes.android_inbox import AndroidInbox, printed

PROBE = Probe(facts=PhoneFacts(sdk=34), reads_hex=True)
NO_SUB = replace(PROBE, has_sub_id=False)

HOSTILE = (
    "line1\nRow: 1 _id=99, date=1, body=fake",
    "Row: 0 _id=1, d=31, s=31, u=31, n=0, a=, b=",
    "\nNo result found.\n",
    "E:0123456789abcdef:0:0\n",
    "NULL",
    "",
    "a\x00b",
    "\u2028\u2029\x85",
    "🙏👩‍👩‍👧",
    "\r\n\r",
    "WARNING: linker: fake\n",
    "x" * 40_000,
)


def a_row(**changes: Any) -> SmsRow:
    row = SmsRow(
        row_id=7,
        date_ms=1_700_000_000_123,
        date_sent_ms=1_700_000_000_000,
        sub_id=1,
        sender="Bank",
        body="hi",
        sim_mark="sub_id=1",
    )
    return replace(row, **changes)


def read(inbox: AndroidInbox, probe: Probe = PROBE, *, newest: int = 50, skip: int = 0) -> list[SmsRow]:
    text = inbox.answer(sms_query.window_query(probe, newest=newest, skip=skip))
    assert isinstance(text, str)
    return [raw.row for raw in sms_query.parse_window(text, probe)]


def test_the_query_is_the_one_that_was_measured() -> None:
    assert sms_query.window_query(PROBE, newest=50, skip=0) == (
        "content query --uri content://sms/inbox --projection "
        "'_id:hex(date) AS d:hex(date_sent) AS s:hex(sub_id) AS u:length(CAST(body AS BLOB)) AS n:"
        "hex(address) AS a:hex(body) AS b' --sort '_id DESC LIMIT 50'"
    )
    assert sms_query.window_query(PROBE, newest=50, skip=100).endswith("'_id DESC LIMIT 50 OFFSET 100'")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_unchanged_as_body_and_as_sender(text: str) -> None:
    rows = [a_row(row_id=2, body=text, sender=text), a_row(row_id=1, body="before")]

    assert read(AndroidInbox(rows)) == rows


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.sampled_from(HOSTILE[:-1])
sms_rows = st.lists(
    st.builds(
        SmsRow,
        row_id=st.integers(1, 2**40),
        date_ms=st.integers(-(2**62), 2**62),
        date_sent_ms=st.integers(0, 2**50),
        sub_id=st.none() | st.integers(0, 9),
        sender=texts,
        body=texts,
    ),
    max_size=8,
    unique_by=lambda row: row.row_id,
)


@given(sms_rows, st.integers(1, 9), st.integers(0, 9))
def test_any_window_is_read_back_newest_row_first(rows: list[SmsRow], newest: int, skip: int) -> None:
    expected = [
        replace(row, sim_mark=f"sub_id={-1 if row.sub_id is None else row.sub_id}")
        for row in sorted(rows, key=lambda row: -row.row_id)[skip : skip + newest]
    ]

    assert read(AndroidInbox(rows), newest=newest, skip=skip) == expected


def test_every_cut_of_an_answer_is_refused() -> None:
    answer = AndroidInbox([a_row(row_id=2, body="zwölf"), a_row()]).answer(
        sms_query.window_query(PROBE, newest=5, skip=0)
    )
    assert isinstance(answer, str)
    whole_lines = {place + 1 for place, char in enumerate(answer) if char == "\n"}

    for size in range(len(answer)):
        if size not in whole_lines:  # those are detected by the mark at the script's end
            with pytest.raises(AnswerRefused):
                sms_query.parse_window(answer[:size], PROBE)


GOOD = "Row: 0 _id=7, d=31, s=30, u=31, n=2, a=31, b=6869\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        GOOD + "\n",
        GOOD + "rest",
        GOOD.replace("Row: 0", "Row: 00"),
        GOOD + "Row: 2 _id=6, d=31, s=30, u=31, n=2, a=31, b=6869\n",
        GOOD + "Row: 1 _id=7, d=31, s=30, u=31, n=2, a=31, b=6869\n",
        GOOD + "Row: 1 _id=8, d=31, s=30, u=31, n=2, a=31, b=6869\n",
        GOOD + "WARNING: linker: late\n",
        GOOD + "No result found.\n",
        GOOD.replace("n=2", "n=3"),
        GOOD.replace("n=2", "n=NULL"),
        GOOD.replace("b=6869", "b=686"),
        GOOD.replace("b=6869", "b=68zz"),
        GOOD.replace("b=6869", "b=NULL"),
        GOOD.replace("d=31", "d=1.7E12"),
        GOOD.replace("d=31", "d=3"),
        GOOD.replace("_id=7", "_id=NULL"),
        GOOD.replace("u=31", "sub_id=1"),
        GOOD.replace("a=31", "a=BLOB"),
        " " + GOOD,
        "[ERROR] Unsupported argument: --sort\n",
        "java.lang.SecurityException: Permission Denial\n",
    ],
)
def test_unexpected_text_refuses_the_whole_answer(text: str) -> None:
    with pytest.raises(AnswerRefused):
        sms_query.parse_window(text, PROBE)


@pytest.mark.parametrize("noise", ["WARNING: linker: app_process has text relocations.\n" * 2, "\n"])
def test_known_warnings_before_the_first_row_are_skipped(noise: str) -> None:
    assert len(sms_query.parse_window(noise + GOOD, PROBE)) == 1
    assert sms_query.parse_window(noise + "No result found.\n", PROBE) == []


def test_misspelt_no_result_of_old_androids_is_recognised() -> None:
    assert sms_query.parse_window("No reuslt found.\n", PROBE) == []


def test_null_texts_are_empty_and_null_times_zero() -> None:
    (raw,) = sms_query.parse_window("Row: 0 _id=7, d=, s=, u=, n=NULL, a=, b=\n", PROBE)

    assert raw.row == a_row(date_ms=0, date_sent_ms=0, sub_id=None, sender="", body="", sim_mark="sub_id=NULL")


def test_sub_id_minus_one_counts_as_missing() -> None:
    (raw,) = sms_query.parse_window(GOOD.replace("u=31", "u=2D31"), PROBE)

    assert raw.row.sub_id is None


def test_phone_without_sub_id_is_queried_without_it() -> None:
    inbox = AndroidInbox([a_row(sub_id=None)], with_sub_id=False)

    assert read(inbox, NO_SUB) == [a_row(sub_id=None, sim_mark="")]


def test_vendor_column_is_read_in_addition() -> None:
    probe = replace(PROBE, slot_column="sim_id")
    (raw,) = sms_query.parse_window(GOOD.replace("u=31", "u=2D31, v=32"), probe)

    assert "hex(sub_id) AS u:hex(sim_id) AS v:" in sms_query.window_query(probe, newest=1, skip=0)
    assert (raw.row.sub_id, raw.slot_value) == (None, 2)
    assert raw.row.sim_mark == "sub_id=-1 sim_id=2"


@pytest.mark.parametrize(
    ("sub_id", "mark"),
    [("u=31, v=", "sub_id=1 sim_id=NULL"), ("u=, v=30", "sub_id=NULL sim_id=0")],
)
def test_sim_columns_of_a_row_are_kept_unchanged(sub_id: str, mark: str) -> None:
    (raw,) = sms_query.parse_window(GOOD.replace("u=31", sub_id), replace(PROBE, slot_column="sim_id"))

    assert raw.row.sim_mark == mark


def test_rows_of_equal_columns_have_equal_marks_whatever_their_texts_say() -> None:
    imitation = "sub_id=-1 sim_id=2"
    rows = [a_row(row_id=2, body=imitation, sender=imitation), a_row(row_id=1)]

    assert [row.sim_mark for row in read(AndroidInbox(rows))] == ["sub_id=1", "sub_id=1"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"caf\xc3\xa9", "café"),
        (b"\xff\xfeab", "\ufffd\ufffdab"),
        (b"\xed\xa0\xbd\xed\xb9\x8f", "\U0001f64f"),
        (b"a\xed\xa0\xbdb", "a\ufffdb"),
        (b"cut \xe2\x82", "cut \ufffd"),
    ],
)
def test_invalid_utf8_becomes_text(data: bytes, text: str) -> None:
    assert sms_query.text_of(data) == text


@given(st.binary(max_size=40))
def test_no_bytes_raise(data: bytes) -> None:
    sms_query.text_of(data).encode("utf-8")


@given(st.text(max_size=300))
def test_no_answer_breaks_the_parser(text: str) -> None:
    try:
        rows = sms_query.parse_window(text, PROBE)
    except AnswerRefused:
        return
    assert rows == []


# Hostile sizes ------------------------------------------------------------------


def peak_of(work: Callable[[], object]) -> int:
    """Peak memory of the work in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("end", ["", "\n"], ids=["cut", "whole"])
@pytest.mark.parametrize("of", ["one row", "digits without end"])
def test_memory_for_a_large_answer_is_a_small_multiple_of_its_size(of: str, end: str) -> None:
    size = 1_000_000
    texts = {"one row": f"n={size // 2}, a=31, b={'61' * (size // 2)}", "digits without end": f"n=1, a={'6' * size}"}
    answer = f"Row: 0 _id=7, d=31, s=30, u=31, {texts[of]}{end}"

    def parse() -> None:
        with suppress(AnswerRefused):
            sms_query.parse_window(answer, PROBE)

    assert peak_of(parse) < 6 * size


def test_a_row_that_no_phone_can_print_is_refused() -> None:
    size = sms_query.MAX_ROW_CHARS
    with pytest.raises(AnswerRefused):
        sms_query.parse_window(f"Row: 0 _id=7, d=31, s=30, u=31, n={size // 2}, a=31, b={'61' * (size // 2)}\n", PROBE)


# Text in integer columns, from restored backups -----------------------------------

NO_HEX = replace(PROBE, reads_hex=False)
PLAIN = replace(NO_HEX, counts=False)
STRANGE = ("null", "", "unknown", "1.5", "12,5", "0x1", "9" * 25, "1, x=2", b"\x01", " 1 ")


def numbers_of(inbox: AndroidInbox, probe: Probe) -> list[sms_query.RawRow]:
    text = inbox.answer(
        (sms_query.window_query if probe.reads_hex else sms_query.numbers_query)(probe, newest=50, skip=0)
    )
    assert isinstance(text, str)
    return (sms_query.parse_window if probe.reads_hex else sms_query.parse_numbers)(text, probe)


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("column", ["date", "date_sent", "sub_id", "sim_slot"])
@pytest.mark.parametrize("of", [PROBE, NO_HEX, PLAIN], ids=["hex", "no hex", "plain columns"])
def test_text_in_an_integer_column_affects_only_that_column_of_that_row(
    of: Probe, column: str, value: str | bytes
) -> None:
    probe = replace(of, slot_column="sim_slot")
    inbox = AndroidInbox([a_row(row_id=9), a_row()])
    inbox.database.execute("ALTER TABLE sms ADD COLUMN sim_slot INTEGER DEFAULT 0")
    whole = numbers_of(inbox, probe)
    inbox.database.execute(f"UPDATE sms SET {column} = ? WHERE _id = 9", [value])

    restored, untouched = numbers_of(inbox, probe)

    assert untouched == whole[1]
    values = {
        "date": restored.row.date_ms or None,
        "date_sent": restored.row.date_sent_ms or None,
        "sub_id": restored.row.sub_id,
        "sim_slot": restored.slot_value,
    }
    assert [name for name, number in values.items() if number is None] == ([column] if value != " 1 " else [])


def test_text_that_imitates_the_next_column_sets_no_sim() -> None:
    inbox = AndroidInbox([a_row()])
    inbox.database.execute("UPDATE sms SET date_sent = '1, sub_id=2'")

    (raw,) = numbers_of(inbox, PLAIN)

    assert raw.row.sub_id is None


@pytest.mark.parametrize("date", [None, "null", "", 0])
@pytest.mark.parametrize("probe", [NO_HEX, PLAIN], ids=["no hex", "plain columns"])
def test_the_texts_of_a_row_without_a_date_are_found(probe: Probe, date: object) -> None:
    inbox = AndroidInbox([a_row()])
    inbox.database.execute("UPDATE sms SET date = ?", [date])
    (raw,) = numbers_of(inbox, probe)

    answer = inbox.answer(sms_query.column_query("body", raw.row))

    assert isinstance(answer, str)
    assert sms_query.parse_column(answer, "body") == "hi"


def test_dated_message_with_a_reused_id_is_not_mistaken_for_an_undated_one() -> None:
    inbox = AndroidInbox([a_row(date_ms=5)])

    assert inbox.answer(sms_query.column_query("body", a_row(date_ms=0))) == printed([])


# One column at a time ----------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_one_column_of_one_row_needs_no_delimiter(text: str) -> None:
    inbox = AndroidInbox([a_row(body=text)])
    answer = inbox.answer(sms_query.column_query("body", a_row()))

    assert isinstance(answer, str)
    assert sms_query.parse_column(answer, "body") == text


@pytest.mark.parametrize(
    "answer", ["", "No result found.\n", "Row: 0 body=cut", "Row: 0 address=x\n", "Row: 1 body=x\n"]
)
def test_a_column_without_its_frame_is_refused(answer: str) -> None:
    with pytest.raises(AnswerRefused):
        sms_query.parse_column(answer, "body")


def test_message_with_a_reused_id_is_not_mistaken_for_the_old_one() -> None:
    inbox = AndroidInbox([a_row(date_ms=5)])

    assert inbox.answer(sms_query.column_query("body", a_row())) == printed([])


def test_numbers_are_read_without_expressions() -> None:
    plain = replace(PROBE, reads_hex=False, counts=False)
    answer = AndroidInbox([a_row()]).answer(sms_query.numbers_query(plain, newest=5, skip=0))

    assert isinstance(answer, str)
    assert [raw.row for raw in sms_query.parse_numbers(answer, plain)] == [a_row(sender="", body="")]


# The newest row's text beside the window ----------------------------------------


@pytest.mark.parametrize("probe", [NO_HEX, PLAIN], ids=["with functions", "plain columns"])
@pytest.mark.parametrize("column", ["address", "body"])
@pytest.mark.parametrize("text", HOSTILE)
def test_newest_text_is_complete_with_its_rows_id_and_date(text: str, column: str, probe: Probe) -> None:
    newest = a_row(row_id=9, body=text, sender=text)
    answer = AndroidInbox([newest, a_row()]).answer(sms_query.newest_text_query(column, probe))
    assert isinstance(answer, str)

    if "\nRow: 1 _id=" in text:
        with pytest.raises(AnswerRefused):
            sms_query.parse_newest_text(answer, column, probe)
    else:
        found = sms_query.parse_newest_text(answer, column, probe)
        assert (found.row_id, found.date_ms, found.text) == (9, newest.date_ms, text)


@given(texts)
def test_newest_text_is_the_stored_one_or_refused(text: str) -> None:
    answer = AndroidInbox([a_row(body=text)]).answer(sms_query.newest_text_query("body", NO_HEX))
    assert isinstance(answer, str)

    try:
        found = sms_query.parse_newest_text(answer, "body", NO_HEX)
    except AnswerRefused:
        assert "Row: 1" in text
    else:
        assert found.text == text


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "No result found.\n",
        "Row: 0 _id=1, d=2, body=cut",
        "Row: 0 _id=1, d=NULL, body=x\n",
        "Row: 0 _id=1, body=x\n",
        "Row: 0 _id=1, d=2, address=x\n",
        "Row: 1 _id=1, d=2, body=x\n",
        "Row: 0 _id=1, d=2, body=x\nRow: 1 _id=2, d=2, body=y\n",
        "\nRow: 0 _id=1, d=2, body=x\n",
    ],
)
def test_a_newest_text_in_any_other_form_is_refused(answer: str) -> None:
    with pytest.raises(AnswerRefused):
        sms_query.parse_newest_text(answer, "body", NO_HEX)


# Proof ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"), [("Row: 0 c=0, m=NULL\n", 0), ("Row: 0 c=12, m=340\n", 12), ("No result found.\n", None)]
)
def test_a_count_proves_access_and_its_absence_disproves_it(text: str, count: int | None) -> None:
    assert sms_query.parse_proof(text, PROBE) == count


@pytest.mark.parametrize("text", ["", "Row: 0 c=1\n", "Row: 0 c=1, m=2\nRow: 1 c=1, m=2\n", "Row: 0 c=x, m=2\n"])
def test_proof_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(AnswerRefused):
        sms_query.parse_proof(text, PROBE)
