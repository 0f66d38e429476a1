"""Tables of numbers from Excel and others are read, or refused with the line and the right form."""

from __future__ import annotations

import contextlib
import io
import re
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from phonefarm.adapters.catalog import table_files
from phonefarm.adapters.catalog.number_tables import entries_in, read_entries, read_table
from phonefarm.application.ports.records.numbers import NumberEntry, NumberTable
from phonefarm.application.sims.number_lines import describe_problems
from phonefarm.domain.errors import KnownError
from tests.builders import ICCID, NUMBER, OTHER_ICCID

ENTRY = NumberEntry(iccid=ICCID, msisdn=NUMBER, country="russia", operator="mts", label="полка 1")
HEAD = "iccid,msisdn,country,operator,label\n"
GOOD = f"{HEAD}{ICCID},{NUMBER},russia,mts,полка 1\n"


def workbook(*sheets: Sequence[Sequence[Any]]) -> bytes:
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(list(row))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


TITLES = ("iccid", "msisdn", "country", "operator", "label")
SOUND_WORKBOOK = workbook([TITLES, (ICCID, NUMBER), (OTHER_ICCID, NUMBER)])
"""Made once: a workbook holds its creation time, and the same hypothesis draws must damage the same bytes."""


def wrong_in(table: NumberTable) -> str:
    return "; ".join(describe_problems(table.problems))


# CSV ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode(),
        GOOD.encode("utf-8-sig"),
        GOOD.encode("cp1251"),
        GOOD.encode("utf-16"),
        GOOD.encode("utf-16-le"),
        GOOD.encode("utf-16-be"),
        GOOD.replace(",", "\t").encode("utf-16"),
        GOOD.replace(",", ";").replace("\n", "\r\n").encode("cp1251"),
        f"sep=;\r\n{GOOD.replace(',', ';')}".encode(),
        f"\n\n{GOOD}\n,,,,\n".encode(),
        f"ICC ID;Номер;Страна;Оператор;Метка;Цена\n{ICCID};+7 928 123-45-67;Russia;MTS;полка 1;5\n".encode("cp1251"),
        f"phone,iccid,label,operator,country\n'+{NUMBER},'{ICCID},полка 1,mts,russia\n".encode(),
        f"{HEAD}{ICCID},{NUMBER}.0,russia,mts,полка 1\n".encode(),
    ],
)
def test_csv_variants_of_common_programs_are_read_alike(content: bytes) -> None:
    assert entries_in(content, "numbers.csv").entries == (ENTRY,)


@pytest.mark.parametrize("shown", ["8.97010100123457E+19", "8,9701E+19", "8.9701e19"])
def test_iccid_rounded_by_excel_is_refused_with_the_next_step(shown: str) -> None:
    table = entries_in(f'{GOOD}"{shown}",{NUMBER},,,\n'.encode(), "numbers.csv")

    assert table.entries == (ENTRY,)
    assert re.search(r"line 3: the ICCID was kept as a number.*last digits are lost.*as text", wrong_in(table))


def test_line_numbers_count_physical_lines_after_a_multiline_cell() -> None:
    table = entries_in(f'{HEAD}{ICCID},{NUMBER},,,"two\nlines"\n123,{NUMBER},,,\n'.encode(), "numbers.csv")

    assert wrong_in(table).startswith("line 4: ")


@pytest.mark.parametrize("content", [b"\x00\x01\x02\x03" * 100, b"iccid,msisdn\n\x00\x00\x00"])
def test_binary_file_is_refused_as_no_table(content: bytes) -> None:
    with pytest.raises(KnownError):
        entries_in(content, "numbers.csv")


# XLSX -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        [TITLES, (ICCID, NUMBER, "russia", "mts", "полка 1")],
        [TITLES, (ICCID, int(NUMBER), "Russia", "MTS", "полка 1")],
        [TITLES, (f"'{ICCID}", float(NUMBER), "russia", "mts", "полка 1")],
        [(), TITLES, (), (ICCID, f"+{NUMBER}", "russia", "mts", "полка 1"), (None,) * 5],
        [("Оператор", "ICC", "Номер телефона", "страна", "Note"), ("mts", ICCID, int(NUMBER), "russia", "полка 1")],
    ],
)
def test_cells_may_be_text_or_numbers(rows: Sequence[Sequence[Any]]) -> None:
    assert entries_in(workbook(rows), "numbers.xlsx").entries == (ENTRY,)


