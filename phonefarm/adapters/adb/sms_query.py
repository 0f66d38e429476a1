"""Queries of the inbox and strict parsers for their answers; SMS texts are transferred as hex and never parsed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from phonefarm.adapters.adb.provider import AnswerRefused, build_query, split_rows, strip_noise
from phonefarm.application.ports.world import Probe
from phonefarm.domain.sms import SmsRow

INBOX = "content://sms/inbox"
_INT = r"-?[0-9]{1,19}"
_INT_OR_NULL = rf"(?:{_INT}|NULL)"
_PLACE, _LENGTH = "[0-9]{1,6}", "[0-9]{1,9}"
_HEX = r"[0-9A-F]*+"
_ANYTHING = r"[^\n]{0,200}?"
"""An integer column of a provider without functions: a restored backup may have left any text in it."""
_LARGEST_INT = 2**63
MAX_ROW_CHARS = 2 * 1024 * 1024 + 4096
"""Android transfers rows in windows of 2 MiB, so no row is longer."""


@dataclass(frozen=True, kw_only=True)
class RawRow:
    """An inbox row with the SIM columns as the vendor fills them."""

    row: SmsRow
    slot_value: int | None = None
    """The value of the vendor's own column, if there is one."""


# The whole window in hex ----------------------------------------------------


def window_query(probe: Probe, *, newest: int, skip: int) -> str:
    columns = ["_id", *(f"hex({column}) AS {name}" for column, name in _numbers(probe))]
    columns += ["length(CAST(body AS BLOB)) AS n", "hex(address) AS a", "hex(body) AS b"]
    return build_query(INBOX, ":".join(columns), sort=_newest_first(newest, skip))


def parse_window(text: str, probe: Probe) -> list[RawRow]:
    """All rows, newest row id first; raises AnswerRefused unless every line has exactly the expected form."""
    numbers = "".join(rf", {name}=(?P<{name}>{_HEX})" for _, name in _numbers(probe))
    form = re.compile(
        rf"Row: (?P<row>{_PLACE}) _id=(?P<id>{_INT}){numbers}, n=(?P<n>{_LENGTH}|NULL)"
        rf", a=(?P<a>{_HEX}), b=(?P<b>{_HEX})"
    )
    rows = [_hex_row(found, probe) for found in _matched(form, split_rows(text))]
    _check_order(rows)
    return rows


def _hex_row(found: re.Match[str], probe: Probe) -> RawRow:
    body = bytes_of(found["b"])
    if len(body) != (0 if found["n"] == "NULL" else int(found["n"])):
        raise AnswerRefused("a text is not whole")
    values = {name: bytes_of(found[name]).decode("ascii", "replace") for _, name in _numbers(probe)}
    return _raw_row(found, values, probe, sender=text_of(bytes_of(found["a"])), body=text_of(body))


