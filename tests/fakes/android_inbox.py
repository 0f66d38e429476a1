"""An inbox in SQLite, printed without escaping like `content query`."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable

from phonefarm.domain.sms import SmsRow

_QUERY = re.compile(
    r"content query --uri content://sms/inbox --projection '(?P<projection>[^']*)'"
    r"(?: --where '(?P<where>[^']*)')?(?: --sort '(?P<sort>[^']*)')?"
)


class AndroidInbox:
    """Answers inbox queries; `columns` may lack sub_id or have a vendor's columns."""

    def __init__(self, rows: Iterable[SmsRow] = (), *, with_sub_id: bool = True, takes_hex: bool = True) -> None:
        self._takes_hex = takes_hex
        self.database = sqlite3.connect(":memory:")
        self.database.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        sub_id = ", sub_id INTEGER DEFAULT -1" if with_sub_id else ""
        self.database.execute(
            "CREATE TABLE sms "
            f"(_id INTEGER PRIMARY KEY, address TEXT, date INTEGER, date_sent INTEGER, body TEXT{sub_id})"
        )
        self._with_sub_id = with_sub_id
        for row in rows:
            self.add(row)

    def add(self, row: SmsRow) -> None:
        values: list[object] = [row.row_id, row.sender.encode(), row.date_ms, row.date_sent_ms, row.body.encode()]
        names = "_id, address, date, date_sent, body"
        casts = "?, CAST(? AS TEXT), ?, ?, CAST(? AS TEXT)"
        if self._with_sub_id:
            names, casts = f"{names}, sub_id", f"{casts}, ?"
            values.append(-1 if row.sub_id is None else row.sub_id)
        self.database.execute(f"INSERT INTO sms ({names}) VALUES ({casts})", values)

    def answer(self, command: str) -> str | tuple[str, str]:
        found = _QUERY.fullmatch(command)
        assert found is not None, command
        projection = found["projection"]
        if not self._takes_hex and "hex(" in projection:
            return "", f"java.lang.IllegalArgumentException: Invalid column {projection}\n"
        where = f" WHERE {found['where']}" if found["where"] else ""
        sort = f" ORDER BY {found['sort']}" if found["sort"] else ""
        try:
            cursor = self.database.execute(f"SELECT {projection.replace(':', ', ')} FROM sms{where}{sort}")
            rows = cursor.fetchall()
        except sqlite3.Error as error:
            return "", f"android.database.sqlite.SQLiteException: {error}\n\tat android.database\n"
        names = [column[0] for column in cursor.description]
        return printed([dict(zip(names, row, strict=True)) for row in rows])


def printed(rows: list[dict[str, object]]) -> str:
    """The command's output for these rows."""
    if not rows:
        return "No result found.\n"
    return "".join(
        f"Row: {number} " + ", ".join(f"{key}={_format_cell(value)}" for key, value in row.items()) + "\n"
        for number, row in enumerate(rows)
    )


def _format_cell(value: object) -> object:
    return "NULL" if value is None else "BLOB" if isinstance(value, bytes) else value
