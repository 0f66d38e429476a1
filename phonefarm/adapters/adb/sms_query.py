"""The inbox query: what is asked, and the strict reading of the answer; SMS texts travel as hex and meet no parser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from phonefarm.adapters.adb.provider import AnswerRefused, query, row_lines, without_noise
from phonefarm.application.interfaces import Probe
from phonefarm.domain.sms import SmsRow

INBOX = "content://sms/inbox"
_INT = r"-?[0-9]{1,19}"
_INT_OR_NULL = rf"(?:{_INT}|NULL)"
_PLACE, _LENGTH = "[0-9]{1,6}", "[0-9]{1,9}"
_HEX = r"(?:[0-9A-F]{2})*"


@dataclass(frozen=True, kw_only=True)
class RawRow:
    """An inbox row whose columns for the SIM are still as the vendor fills them."""

    row: SmsRow
    slot_value: int | None = None
    """What the vendor's own column says, where there is one."""


# The whole window in hex ----------------------------------------------------


def window_query(probe: Probe, *, newest: int, skip: int) -> str:
    columns = ["_id", "CAST(date AS TEXT) AS d", "CAST(date_sent AS TEXT) AS s", *_sim_columns(probe)]
    columns += ["length(CAST(body AS BLOB)) AS n", "hex(address) AS a", "hex(body) AS b"]
    return query(INBOX, ":".join(columns), sort=_newest_first(newest, skip))


def parse_window(text: str, probe: Probe) -> list[RawRow]:
    """All rows, newest row id first; AnswerRefused if any line is not exactly what was asked for."""
    form = re.compile(
        rf"Row: (?P<row>{_PLACE}) _id=(?P<id>{_INT}), d=(?P<d>{_INT_OR_NULL}), s=(?P<s>{_INT_OR_NULL})"
        rf"{_sim_form(probe)}, n=(?P<n>{_LENGTH}|NULL), a=(?P<a>{_HEX}), b=(?P<b>{_HEX})"
    )
    rows = [_hex_row(found, probe) for found in _matched(form, row_lines(text))]
    _check_order(rows)
    return rows


def _hex_row(found: re.Match[str], probe: Probe) -> RawRow:
    body = bytes.fromhex(found["b"])
    if len(body) != (0 if found["n"] == "NULL" else int(found["n"])):
        raise AnswerRefused("a text is not whole")
    return _raw_row(found, probe, sender=text_of(bytes.fromhex(found["a"])), body=text_of(body))


