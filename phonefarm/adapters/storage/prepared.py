"""Statements of the hot path: spelled as expressions, compiled once, run on the driver's own connection.

SQLAlchemy puts a statement together anew each time it runs, which costs more than SQLite takes to run it.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.expression import ClauseElement, ReturnsRows
from sqlalchemy.types import TypeEngine

_DIALECT = sqlite.dialect(paramstyle="named")

Row = Any
"""A named tuple with the columns of its statement."""


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's connection below, inside the same transaction."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


class Prepared:
    """One statement; values are given by the names of its parameters.

    Raises sqlite3.Error, which knows nothing of the values.
    """

    def __init__(self, statement: ClauseElement, columns: Collection[str] = ()) -> None:
        """`columns`: of an INSERT that spells no values, the columns that get one."""
        compiled = statement.compile(dialect=_DIALECT, column_keys=list(columns) or None)
        self._sql = str(compiled)
        names = compiled.params.keys()
        binds = {name: bound for bound, name in compiled.bind_names.items() if name in names}  # type: ignore[attr-defined]
        self._to_driver = {
            name: convert for name, bound in binds.items() if (convert := _to_driver(bound.type)) is not None
        }
        self._constants = self._converted({name: bound.value for name, bound in binds.items() if not bound.required})
        self._row = _row_maker(statement)

    def run(self, driver: sqlite3.Connection, **values: object) -> int:
        """Returns how many rows it changed."""
        return driver.execute(self._sql, self._ready(values)).rowcount

    def all(self, driver: sqlite3.Connection, **values: object) -> list[Row]:
        return [self._row(row) for row in driver.execute(self._sql, self._ready(values)).fetchall()]

    def first(self, driver: sqlite3.Connection, **values: object) -> Row | None:
        """The first row; a change that returns rows is made whole nevertheless."""
        rows = driver.execute(self._sql, self._ready(values)).fetchall()
        return self._row(rows[0]) if rows else None

    def each(self, driver: sqlite3.Connection, **values: object) -> Iterator[Row]:
        """Rows as they are found, for who may stop early."""
        with closing(driver.execute(self._sql, self._ready(values))) as cursor:
            for row in cursor:
                yield self._row(row)

    def _ready(self, values: Mapping[str, object]) -> dict[str, object]:
        return self._constants | self._converted(values)

    def _converted(self, values: Mapping[str, object]) -> dict[str, object]:
        converted = dict(values)
        for name, convert in self._to_driver.items():
            if name in converted:
                converted[name] = convert(converted[name])
        return converted


def _to_driver(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    return kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _row_maker(statement: ClauseElement) -> Callable[[tuple[Any, ...]], Row]:
    """What makes a named row of the driver's, in the columns' own types."""
    columns: Mapping[str, Any] = dict(statement.exported_columns.items()) if isinstance(statement, ReturnsRows) else {}
    named = namedtuple("named", columns.keys())  # type: ignore[misc]
    from_driver = [
        (place, convert)
        for place, column in enumerate(columns.values())
        if (convert := column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)) is not None
    ]

    def row_of(values: tuple[Any, ...]) -> Row:
        if not from_driver:
            return named._make(values)
        typed = list(values)
        for place, convert in from_driver:
            typed[place] = convert(typed[place])
        return named._make(typed)

    return row_of
