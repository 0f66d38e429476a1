"""ICCID and number from content://telephony/siminfo, where a phone lets the shell read it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phonefarm.adapters.adb.provider import AnswerRefused, query, row_lines
from phonefarm.adapters.adb.sms_query import text_of

LAST_SDK_THAT_SHOWS_IT = 32


@dataclass(frozen=True, kw_only=True)
class SiminfoRow:
    sub_id: int
    slot: int
    icc_id: str
    number: str


QUERY = query("content://telephony/siminfo", "_id:sim_id:hex(icc_id) AS i:hex(number) AS n")
_HEX = r"(?:[0-9A-F]{2})*"
_ROW = re.compile(rf"Row: (\d+) _id=(\d+), sim_id=(-?\d+|NULL), i=({_HEX}), n=({_HEX})")


def parse_siminfo(text: str) -> dict[int, SiminfoRow]:
    """Rows by subscription id; AnswerRefused if any line is not exactly what was asked for."""
    rows: dict[int, SiminfoRow] = {}
    for place, line in enumerate(row_lines(text)):
        found = _ROW.fullmatch(line)
        if found is None or int(found[1]) != place:
            raise AnswerRefused(f"siminfo line {place + 1} is not row {place}")
        row = SiminfoRow(
            sub_id=int(found[2]),
            slot=-1 if found[3] == "NULL" else int(found[3]),
            icc_id=text_of(bytes.fromhex(found[4])),
            number=text_of(bytes.fromhex(found[5])),
        )
        rows[row.sub_id] = row
    return rows