def bytes_of(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise AnswerRefused("a text is not whole") from error


def text_of(data: bytes) -> str:
    """Text as Android stored it: UTF-8, possibly with surrogates (CESU-8); never raises."""
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
    """Ids, times and SIM of the window: only integers, so that a row is one line even without hex."""
    columns = [_integer(column, name) if probe.counts else column for column, name in _numbers(probe)]
    return build_query(INBOX, ":".join(["_id", *columns]), sort=_newest_first(newest, skip))


def _integer(column: str, name: str) -> str:
    """NULL unless it is an integer; as text, since old phones truncate integers to 32 bits."""
    integer = f"CAST({column} AS INTEGER)"
    return f"CASE WHEN {column}={integer} THEN CAST({integer} AS TEXT) END AS {name}"


def parse_numbers(text: str, probe: Probe) -> list[RawRow]:
    """Rows without texts."""
    value = _INT_OR_NULL if probe.counts else _ANYTHING
    numbers = "".join(rf", {name if probe.counts else column}=(?P<{name}>{value})" for column, name in _numbers(probe))
    form = re.compile(rf"Row: (?P<row>{_PLACE}) _id=(?P<id>{_INT}){numbers}")
    names = [name for _, name in _numbers(probe)]
    rows = [
        _raw_row(found, {name: found[name] for name in names}, probe, sender="", body="")
        for found in _matched(form, split_rows(text))
    ]
    _check_order(rows)
    return rows


def column_query(column: str, row: SmsRow) -> str:
    """One column of one row: the only shape of a text that needs no delimiter.

    The date keeps a newer message out that has been given the same id in between.
    """
    undated = "(ifnull(date, 0)=0 OR date<>CAST(date AS INTEGER))"
    return build_query(INBOX, column, where=f"_id={row.row_id} AND {f'date={row.date_ms}' if row.date_ms else undated}")


def parse_column(text: str, column: str) -> str:
    """The value: all between `Row: 0 column=` and the last newline, whatever it contains."""
    start = f"Row: 0 {column}="
    answer = strip_noise(text)
    if not answer.startswith(start) or not answer.endswith("\n"):
        raise AnswerRefused(f"no {column} in the answer")
    return answer[len(start) : -1]


@dataclass(frozen=True, kw_only=True)
class NewestText:
    """A text of the row that was the newest at the time of the query."""

    row_id: int
    date_ms: int
    text: str = field(repr=False)


def newest_text_query(column: str, probe: Probe) -> str:
    """One row with its integers first and its only text last, so that the text ends where the answer ends."""
    date = _integer("date", "d") if probe.counts else "date"
    return build_query(INBOX, f"_id:{date}:{column}", sort=_newest_first(1, 0))


def parse_newest_text(text: str, column: str, probe: Probe) -> NewestText:
    date = "d" if probe.counts else "date"
    answer = strip_noise(text)
    start = re.match(rf"Row: 0 _id=({_INT}), {date}=({_INT}), {column}=", answer)
    if start is None or not answer.endswith("\n"):
        raise AnswerRefused(f"no {column} in the answer")
    value = answer[start.end() : -1]
    if _SECOND_ROW in value:  # in the message's text, or from a provider that ignores LIMIT
        raise AnswerRefused("more than one row in the answer")
    return NewestText(row_id=int(start[1]), date_ms=int(start[2]), text=value)


_SECOND_ROW = "\nRow: 1 _id="


# Proof of access ---------------------------------------------------------------


def proof_query(probe: Probe) -> str:
    """A query that yields one row if it is permitted, even on an empty inbox (if the provider counts)."""
    if probe.counts:
        return build_query(INBOX, "count(*) AS c:max(_id) AS m")
    return build_query(INBOX, "_id", sort="_id DESC LIMIT 1")


_PROOF = re.compile(rf"Row: 0 c=({_LENGTH}), m={_INT_OR_NULL}")
_PLAIN_PROOF = re.compile(rf"Row: 0 _id={_INT}")


def parse_proof(text: str, probe: Probe) -> int | None:
    """The number of messages in the inbox (1 for "some"); None if the phone withholds it."""
    lines = split_rows(text)
    if not lines:
        return None
    found = (_PROOF if probe.counts else _PLAIN_PROOF).fullmatch(lines[0])
    if found is None or len(lines) != 1:
        raise AnswerRefused("the proof of access is not one row")
    return int(found[1]) if probe.counts else 1


# Shared -------------------------------------------------------------------------


def _newest_first(newest: int, skip: int) -> str:
    return f"_id DESC LIMIT {newest}" + (f" OFFSET {skip}" if skip else "")


def _numbers(probe: Probe) -> list[tuple[str, str]]:
    """The integer columns and their aliases in the query."""
    columns = [("date", "d"), ("date_sent", "s")]
    columns += [("sub_id", "u")] if probe.has_sub_id else []
    return columns + ([(probe.slot_column, "v")] if probe.slot_column else [])


def _matched(form: re.Pattern[str], lines: Sequence[str]) -> list[re.Match[str]]:
    matches = []
    for number, line in enumerate(lines):
        found = form.fullmatch(line) if len(line) <= MAX_ROW_CHARS else None
        if found is None or found["row"] != str(number):
            raise AnswerRefused(f"line {number + 1} of {len(lines)} is not row {number}")
        matches.append(found)
    return matches


def _raw_row(found: re.Match[str], values: Mapping[str, str], probe: Probe, *, sender: str, body: str) -> RawRow:
    """`values`: the integer columns as text; anything but an integer counts as missing."""
    numbers = {name: _int(value) for name, value in values.items()}
    sub_id = numbers.get("u")
    return RawRow(
        row=SmsRow(
            row_id=int(found["id"]),
            date_ms=numbers["d"] or 0,
            date_sent_ms=numbers["s"] or 0,
            sub_id=sub_id if sub_id is not None and sub_id >= 0 else None,
            sender=sender,
            body=body,
            sim_mark=_sim_mark(numbers, probe),
        ),
        slot_value=numbers.get("v"),
    )


def _sim_mark(numbers: Mapping[str, int | None], probe: Probe) -> str:
    """The SIM columns as text, `sub_id=-1 sim_id=2`: the user's assignment of one such row applies to all of them."""
    columns = [(column, numbers[name]) for column, name in _numbers(probe) if name in "uv"]
    return " ".join(f"{column}={'NULL' if value is None else value}" for column, value in columns)


def _int(text: str) -> int | None:
    if not _INTEGER.fullmatch(text):
        return None
    value = int(text)
    return value if -_LARGEST_INT <= value < _LARGEST_INT else None


_INTEGER = re.compile(_INT)


def _check_order(rows: Sequence[RawRow]) -> None:
    ids = [raw.row.row_id for raw in rows]
    if any(later >= earlier for earlier, later in pairwise(ids)):
        raise AnswerRefused("the rows are not in order")
