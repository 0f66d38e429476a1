"""The query that proves several abilities of an SMS provider at once, and the strict reading of its one row."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from phonefarm.adapters.adb.provider import AnswerRefused, query, row_lines, without_noise
from phonefarm.adapters.adb.sms_query import INBOX

SUB_ID, OTP_MARK = "sub_id", "contains_otp"
_STATED = f"sum({SUB_ID}=CAST({SUB_ID} AS INTEGER) AND {SUB_ID}>=0)"
"""How many rows state a subscription: counted, so that a text in the column does no harm."""
_MISSING = re.compile(r"(?:no such column: (?:sms\.)?|Invalid column (?:count\()?)(\w{1,64})")
_SQL = re.compile(r"while compiling: .*")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Columns that may be there, and hex()."""

    columns: tuple[str, ...]
    hexes: bool = True

    def without_column(self, name: str) -> Wanted:
        return replace(self, columns=tuple(column for column in self.columns if column != name))

    def without_hex(self) -> Wanted:
        return replace(self, hexes=False)

    def with_hex(self) -> Wanted:
        return replace(self, hexes=True)


@dataclass(frozen=True, kw_only=True)
class Given:
    fills_sub_id: bool | None
    """Whether any row says its subscription; None where there is no row to tell, or it was not asked."""


def wanted_query(wanted: Wanted) -> str:
    """One row over the whole inbox, integers and hex only, whatever the messages say."""
    columns = ["count(*) AS c", "CAST(count(*) AS TEXT) AS t"]
    columns += ["hex(count(*)) AS h"] if wanted.hexes else []
    columns += [f"count({column}) AS c{place}" for place, column in enumerate(wanted.columns)]
    columns += [f"{_STATED} AS x"] if SUB_ID in wanted.columns else []
    return query(INBOX, ":".join(columns))


def parse_wanted(text: str, wanted: Wanted) -> Given | None:
    """None where the answer is not exactly the row that proves all of it."""
    form = r"Row: 0 c=(?P<count>[0-9]{1,9}), t=(?P<text>[0-9]{1,9})"
    form += r", h=(?P<hex>[0-9A-F]{1,20})" if wanted.hexes else "(?P<hex>)"
    form += "".join(rf", c{place}=[0-9]{{1,9}}" for place in range(len(wanted.columns)))
    form += r", x=(?P<stated>[0-9]{1,9}|NULL)" if SUB_ID in wanted.columns else "(?P<stated>)"
    found = re.fullmatch(form, only_line(text))
    if found is None or found["text"] != found["count"]:
        return None
    if wanted.hexes and found["count"].encode().hex().upper() != found["hex"]:
        return None
    return Given(fills_sub_id=None if found["stated"] in ("", "NULL") else int(found["stated"]) > 0)


def refused_columns(said: str) -> frozenset[str]:
    """The columns that a refusal names; empty where it names none."""
    return frozenset(_MISSING.findall(_without_sql(said)))


def refuses_hex(said: str) -> bool:
    return re.search(r"\bhex\b", _without_sql(said), re.IGNORECASE) is not None


def refuses_functions(said: str) -> bool:
    return re.search(r"\b(?:count|cast|sum)\b", _without_sql(said), re.IGNORECASE) is not None


def _without_sql(said: str) -> str:
    """Behind these words every refusal repeats the whole query, whatever it was about."""
    return _SQL.sub("", said)


def is_row(text: str, columns: str) -> bool:
    """Whether the answer is one row of this form."""
    return re.fullmatch(rf"Row: 0 {columns}", only_line(text)) is not None


def begins_a_row(text: str, column: str) -> bool:
    """Whether the answer is a row of this column, whatever stands in it."""
    return without_noise(text).startswith(f"Row: 0 {column}=")


def only_line(text: str) -> str:
    try:
        lines = row_lines(text)
    except AnswerRefused:
        return ""
    return lines[0] if len(lines) == 1 else ""
