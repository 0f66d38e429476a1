"""Import and export of files: validated, atomic, and without cells that a spreadsheet would execute."""

from __future__ import annotations

import csv
import os
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from phonefarm.adapters.catalog.number_tables import read_entries
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.adapters.storage.sqlite.whole_tables import TABLES
from phonefarm.application.ports.records.numbers import NumberEntry
from phonefarm.commands.cli import TableName
from phonefarm.commands.tables import cell, export_numbers, export_table, import_numbers
from phonefarm.config.own_environment import PREFIX
from phonefarm.config.settings import Settings, load_settings
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import SimId
from phonefarm.domain.rents import FinishStatus
from tests.application.stored_farm import StoredFarm
from tests.builders import HOUR, ICCID, NOON, NUMBER, OTHER_ICCID, OTHER_NUMBER, OTHER_PHONE, PHONE, a_seen_sim
from tests.fakes.held_file import Holder

HEADER = "iccid,msisdn,country,operator,label\n"
GOOD = f"{HEADER}{ICCID},{NUMBER},russia,mts,shelf 1\n"
FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def settings(tmp_path: Path, database_file: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a farm with the database of the `database` fixture."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    return load_settings(data_dir=tmp_path, database_url=f"sqlite:///{database_file}")


def a_file(folder: Path, text: str, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# Import of numbers -------------------------------------------------------------------------


def test_imported_numbers_are_the_farms_from_the_next_start(settings: Settings, tmp_path: Path) -> None:
    said = import_numbers(settings, a_file(tmp_path, GOOD))

    again = load_settings(data_dir=tmp_path)
    assert Path(again.numbers_file) == tmp_path.resolve() / "numbers.csv"
    assert Path(again.numbers_file).read_text(encoding="utf-8") == GOOD
    assert said.startswith("1 number kept in ")
    assert "Restart" in said


def test_second_import_needs_no_restart(settings: Settings, tmp_path: Path) -> None:
    import_numbers(settings, a_file(tmp_path, GOOD))

    said = import_numbers(load_settings(data_dir=tmp_path), a_file(tmp_path, GOOD))

    assert "reads it now" in said


def test_line_whose_number_is_of_another_country_than_it_says_is_refused(settings: Settings, tmp_path: Path) -> None:
    foreign = a_file(tmp_path, GOOD.replace(NUMBER, "380501234567"))

    with pytest.raises(KnownError, match=r"mine\.csv, line 2: .*is a number of ukraine, but the SIM is of russia"):
        import_numbers(settings, foreign)

    assert not (tmp_path / "numbers.csv").exists()


def test_the_folders_own_file_may_be_imported(settings: Settings, tmp_path: Path) -> None:
    import_numbers(settings, a_file(tmp_path, GOOD, "numbers.csv"))

    assert (tmp_path / "numbers.csv").read_text(encoding="utf-8") == GOOD


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEADER + "123,79281234567,,,\n", "line 2: the ICCID"),
        (HEADER, "holds no numbers"),
        ("", "holds no numbers"),
        ("a,b\n1,2\n", "first line must name the columns"),
    ],
)
def test_bad_numbers_file_is_refused_and_changes_nothing(
    settings: Settings, tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(KnownError, match=problem):
        import_numbers(settings, a_file(tmp_path, text))

    assert not (tmp_path / "numbers.csv").exists()
    assert not (tmp_path / "settings.toml").exists()


@pytest.mark.parametrize("as_excel", [False, True])
def test_bad_lines_are_left_out_and_all_of_them_are_listed(settings: Settings, tmp_path: Path, as_excel: bool) -> None:
    lines = [
        ("iccid", "msisdn", "country", "operator", "label"),
        ("123", NUMBER, "", "", ""),
        (ICCID, NUMBER, "russia", "mts", "shelf 1"),
        (OTHER_ICCID, "no number", "", "", ""),
        (OTHER_ICCID, "380501234567", "russia", "", ""),
        ("456", NUMBER, "", "", ""),
        ("8986003A19B3C4567890", OTHER_NUMBER, "", "", ""),
        ("8970101001234567890", "79161234567", "", "", ""),
    ]
    source = tmp_path / ("mine.xlsx" if as_excel else "mine.csv")
    if as_excel:
        book = Workbook()
        assert book.active is not None
        for line in lines:
            book.active.append(list(line))
        book.save(source)
    else:
        a_file(tmp_path, "".join(",".join(line) + "\n" for line in lines))

    said = import_numbers(settings, source)

    kept = read_entries(tmp_path / "numbers.csv")
    assert [entry.iccid for entry in kept.entries] == [ICCID, "8986003A19B3C4567890", "8970101001234567890"]
    assert kept.problems == ()
    assert said.splitlines()[1:] == [
        "4 lines left out:",
        f"{source.name}, lines 2, 6: the ICCID is not 18 to 20 digits that begin with 89 (check for a typing error).",
        f"{source.name}, line 4: the number must be written with its country code, as 79281234567.",
        f"{source.name}, line 5: +380501234567 is a number of ukraine, but the SIM is of russia.",
    ]


def test_excel_file_is_kept_as_csv(settings: Settings, tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["iccid", "number", "label"])
    book.active.append([ICCID, int(NUMBER), "=полка 1"])
    book.active["C2"].data_type = "s"
    book.save(tmp_path / "mine.xlsx")

    import_numbers(settings, tmp_path / "mine.xlsx")

    kept = (tmp_path / "numbers.csv").read_text(encoding="utf-8-sig")
    assert kept == f"{HEADER}{ICCID},{NUMBER},,,'=полка 1\n"


def test_missing_numbers_file_is_reported(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="cannot be read"):
        import_numbers(settings, tmp_path / "nowhere.csv")


def test_import_is_refused_when_the_environment_takes_precedence(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEFARM_NUMBERS_FILE", "/elsewhere.csv")

    with pytest.raises(KnownError, match="PHONEFARM_NUMBERS_FILE"):
        import_numbers(settings, a_file(tmp_path, GOOD))


# Export of numbers --------------------------------------------------------------------------


async def test_exported_numbers_can_be_imported_again(database: Database, settings: Settings, tmp_path: Path) -> None:
    farm = StoredFarm(database)
    await farm.seat(a_seen_sim())
    out = tmp_path / "out.csv"

    assert export_numbers(settings, out) == f"1 SIM written to {out}."

    assert rows_of(out) == [
        {"iccid": ICCID, "msisdn": NUMBER, "country": "russia", "operator": "mts", "label": ""},
    ]


async def test_exported_numbers_name_the_sims_that_lack_one(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    farm = StoredFarm(database)
    await farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=None))
    await farm.seat(replace(a_seen_sim("stand-in", msisdn=OTHER_NUMBER), iccid=""), phone=OTHER_PHONE)
    out = tmp_path / "out.csv"

    said = export_numbers(settings, out)

    assert sorted(row["iccid"] for row in rows_of(out)) == sorted([ICCID, OTHER_ICCID])
    assert "2 SIMs written" in said
    assert "1 without a number" in said
    assert "1 SIM whose ICCID" in said


async def test_numbers_for_excel_are_texts_without_formulas_and_can_be_imported_again(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    farm = StoredFarm(database)
    await farm.inventory.use_numbers_file([NumberEntry(iccid=ICCID, msisdn=NUMBER, label=f"{FORMULA}\x07")])
    await farm.seat(a_seen_sim())
    out = tmp_path / "out.XLSX"

    assert export_numbers(settings, out) == f"1 SIM written to {out}."

    sheet = load_workbook(out).worksheets[0]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["iccid", "msisdn", "country", "operator", "label"],
        [ICCID, NUMBER, "russia", "mts", f"{FORMULA} "],
    ]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}
    assert [entry.msisdn for entry in read_entries(out).entries] == [NUMBER]


