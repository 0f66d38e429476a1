"""Reads ICCID and number from content://telephony/siminfo, on phones that let the shell read it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phonefarm.adapters.adb.provider import AnswerRefused, build_query, split_rows
from phonefarm.adapters.adb.sms_query import bytes_of, text_of

LAST_SDK_WITH_ACCESS = 32
FIRST_SDK_WITH_SOURCES = 31
"""From Android 12 the sources of a number have columns of their own, but not in every build."""


@dataclass(frozen=True, kw_only=True)
class SiminfoRow:
    sub_id: int
    slot: int
    icc_id: str
    numbers: tuple[str, ...]
    """Candidates for the number, most trusted first; not validated."""


_COLUMNS = "_id:hex(sim_id) AS s:hex(icc_id) AS i:hex(number) AS n"
_SOURCES = "hex(phone_number_source_carrier) AS c:hex(phone_number_source_ims) AS m"
_URI = "content://telephony/siminfo"
QUERY = build_query(_URI, _COLUMNS)
QUERY_WITH_SOURCES = build_query(_URI, f"{_COLUMNS}:{_SOURCES}")
_HEX = r"[0-9A-F]*+"
_SLOT = re.compile(rb"-?[0-9]{1,9}")
_ROW = re.compile(
    rf"Row: ([0-9]{{1,6}}) _id=([0-9]{{1,9}}), s=({_HEX}), "
    rf"i=({_HEX}), n=({_HEX})(?:, c=({_HEX}), m=({_HEX}))?"
)


def siminfo_queries(sdk: int) -> tuple[str, ...]:
    """Queries to try until an answer is understood."""
    if sdk > LAST_SDK_WITH_ACCESS:
        return ()
    return (QUERY_WITH_SOURCES, QUERY) if sdk >= FIRST_SDK_WITH_SOURCES else (QUERY,)


def parse_siminfo(text: str) -> dict[int, SiminfoRow]:
    """Rows by subscription id; raises AnswerRefused unless every line has exactly the expected form."""
    rows: dict[int, SiminfoRow] = {}
    for place, line in enumerate(split_rows(text)):
        found = _ROW.fullmatch(line)
        if found is None or found[1] != str(place):
            raise AnswerRefused(f"siminfo line {place + 1} is not row {place}")
        row = SiminfoRow(
            sub_id=int(found[2]),
            slot=_slot(bytes_of(found[3])),
            icc_id=text_of(bytes_of(found[4])),
            numbers=tuple(text_of(bytes_of(number)) for number in found.group(5, 6, 7) if number),
        )
        rows[row.sub_id] = row
    return rows


def _slot(value: bytes) -> int:
    """-1 for a card in no slot, or a column without a number."""
    return int(value) if _SLOT.fullmatch(value) else -1
