"""What goes into a farm and out of it as files: the numbers, and tables as CSV or XLSX that no spreadsheet executes."""

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
from phonefarm.runtime.parts import network_names, numbers_in, stored_table
from phonefarm.support.atomic_files import atomic_write
from phonefarm.support.csv_cells import ENCODING, text_of
from phonefarm.support.csv_cells import cell as cell
from phonefarm.support.leftovers import remove_stale
from phonefarm.support.os_errors import cause_of

NUMBERS_NAME = "numbers.csv"
DRAFT = ".phonefarm-draft"
NUMBER_COLUMNS = ("iccid", "msisdn", "country", "operator", "label")
EXCEL_ENDING = ".xlsx"


def import_numbers(settings: Settings, source: Path) -> str:
    """Keep the good lines of a numbers file in the data folder and use it; returns what to tell the user."""
    if own_environment().get(f"{PREFIX}NUMBERS_FILE"):
        raise KnownError(f"{PREFIX}NUMBERS_FILE in the environment wins over any import: unset it first.")
    entries, problems = _usable(numbers_in(source))
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
    said = f"{_counted(len(entries), 'number')} kept in {target}. {when}."
    return f"{said}\n{count_left_out(problems)}:{left_out}" if problems else said


def _usable(table: NumberTable) -> tuple[list[NumberEntry], list[LineProblem]]:
    """By what a line says of its own country; of the others the farm knows more when it has seen their SIMs."""
    names = network_names()
    foreign = {
        entry.line: str(objection)
        for entry in table.entries
        if (objection := names.objection(entry.msisdn, entry.country))
    }
    problems = [*table.problems, *(LineProblem(line=line, problem=problem) for line, problem in foreign.items())]
    return [entry for entry in table.entries if entry.line not in foreign], problems


def export_numbers(settings: Settings, target: Path) -> str:
    """Write every SIM on the books that has told its ICCID as a line of a numbers file, for Excel if so named."""
    with stored_table(settings, "numbers") as (columns, rows):
        found = [tuple(row) for row in rows]
    known = [row for row in found if row[0]]
    _write(target, columns, known)
    said = [f"{_counted(len(known), 'SIM')} written to {target}."]
    if without_number := sum(not row[1] for row in known):
        said.append(f"{without_number} without a number: fill it in before you import the file.")
    if without_iccid := len(found) - len(known):
        said.append(f"Left out: {_counted(without_iccid, 'SIM')} whose ICCID the phone does not tell.")
    return " ".join(said)


def export_table(settings: Settings, table: str, target: Path) -> str:
    """Write a whole table; the texts of messages are in `messages` alone."""
    with stored_table(settings, table) as (columns, rows):
        count = _write(target, columns, rows)
    return f"{_counted(count, 'row')} of {table} written to {target}."


def _write(target: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write the file whole or not at all, for its owner's eyes only; returns how many rows there were."""
    if target.exists() and not target.is_file():
        raise KnownError(f"{target} is no file that can be replaced: name another one.")
    try:
        remove_stale(target.parent, f".{escape(target.name)}.*{DRAFT}")
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=DRAFT)
        draft = Path(name)
        with atomic_write(target, draft):
            os.close(handle)
            write = _write_xlsx if target.suffix.lower() == EXCEL_ENDING else _write_csv
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
    """Every cell as text: no formula, no rounded ICCID."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("phonefarm")
    sheet.freeze_panes = "A2"
    for place in range(len(columns)):
        sheet.column_dimensions["ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place]].width = 24
    count = -1
    for row in chain([columns], rows):
        cells = []
        for value in row:
            made = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub(" ", text_of(value)))
            made.data_type = "s"  # openpyxl takes what begins with = for a formula
            made.number_format = "@"
            cells.append(made)
        sheet.append(cells)
        count += 1
    book.save(path)
    return count


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