# Export of tables ---------------------------------------------------------------------------


async def a_busy_farm(database: Database) -> None:
    farm = StoredFarm(database)
    await farm.seat(a_seen_sim())
    await farm.rent()
    await farm.sms(body=FORMULA, sender="+79160000000")
    await farm.rentals.set_ban(SimId(ICCID), HOUR)
    await database.write(lambda uow: uow.phones.set_label(PHONE, "@shelf"))


@pytest.mark.parametrize("table", list(TableName))
async def test_every_table_is_written_whole_without_formulas(
    database: Database, settings: Settings, tmp_path: Path, table: TableName
) -> None:
    await a_busy_farm(database)
    out = tmp_path / "out.csv"

    assert export_table(settings, table.value, out) == f"1 row of {table.value} written to {out}."

    (row,) = rows_of(out)
    assert row
    assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())
    assert (FORMULA in out.read_text(encoding="utf-8")) is (table is TableName.MESSAGES)


async def test_message_comes_with_its_text_and_times(database: Database, settings: Settings, tmp_path: Path) -> None:
    await a_busy_farm(database)

    export_table(settings, "messages", tmp_path / "out.csv")

    (row,) = rows_of(tmp_path / "out.csv")
    assert (row["text"], row["sender"]) == (f"'{FORMULA}", "'+79160000000")
    assert (row["arrived_at"], row["standing"], row["msisdn"]) == (NOON.isoformat(), "for rent", NUMBER)


