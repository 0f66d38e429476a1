"""Imports and exports numbers, and exports tables as CSV or XLSX without executable cells."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from glob import escape
from itertools import chain
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from phonefarm.application.ports.records.numbers import LineProblem, NumberEntry, NumberTable
from phonefarm.application.sims.number_lines import count_left_out, describe_problems
from phonefarm.config.own_environment import PREFIX, own_environment
from phonefarm.config.settings import Settings, settings_file, write_settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.command_adapters import network_names, numbers_in, stored_table
from phonefarm.support.atomic_files import atomic_write
from phonefarm.support.csv_cells import ENCODING, text_of
from phonefarm.support.csv_cells import cell as cell
from phonefarm.support.leftovers import remove_stale
from phonefarm.support.os_errors import cause_of

NUMBERS_NAME = "numbers.csv"
DRAFT_SUFFIX = ".phonefarm-draft"
NUMBER_COLUMNS = ("iccid", "msisdn", "country", "operator", "label")
EXCEL_SUFFIX = ".xlsx"


def import_numbers(settings: Settings, source: Path) -> str:
    """Copy the valid lines of a numbers file to the data folder and use them; returns the report for the user."""
    if own_environment().get(f"{PREFIX}NUMBERS_FILE"):
        raise KnownError(f"{PREFIX}NUMBERS_FILE in the environment wins over any import: unset it first.")
    entries, problems = _split_valid(numbers_in(source))
    left_out = "".join(f"\n{source.name}, {line}." for line in describe_problems(problems))
    if not entries:
        raise KnownError(
            f"{source} holds no numbers{' that can be used' * bool(problems)}: nothing was changed.{left_out}"
        )
    target = settings.data_dir.resolve() / NUMBERS_NAME
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.resolve() != target:
            draft = target.with_suffix(".new")
            with atomic_write(target, draft):
                if problems or zipfile.is_zipfile(source):
                    _write_csv(draft, NUMBER_COLUMNS, ([getattr(e, name) for name in NUMBER_COLUMNS] for e in entries))
                else:
                    shutil.copyfile(source, draft)
        was_in_use = settings.numbers_file == str(target)
        if not was_in_use:
            write_settings(settings_file(settings), {"numbers_file": str(target)})
    except OSError as error:
        raise KnownError(f"The data folder {target.parent} cannot be written: {cause_of(error)}.") from error
    when = "A running phonefarm reads it now" if was_in_use else "Restart phonefarm for it to take effect"
    report = f"{_counted(len(entries), 'number')} kept in {target}. {when}."
    return f"{report}\n{count_left_out(problems)}:{left_out}" if problems else report


def _split_valid(table: NumberTable) -> tuple[list[NumberEntry], list[LineProblem]]:
    """Valid entries and problems; a line without a country is checked later, when the farm has seen its SIM."""
    names = network_names()
    foreign = {
        entry.line: str(objection)
        for entry in table.entries
        if (objection := names.objection(entry.msisdn, entry.country))
    }
    problems = [*table.problems, *(LineProblem(line=line, problem=problem) for line, problem in foreign.items())]
    return [entry for entry in table.entries if entry.line not in foreign], problems


def export_numbers(settings: Settings, target: Path) -> str:
    """Write all stored SIMs with a known ICCID as a numbers file, in XLSX if the name ends so."""
    with stored_table(settings, "numbers") as (columns, rows):
        found = [tuple(row) for row in rows]
    with_iccid = [row for row in found if row[0]]
    _write_table(target, columns, with_iccid)
    report = [f"{_counted(len(with_iccid), 'SIM')} written to {target}."]
    if without_number := sum(not row[1] for row in with_iccid):
        report.append(f"{without_number} without a number: fill it in before you import the file.")
    if without_iccid := len(found) - len(with_iccid):
        report.append(f"Left out: {_counted(without_iccid, 'SIM')} whose ICCID the phone does not tell.")
    return " ".join(report)


def export_table(settings: Settings, table: str, target: Path) -> str:
    """Write a table; only `messages` contains the texts of messages."""
    with stored_table(settings, table) as (columns, rows):
        count = _write_table(target, columns, rows)
    return f"{_counted(count, 'row')} of {table} written to {target}."


def _write_table(target: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write the file atomically, readable by its owner only; returns the number of rows."""
    if target.exists() and not target.is_file():
        raise KnownError(f"{target} is not a regular file: name another one.")
    try:
        remove_stale(target.parent, f".{escape(target.name)}.*{DRAFT_SUFFIX}")
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=DRAFT_SUFFIX)
        draft = Path(name)
        with atomic_write(target, draft):
            os.close(handle)
            write = _write_xlsx if target.suffix.lower() == EXCEL_SUFFIX else _write_csv
            count = write(draft, columns, rows)
    except OSError as error:
        raise KnownError(f"{target} cannot be written: {cause_of(error)}.") from error
    return count


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    count = 0
    with path.open("w", encoding=ENCODING, errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([cell(value) for value in row])
            count += 1
    return count


def _write_xlsx(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write all cells as text, so that there are no formulas and no rounded ICCIDs."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("phonefarm")
    sheet.freeze_panes = "A2"
    for place in range(len(columns)):
        sheet.column_dimensions["ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place]].width = 24
    count = -1
    for row in chain([columns], rows):
        cells = []
        for value in row:
            text_cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub(" ", text_of(value)))
            text_cell.data_type = "s"  # else openpyxl makes a formula of a text that begins with =
            text_cell.number_format = "@"
            cells.append(text_cell)
        sheet.append(cells)
        count += 1
    book.save(path)
    return count


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
