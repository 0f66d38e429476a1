"""A query that tests several capabilities of an SMS provider at once, and a strict parser for its one row."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from phonefarm.adapters.adb.provider import AnswerRefused, build_query, split_rows, strip_noise
from phonefarm.adapters.adb.sms_query import INBOX

SUB_ID, OTP_MARK = "sub_id", "contains_otp"
_STATED = f"sum({SUB_ID}=CAST({SUB_ID} AS INTEGER) AND {SUB_ID}>=0)"
"""How many rows have a subscription; counting ignores text in the column."""
_MISSING = re.compile(r"(?:no such column: (?:sms\.)?|Invalid column (?:count\()?)(\w{1,64})")
_SQL = re.compile(r"while compiling: .*")


@dataclass(frozen=True, kw_only=True)
class ProbeRequest:
    """Columns that the inbox may have, and whether to use hex()."""

    columns: tuple[str, ...]
    uses_hex: bool = True

    def without_column(self, name: str) -> ProbeRequest:
        return replace(self, columns=tuple(column for column in self.columns if column != name))

    def without_hex(self) -> ProbeRequest:
        return replace(self, uses_hex=False)

    def with_hex(self) -> ProbeRequest:
        return replace(self, uses_hex=True)


@dataclass(frozen=True, kw_only=True)
class ProbeRow:
    fills_sub_id: bool | None
    """Whether any row has its subscription; None if there is no row, or the column was not queried."""


def build_probe_query(request: ProbeRequest) -> str:
    """The query yields one row over the whole inbox, with integers and hex only, whatever the messages contain."""
    columns = ["count(*) AS c", "CAST(count(*) AS TEXT) AS t"]
    columns += ["hex(count(*)) AS h"] if request.uses_hex else []
    columns += [f"count({column}) AS c{place}" for place, column in enumerate(request.columns)]
    columns += [f"{_STATED} AS x"] if SUB_ID in request.columns else []
    return build_query(INBOX, ":".join(columns))


def parse_probe_row(text: str, request: ProbeRequest) -> ProbeRow | None:
    """None unless the answer is exactly the row that proves everything in `request`."""
    form = r"Row: 0 c=(?P<count>[0-9]{1,9}), t=(?P<text>[0-9]{1,9})"
    form += r", h=(?P<hex>[0-9A-F]{1,20})" if request.uses_hex else "(?P<hex>)"
    form += "".join(rf", c{place}=[0-9]{{1,9}}" for place in range(len(request.columns)))
    form += r", x=(?P<stated>[0-9]{1,9}|NULL)" if SUB_ID in request.columns else "(?P<stated>)"
    found = re.fullmatch(form, single_line(text))
    if found is None or found["text"] != found["count"]:
        return None
    if request.uses_hex and found["count"].encode().hex().upper() != found["hex"]:
        return None
    return ProbeRow(fills_sub_id=None if found["stated"] in ("", "NULL") else int(found["stated"]) > 0)


def refused_columns(error_text: str) -> frozenset[str]:
    """The missing columns that an error names."""
    return frozenset(_MISSING.findall(_without_sql(error_text)))


def refuses_hex(error_text: str) -> bool:
    return re.search(r"\bhex\b", _without_sql(error_text), re.IGNORECASE) is not None


def refuses_functions(error_text: str) -> bool:
    return re.search(r"\b(?:count|cast|sum)\b", _without_sql(error_text), re.IGNORECASE) is not None


def _without_sql(error_text: str) -> str:
    """SQLite's errors end with the whole query, which contains every name."""
    return _SQL.sub("", error_text)


def is_row(text: str, columns: str) -> bool:
    """Whether the answer is one row of this pattern."""
    return re.fullmatch(rf"Row: 0 {columns}", single_line(text)) is not None


def starts_row(text: str, column: str) -> bool:
    """Whether the answer is a row of this column, whatever its value."""
    return strip_noise(text).startswith(f"Row: 0 {column}=")


def single_line(text: str) -> str:
    try:
        lines = split_rows(text)
    except AnswerRefused:
        return ""
    return lines[0] if len(lines) == 1 else ""