def text_of(data: bytes) -> str:
    """Text as Android stored it: UTF-8, or surrogates that a careless writer left in it; never an error."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        pairs = data.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
        return pairs.decode("utf-16-le", "replace")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


# One column at a time, for providers that take no hex() -----------------------


def numbers_query(probe: Probe, *, newest: int, skip: int) -> str:
    """Ids, times and SIM of the window: integers only, so a row is a line without hex, too."""
    times = ["CAST(date AS TEXT) AS d", "CAST(date_sent AS TEXT) AS s"] if probe.counts else ["date", "date_sent"]
    return query(INBOX, ":".join(["_id", *times, *_sim_columns(probe)]), sort=_newest_first(newest, skip))


def parse_numbers(text: str, probe: Probe) -> list[RawRow]:
    """Rows without texts."""
    date, sent = ("d", "s") if probe.counts else ("date", "date_sent")
    form = re.compile(
        rf"Row: (?P<row>{_PLACE}) _id=(?P<id>{_INT}), {date}=(?P<d>{_INT_OR_NULL}), {sent}=(?P<s>{_INT_OR_NULL})"
        rf"{_sim_form(probe)}"
    )
    rows = [_raw_row(found, probe, sender="", body="") for found in _matched(form, row_lines(text))]
    _check_order(rows)
    return rows


def column_query(column: str, row: SmsRow) -> str:
    """One column of one row: the only shape of a text that needs no delimiter.

    The date keeps a newer message out that has been given the same id in between.
    """
    return query(INBOX, column, where=f"_id={row.row_id} AND date={row.date_ms}")


def parse_column(text: str, column: str) -> str:
    """The value: all between `Row: 0 column=` and the last newline, whatever it holds."""
    start = f"Row: 0 {column}="
    answer = without_noise(text)
    if not answer.startswith(start) or not answer.endswith("\n"):
        raise AnswerRefused(f"no {column} in the answer")
    return answer[len(start) : -1]


@dataclass(frozen=True, kw_only=True)
class NewestText:
    """A text of what was the newest row when it was asked for."""

    row_id: int
    date_ms: int
    text: str = field(repr=False)


def newest_text_query(column: str, probe: Probe) -> str:
    """One row whose integers come first and whose one text comes last, so that it ends where the answer ends."""
    date = "CAST(date AS TEXT) AS d" if probe.counts else "date"
    return query(INBOX, f"_id:{date}:{column}", sort=_newest_first(1, 0))


def parse_newest_text(text: str, column: str, probe: Probe) -> NewestText:
    date = "d" if probe.counts else "date"
    answer = without_noise(text)
    start = re.match(rf"Row: 0 _id=({_INT}), {date}=({_INT}), {column}=", answer)
    if start is None or not answer.endswith("\n"):
        raise AnswerRefused(f"no {column} in the answer")
    value = answer[start.end() : -1]
    if _SECOND_ROW in value:  # a message's text, or a provider that does not know LIMIT
        raise AnswerRefused("more than one row in the answer")
    return NewestText(row_id=int(start[1]), date_ms=int(start[2]), text=value)


_SECOND_ROW = "\nRow: 1 _id="


# Proof of access ---------------------------------------------------------------


def proof_query(probe: Probe) -> str:
    """A query that answers one row whenever it really ran, even over an empty inbox."""
    if probe.counts:
        return query(INBOX, "count(*) AS c:max(_id) AS m")
    return query(INBOX, "_id", sort="_id DESC LIMIT 1")


_PROOF = re.compile(rf"Row: 0 c=({_LENGTH}), m={_INT_OR_NULL}")
_PLAIN_PROOF = re.compile(rf"Row: 0 _id={_INT}")


def parse_proof(text: str, probe: Probe) -> int | None:
    """How many messages the inbox holds (1 for 'some'); None where the phone keeps that to itself."""
    lines = row_lines(text)
    if not lines:
        return None
    found = (_PROOF if probe.counts else _PLAIN_PROOF).fullmatch(lines[0])
    if found is None or len(lines) != 1:
        raise AnswerRefused("the proof of access is not one row")
    return int(found[1]) if probe.counts else 1


# Shared -------------------------------------------------------------------------


def _newest_first(newest: int, skip: int) -> str:
    return f"_id DESC LIMIT {newest}" + (f" OFFSET {skip}" if skip else "")


def _sim_columns(probe: Probe) -> list[str]:
    return (["sub_id"] if probe.has_sub_id else []) + ([f"{probe.slot_column} AS v"] if probe.slot_column else [])


def _sim_form(probe: Probe) -> str:
    sub_id = rf", sub_id=(?P<sub>{_INT_OR_NULL})" if probe.has_sub_id else "(?P<sub>)"
    return sub_id + (rf", v=(?P<slot>{_INT_OR_NULL})" if probe.slot_column else "(?P<slot>)")


def _matched(form: re.Pattern[str], lines: Sequence[str]) -> list[re.Match[str]]:
    matches = []
    for number, line in enumerate(lines):
        found = form.fullmatch(line)
        if found is None or found["row"] != str(number):
            raise AnswerRefused(f"line {number + 1} of {len(lines)} is not row {number}")
        matches.append(found)
    return matches


def _raw_row(found: re.Match[str], probe: Probe, *, sender: str, body: str) -> RawRow:
    sub_id = _int(found["sub"])
    return RawRow(
        row=SmsRow(
            row_id=int(found["id"]),
            date_ms=_int(found["d"]) or 0,
            date_sent_ms=_int(found["s"]) or 0,
            sub_id=sub_id if sub_id is not None and sub_id >= 0 else None,
            sender=sender,
            body=body,
            sim_mark=_sim_mark(found, probe),
        ),
        slot_value=_int(found["slot"]),
    )


def _sim_mark(found: re.Match[str], probe: Probe) -> str:
    """The columns for the SIM as they stand, `sub_id=-1 sim_id=2`: what a user says of one such row holds for all."""
    said = [("sub_id", found["sub"] if probe.has_sub_id else ""), (probe.slot_column, found["slot"])]
    return " ".join(f"{column}={value}" for column, value in said if value)


def _int(text: str) -> int | None:
    return None if text in ("", "NULL") else int(text)


def _check_order(rows: Sequence[RawRow]) -> None:
    ids = [raw.row.row_id for raw in rows]
    if any(later >= earlier for earlier, later in pairwise(ids)):
        raise AnswerRefused("the rows are not in order")