async def test_export_writes_while_the_farm_writes(database: Database, settings: Settings, tmp_path: Path) -> None:
    """The export reads on its own connection and does not wait for the writer."""
    await a_busy_farm(database)

    rows = await database.write(lambda uow: export_table(settings, "rents", tmp_path / "out.csv"))

    assert rows.startswith("1 row of rents")


def test_every_table_of_the_command_is_known() -> None:
    assert {table.value for table in TableName} == set(TABLES) - {"numbers"}


def test_farm_that_never_ran_has_nothing_to_export_and_gets_no_database(tmp_path: Path, settings: Settings) -> None:
    never_ran = settings.model_copy(update={"database_url": "", "data_dir": tmp_path / "never"})

    with pytest.raises(KnownError, match="no database"):
        export_table(never_ran, "rents", tmp_path / "out.csv")

    assert not (tmp_path / "never").exists()
    assert not (tmp_path / "out.csv").exists()


def test_file_that_is_no_database_is_reported_and_the_target_kept(tmp_path: Path, settings: Settings) -> None:
    broken = a_file(tmp_path, "no database" * 1000, "broken.db")
    out = a_file(tmp_path, "before", "out.csv")

    with pytest.raises(KnownError, match="cannot be read"):
        export_table(settings.model_copy(update={"database_url": f"sqlite:///{broken}"}), "rents", out)

    assert out.read_text(encoding="utf-8") == "before"


def test_target_that_cannot_be_written_is_reported(settings: Settings, tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "nowhere" / "out.csv"):
        with pytest.raises(KnownError):
            export_table(settings, "rents", target)


def test_export_over_a_held_file_leaves_it_unchanged(settings: Settings, tmp_path: Path, held: Holder) -> None:
    out = a_file(tmp_path, "before", "out.csv")
    held.hold(out)

    with pytest.raises(KnownError, match=r"out\.csv is held open by another program: close it there"):
        export_table(settings, "rents", out)

    assert out.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.glob(".out.csv.*")) == []


def test_import_over_a_held_file_waits_for_its_release_and_is_atomic(
    settings: Settings, tmp_path: Path, held: Holder
) -> None:
    import_numbers(settings, a_file(tmp_path, GOOD))
    kept = tmp_path / "numbers.csv"
    better = a_file(tmp_path, GOOD.replace("shelf 1", "shelf 2"), "better.csv")
    held.hold(kept)
    with pytest.raises(KnownError, match=r"numbers\.csv is held open"):
        import_numbers(settings, better)
    assert kept.read_text(encoding="utf-8") == GOOD
    assert not (tmp_path / "numbers.new").exists()

    held.let_go()
    held.hold(kept, pauses=2)
    import_numbers(settings, better)

    assert "shelf 2" in kept.read_text(encoding="utf-8")


def test_csv_begins_with_the_byte_order_mark_for_excel(settings: Settings, tmp_path: Path) -> None:
    """Without it, Excel in a Russian locale reads the file as code page 1251."""
    out = tmp_path / "rents.csv"
    export_table(settings, "rents", out)

    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert not out.read_bytes().startswith(b"\xef\xbb\xbf" * 2)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_exported_file_is_for_its_owner_only(settings: Settings, tmp_path: Path) -> None:
    export_table(settings, "messages", tmp_path / "out.csv")

    assert (tmp_path / "out.csv").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (5, "5"),
        (Decimal("320.5000"), "320.5"),
        (Decimal("100"), "100"),
        ("=1+1", "'=1+1"),
        ("+7", "'+7"),
        ("-1", "'-1"),
        ("@a", "'@a"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("a=b", "a=b"),
    ],
)
def test_cell_that_a_spreadsheet_would_execute_gets_an_apostrophe(value: object, text: str) -> None:
    assert cell(value) == text


async def test_exported_rents_say_how_many_messages_each_had(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    farm = StoredFarm(database)
    await farm.seat(a_seen_sim())
    first = await farm.rent()
    await farm.sms(row_id=1, body="one")
    await farm.sms(row_id=2, body="two")
    await farm.rentals.finish(first, FinishStatus.SOLD, None)
    second = await farm.rent()

    export_table(settings, "rents", tmp_path / "rents.csv")

    counted = {int(row["rent_id"]): int(row["sms_count"]) for row in rows_of(tmp_path / "rents.csv")}
    assert counted == {first: 2, second: 0}
