"""Statements of the hot path: spelled as expressions, compiled once, run on the driver's own connection.

SQLAlchemy puts a statement together anew each time it runs, which costs more than SQLite takes to run it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Boolean, Connection, LargeBinary, Select, Table, cast, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement, ReturnsRows
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

from phonefarm.adapters.storage.columns import Instant

_DIALECT = sqlite.dialect(paramstyle="qmark")
_quoted = _DIALECT.identifier_preparer.quote

T = TypeVar("T")

LARGEST_PORTION = 32

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
        assert isinstance(compiled, SQLCompiler)
        assert compiled.positiontup is not None
        self._sql = str(compiled)
        binds = {name: bound for bound, name in compiled.bind_names.items()}
        given = [name for name in compiled.positiontup if binds[name].required]
        self._conversions = [
            (name, convert) for name in dict.fromkeys(given) if (convert := _to_driver(binds[name].type)) is not None
        ]
        self._constants = {
            name: _spelled(binds[name]) for name in dict.fromkeys(compiled.positiontup) if not binds[name].required
        }
        self._in_order = _values_at(compiled.positiontup)
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

    def _ready(self, values: dict[str, object]) -> tuple[object, ...]:
        """In the order of the statement: for each name that the driver looks up, it lets other threads go first."""
        for name, convert in self._conversions:
            values[name] = convert(values[name])
        return self._in_order(self._constants | values if self._constants else values)


class PreparedPage:
    """A SELECT of numbers and texts whose rows come together, packed as JSON into one.

    After each row the driver lets other threads go first, and each of them keeps the writer waiting. Packed as bytes:
    of a text that cannot be read, the driver's error would quote the page.
    """

    def __init__(self, statement: Select[Any]) -> None:
        rows = statement.subquery("rows")
        packed = func.json_group_array(func.json_array(*rows.c))
        self._all = Prepared(select(cast(packed, LargeBinary).label("packed")))
        self._row = _row_maker(statement)

    def all(self, driver: sqlite3.Connection, **values: object) -> list[Row]:
        (page,) = self._all.all(driver, **values)
        return [self._row(row) for row in json.loads(page.packed.decode("utf-8", "replace"))]


class PreparedInsert:
    """Many rows in few statements: after each one the interpreter may be another thread's for a while."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        """`columns`: those that get a value."""
        names = ", ".join(_quoted(table.c[name].name) for name in columns)
        self._begin = f"INSERT INTO {_quoted(table.name)} ({names})"
        self._columns = columns
        self._conversions = [
            (place, convert)
            for place, name in enumerate(columns)
            if (convert := _to_driver(table.c[name].type)) is not None
        ]
        self._sql: dict[int, str] = {}

    def run(self, driver: sqlite3.Connection, rows: Sequence[Sequence[object]]) -> None:
        """Each row has its values in the order of the columns."""
        width = len(self._columns)
        for some in in_portions(rows):
            values: list[Any] = list(chain.from_iterable(some))
            for place, convert in self._conversions:
                for at in range(place, len(values), width):
                    values[at] = convert(values[at])
            driver.execute(self._sql_for(len(some)), values)

    def _sql_for(self, number: int) -> str:
        sql = self._sql.get(number)
        if sql is None:
            row = f"({', '.join('?' * len(self._columns))})"
            sql = self._sql[number] = f"{self._begin} VALUES {', '.join([row] * number)}"
        return sql


def defaults_of(table: Table) -> dict[str, object]:
    """What SQLAlchemy would put into columns that an INSERT does not name: a prepared one has to be given it."""
    return {
        column.name: column.default.arg for column in table.c if isinstance(column.default, ScalarElementColumnDefault)
    }


def in_portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Of sizes that are few, so that there is one statement for each: 32, 16, 8, 4, 2, 1."""
    begin, end = 0, len(items)
    while begin < end:
        size = min(LARGEST_PORTION, 1 << (end - begin).bit_length() - 1)
        yield items[begin : begin + size]
        begin += size


def _values_at(names: Sequence[str]) -> Callable[[Mapping[str, object]], tuple[object, ...]]:
    """What puts a statement's values in their order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple(values[name] for name in names)


def _to_driver(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """Without what SQLAlchemy wraps around each value, which costs more than the value."""
    match kind:
        case Instant():
            return kind.to_driver
        case Boolean():
            return None  # the driver takes True and False as they are
    return kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _from_driver(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    if isinstance(kind, Instant):
        return kind.from_driver
    return kind.dialect_impl(_DIALECT).result_processor(_DIALECT, None)


def _spelled(bound: BindParameter[Any]) -> object:
    """A constant as the driver takes it."""
    convert = _to_driver(bound.type)
    return bound.value if convert is None else convert(bound.value)


def _row_maker(statement: ClauseElement) -> Callable[[tuple[Any, ...]], Row]:
    """What makes a named row of the driver's, in the columns' own types."""
    columns: Mapping[str, Any] = dict(statement.exported_columns.items()) if isinstance(statement, ReturnsRows) else {}
    make: Callable[[Iterable[Any]], Row] = partial(tuple.__new__, namedtuple("named", columns.keys()))
    conversions = [
        (place, convert)
        for place, column in enumerate(columns.values())
        if (convert := _from_driver(column.type)) is not None
    ]
    if not conversions:
        return make

    def row_of(values: tuple[Any, ...]) -> Row:
        typed = list(values)
        for place, convert in conversions:
            typed[place] = convert(typed[place])
        return make(typed)

    return row_of