def test_sheet_with_the_columns_is_found_among_others() -> None:
    book = workbook([("prices",), (5,)], [], [TITLES, (ICCID, NUMBER, "russia", "mts", "полка 1")])

    assert entries_in(book, "numbers.xlsx").entries == (ENTRY,)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([TITLES, (8.970101001234567e19, NUMBER)], "line 2: the ICCID was kept as a number, 8.97010E"),
        ([TITLES, (int(ICCID), NUMBER)], "line 2: the ICCID was kept as a number"),
        ([TITLES, (), (f'="{ICCID}"', NUMBER)], "line 3: the ICCID is missing; if it is a formula"),
        ([TITLES, (ICCID, "=1+1")], "line 2: the number must be written with its country code"),
        ([TITLES, (ICCID, True)], "line 2: the number"),
        ([TITLES, (ICCID, NUMBER), (ICCID, NUMBER)], "line 3: this ICCID stands in line 2 already"),
    ],
)
def test_error_names_the_line_of_a_sheet(rows: Sequence[Sequence[Any]], problem: str) -> None:
    assert problem in wrong_in(entries_in(workbook(rows), "numbers.xlsx"))


def test_sheet_without_the_columns_is_refused() -> None:
    with pytest.raises(KnownError, match="must name the columns"):
        entries_in(workbook([("a", "b"), (ICCID, NUMBER)]), "numbers.xlsx")


@pytest.mark.parametrize("iccid", ["8986003A19B3C4567890", "898601123456E1234567", "8970101001234567890", "89e6" * 5])
def test_iccids_with_letters_or_without_a_check_digit_are_accepted(iccid: str) -> None:
    table = entries_in(f"{HEAD}{iccid},{NUMBER},,,\n".encode(), "numbers.csv")

    assert [entry.iccid for entry in table.entries] == [iccid.upper()]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([ICCID, OTHER_ICCID, "123", "", "8.9E+19"]), max_size=12))
def test_invalid_line_does_not_affect_the_others(stated: list[str]) -> None:
    content = HEAD + "".join(f"{iccid},{NUMBER},,,x\n" for iccid in stated)

    table = entries_in(content.encode(), "numbers.csv")

    assert [entry.iccid for entry in table.entries] == list(
        dict.fromkeys(i for i in stated if i in (ICCID, OTHER_ICCID))
    )
    assert sorted([e.line for e in table.entries] + [p.line for p in table.problems]) == [*range(2, len(stated) + 2)]


@pytest.mark.parametrize("cell", ["1E999", "-1E999"])
def test_invalid_number_does_not_affect_the_other_lines(cell: str) -> None:
    sheet = SHEET % (
        '<row><c t="inlineStr"><is><t>iccid</t></is></c><c t="inlineStr"><is><t>msisdn</t></is></c></row>'
        f'<row><c t="inlineStr"><is><t>{ICCID}</t></is></c><c t="inlineStr"><is><t>{NUMBER}</t></is></c></row>'
        f'<row><c t="inlineStr"><is><t>{OTHER_ICCID}</t></is></c><c t="n"><v>{cell}</v></c></row>'
    )

    table = entries_in(bomb("xl/worksheets/sheet1.xml", sheet), "numbers.xlsx")

    assert [entry.iccid for entry in table.entries] == [ICCID]
    assert len(table.problems) == 1


def test_empty_workbook_has_no_numbers() -> None:
    assert entries_in(workbook([]), "numbers.xlsx").entries == ()


def test_cell_in_the_last_possible_row_does_not_exhaust_memory() -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(TITLES)
    book.active.cell(row=1_048_576, column=1, value=ICCID)
    kept = io.BytesIO()
    book.save(kept)

    with pytest.raises(KnownError, match="more than 50000 lines"):
        entries_in(kept.getvalue(), "numbers.xlsx")


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
)


