"""The user's numbers file: lenient about the format, strict about the content, read when it changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from phonefarm.adapters.catalog import table_files
from phonefarm.adapters.catalog.number_tables import entries_in
from phonefarm.adapters.catalog.numbers_file import NumbersFile
from phonefarm.application.ports.records.numbers import NumberEntry, NumberTable
from phonefarm.application.sims.number_lines import describe_problems
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import Msisdn
from tests.builders import ICCID, NUMBER, OTHER_ICCID

HEAD = "iccid,msisdn,country,operator,label\n"
ENTRY = NumberEntry(iccid=ICCID, msisdn=NUMBER, country="russia", operator="mts", label="shelf 1")


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}{ICCID},{NUMBER},russia,mts,shelf 1\n",
        f"{HEAD}{ICCID},+7 928 123-45-67, Russia ,MTS,shelf 1",
        f"{HEAD.replace(',', ';')}{ICCID};{NUMBER};russia;mts;shelf 1\r\n",
        f" ICCID ,Msisdn,Country,operator,LABEL\n\n{ICCID},{NUMBER},russia,mts,shelf 1\n,,,,\n",
        f"label,operator,country,msisdn,iccid\nshelf 1,mts,russia,{NUMBER},{ICCID[:4]} {ICCID[4:]}\n",
        f'{HEAD}"{ICCID}","{NUMBER}",russia,mts,"shelf 1",and,more\n',
    ],
)
def test_common_variants_of_the_file_are_read_alike(text: str) -> None:
    assert entries_in(text.encode(), "numbers.csv").entries == (ENTRY,)


def test_two_columns_are_enough() -> None:
    assert entries_in(f"iccid,msisdn\n{ICCID},{NUMBER}\n".encode(), "n.csv").entries == (
        NumberEntry(iccid=ICCID, msisdn=NUMBER),
    )


@pytest.mark.parametrize("text", ["", "\n", HEAD])
def test_file_without_lines_has_no_numbers(text: str) -> None:
    assert entries_in(text.encode(), "n.csv") == NumberTable(entries=())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{HEAD}123,{NUMBER}\n", "line 2: the ICCID is not 18 to 20 digits"),
        (f"{HEAD}8.97010E+18,{NUMBER}\n", "line 2: the ICCID was kept as a number"),
        (f"{HEAD}{ICCID},89281234567\n", "line 2: the number must be written with its country code"),
        (f"{HEAD}{ICCID},\n", "line 2: the number"),
        (
            f"{HEAD}{OTHER_ICCID},{NUMBER}\n{ICCID},{NUMBER}\n{ICCID},{NUMBER}\n",
            "line 4: this ICCID stands in line 3 already",
        ),
    ],
)
def test_error_names_the_line_and_the_right_form(text: str, problem: str) -> None:
    assert problem in "; ".join(describe_problems(entries_in(text.encode(), "n.csv").problems))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{ICCID},{NUMBER}\n", "the first line must name the columns"),
        (f"{HEAD}{'x' * 200_000},{NUMBER}\n", "is not a CSV file"),
    ],
)
def test_other_content_is_a_known_error(text: str, problem: str) -> None:
    with pytest.raises(KnownError, match=f"n.csv.*{problem}"):
        entries_in(text.encode(), "n.csv")


def write(path: Path, text: str, *, seconds: int = 0) -> None:
    """Write the text, dated this many seconds after the start of the test's clock."""
    path.write_text(text, encoding="utf-8-sig")
    os.utime(path, (1_700_000_000 + seconds, 1_700_000_000 + seconds))


async def test_file_is_read_at_first_and_after_each_change(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    file = NumbersFile(path)
    write(path, f"{HEAD}{ICCID},{NUMBER},russia,mts,shelf 1\n")

    first, second = await file.read_if_changed(), await file.read_if_changed()
    write(path, f"{HEAD}{ICCID},79039876543,russia,mts,shelf 1\n", seconds=1)
    third = await file.read_if_changed()

    assert (first, second) == (NumberTable(entries=(ENTRY,)), None)
    assert third is not None
    assert third.entries[0].msisdn == Msisdn("79039876543")


async def test_without_a_file_in_the_settings_nothing_is_read() -> None:
    assert await NumbersFile(None).read_if_changed() is None


async def test_missing_file_is_a_known_error_and_read_once_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    file = NumbersFile(path)
    write(path, f"{HEAD}{ICCID},{NUMBER},russia,mts,shelf 1\n")
    await file.read_if_changed()
    kept = path.rename(tmp_path / "away.csv")
    with pytest.raises(KnownError, match="cannot be read: No such file"):
        await file.read_if_changed()

    kept.rename(path)

    assert await file.read_if_changed() == NumberTable(entries=(ENTRY,))


async def test_refused_file_is_refused_once_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    file = NumbersFile(path)
    write(path, f"123,{NUMBER}\n")
    with pytest.raises(KnownError):
        await file.read_if_changed()

    assert await file.read_if_changed() is None
    write(path, f"{HEAD}{ICCID},{NUMBER},russia,mts,shelf 1\n", seconds=5)
    assert await file.read_if_changed() == NumberTable(entries=(ENTRY,))


async def test_file_locked_by_excel_is_read_once_unlocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "numbers.csv"
    file = NumbersFile(path)
    write(path, f"{HEAD}{ICCID},{NUMBER},russia,mts,shelf 1\n")

    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as held:
        held.setattr(Path, "read_bytes", refuse)
        with pytest.raises(KnownError, match="Permission denied"):
            await file.read_if_changed()

    assert await file.read_if_changed() == NumberTable(entries=(ENTRY,))


async def test_code_page_of_russian_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_bytes(f"{HEAD}{ICCID},{NUMBER},russia,mts,полка 1\n".encode("cp1251"))

    table = await NumbersFile(path).read_if_changed()

    assert table is not None
    assert table.entries[0].label == "полка 1"


async def test_giant_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "numbers.csv"
    write(path, HEAD)
    monkeypatch.setattr(table_files, "MAX_FILE_BYTES", 10)

    with pytest.raises(KnownError, match="larger than"):
        await NumbersFile(path).read_if_changed()