def bomb(part: str, content: str) -> bytes:
    """A valid workbook of one sheet with one oversized part."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SOUND_WORKBOOK)) as sound, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as made:
        for name in sound.namelist():
            if name != part:
                made.writestr(name, sound.read(name))
        made.writestr(part, content)
    return kept.getvalue()


@pytest.mark.parametrize(
    ("part", "content", "problem"),
    [
        ("xl/worksheets/sheet1.xml", SHEET % ("<row/>" * 60_000), "more than 50000 lines"),
        ("xl/worksheets/sheet1.xml", SHEET % ("<row><c><v>1</v></c></row>" * 1_000_000), "a part of 26 MB"),
        ("xl/sharedStrings.xml", "<sst>" + "<si><t>x</t></si>" * 800_000 + "</sst>", "a part of 14 MB"),
        ("xl/styles.xml", "<styleSheet>" + "<xf/>" * 500_000 + "</styleSheet>", "a part of 3 MB"),
        ("[Content_Types].xml", "<Types>" + "<Override/>" * 300_000 + "</Types>", "a part of 3 MB"),
        ("docProps/core.xml", "<core>" + "<title/>" * 400_000 + "</core>", "a part of 3 MB"),
        ("xl/media/a_sheet_in_truth.xml", SHEET % ("<row><c><v>1</v></c></row>" * 1_000_000), "a part of 26 MB"),
    ],
)
def test_zip_bomb_is_refused_before_decompression(part: str, content: str, problem: str) -> None:
    content_of_file = bomb(part, content)
    assert len(content_of_file) < 120_000

    with pytest.raises(KnownError, match=problem):
        entries_in(content_of_file, "numbers.xlsx")


@pytest.mark.parametrize("text", ["\n" * 9_000_000, "," * 9_000_000, f"{HEAD}{'a' * 9_000_000}", "\r" * 9_000_000])
def test_memory_for_a_csv_of_separators_is_a_small_multiple_of_its_size(text: str) -> None:
    tracemalloc.start()
    try:
        with contextlib.suppress(KnownError):
            entries_in(text.encode(), "numbers.csv")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 25 * len(text)


def test_file_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "READ_SECONDS", 0.0)

    with pytest.raises(KnownError, match="takes longer than 0 s to read"):
        entries_in(GOOD.encode(), "numbers.csv")
    with pytest.raises(KnownError, match="takes longer than 0 s to read"):
        entries_in(SOUND_WORKBOOK, "numbers.xlsx")


def archive(write: Callable[[zipfile.ZipFile], None]) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as made:
        write(made)
    return kept.getvalue()


def many_parts(made: zipfile.ZipFile) -> None:
    for n in range(1100):
        made.writestr(f"{n}.xml", b"")


def with_bit_set(content: bytes) -> bytes:
    """Every part marked as encrypted."""
    broken = bytearray(content)
    place = broken.find(b"PK\x01\x02")
    while place >= 0:
        broken[place + 8] |= 1
        place = broken.find(b"PK\x01\x02", place + 4)
    return bytes(broken)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "has a password or the old Excel format"),
        (workbook([TITLES])[:300], "broken or cut short"),
        (with_bit_set(workbook([TITLES])), "protected by a password"),
        (archive(lambda made: made.writestr("photo.jpg", b"x")), "not an Excel file"),
        (archive(lambda made: made.writestr("xl/workbook.xml", b"<x")), "cannot be read as an Excel file"),
        (archive(lambda made: made.writestr("xl/workbook.xml", bytes(90_000_000))), "unpacks to a part of 90 MB"),
        (archive(many_parts), "unpacks to more"),
    ],
)
def test_broken_encrypted_and_oversized_files_are_refused(content: bytes, problem: str) -> None:
    with pytest.raises(KnownError, match=problem):
        entries_in(content, "numbers.xlsx")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_workbook_is_read_or_refused_without_a_bug(data: st.DataObject) -> None:
    content = bytearray(SOUND_WORKBOOK)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    try:
        entries_in(bytes(content), "numbers.xlsx")
    except KnownError as error:
        assert "numbers.xlsx" in str(error)  # noqa: PT017 - either end is right


# Files ----------------------------------------------------------------------


async def test_format_is_detected_from_the_content_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_bytes(workbook([TITLES, (ICCID, NUMBER, "russia", "mts", "полка 1")]))

    assert (await read_table(str(path))).entries == (ENTRY,)


@pytest.mark.parametrize("name", ["nowhere.csv", ".", "a\0b"])
def test_unreadable_file_is_a_known_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(KnownError, match="cannot be read"):
        read_entries(tmp_path / name)


def test_giant_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "numbers.xlsx"
    path.write_bytes(workbook([TITLES]))
    monkeypatch.setattr(table_files, "MAX_FILE_BYTES", 10)

    with pytest.raises(KnownError, match="larger than"):
        read_entries(path)
