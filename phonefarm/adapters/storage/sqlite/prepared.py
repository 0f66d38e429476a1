"""Statements of the hot path: written as SQLAlchemy expressions, compiled once, run on SQLite's own driver.

SQLAlchemy assembles a statement each time it runs, which costs more than SQLite takes to run it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar, cast

from sqlalchemy import (
    BindParameter,
    Boolean,
    Connection,
    LargeBinary,
    Select,
    String,
    Subquery,
    Table,
    bindparam,
    func,
    select,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement, ReturnsRows
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

from phonefarm.adapters.storage.columns import Instant

_DIALECT = sqlite.dialect(paramstyle="qmark")
_quoted = _DIALECT.identifier_preparer.quote

T = TypeVar("T")
Row = TypeVar("Row", bound=NamedTuple)

LARGEST_PORTION = 32

Driver = sqlite3.Connection
"""The connection below SQLAlchemy's, inside the same transaction."""


def driver_of(connection: Connection) -> Driver:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


class _Statement:
    """A compiled statement; values are given by the names of its parameters."""

    def __init__(self, statement: ClauseElement, columns: Collection[str] = ()) -> None:
        """`columns`: if an INSERT names no values, the columns that get one."""
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
            name: _constant(binds[name]) for name in dict.fromkeys(compiled.positiontup) if not binds[name].required
        }
        self._in_sequence = _picker_of(compiled.positiontup)

    def _execute(self, driver: Driver, values: dict[str, object]) -> sqlite3.Cursor:
        """Values go by position: for each name that the driver looked up, it would let other threads run first."""
        for name, convert in self._conversions:
            values[name] = convert(values[name])
        return driver.execute(self._sql, self._in_sequence(self._constants | values if self._constants else values))


class PreparedChange(_Statement):
    """A statement that returns no rows. Raises sqlite3.Error, whose message contains no value."""

    def run(self, driver: Driver, **values: object) -> int:
        """Returns how many rows it changed."""
        return self._execute(driver, values).rowcount


class Prepared(_Statement, Generic[Row]):
    """A statement that returns rows. Raises sqlite3.Error, whose message contains no value."""

    def __init__(self, row: type[Row], statement: ClauseElement) -> None:
        """`row`: its fields are the names of the statement's columns, in their sequence."""
        super().__init__(statement)
        self._row_of = _row_maker(row, statement)

    def all(self, driver: Driver, **values: object) -> list[Row]:
        return [self._row_of(row) for row in self._execute(driver, values).fetchall()]

    def first(self, driver: Driver, **values: object) -> Row | None:
        """The first row. A change that returns rows is completed nevertheless."""
        rows = self._execute(driver, values).fetchall()
        return self._row_of(rows[0]) if rows else None

    def each(self, driver: Driver, **values: object) -> Iterator[Row]:
        """Yields rows lazily."""
        with closing(self._execute(driver, values)) as cursor:
            for row in cursor:
                yield self._row_of(row)


class PreparedBatch(Generic[Row]):
    """A SELECT of numbers and texts whose rows come together, packed as JSON into one.

    After each row the driver lets other threads run, and each of them keeps the writer waiting. Packed as bytes: if a
    text cannot be decoded, the driver's error would quote the whole batch.
    """

    def __init__(self, row: type[Row], statement: Select[Any]) -> None:
        rows = statement.subquery("rows")
        packed = func.json_group_array(func.json_array(*rows.c))
        self._packed = Prepared(_Packed, select(sql_cast(packed, LargeBinary).label("packed")))
        self._row_of = _row_maker(row, statement)

    def all(self, driver: Driver, **values: object) -> list[Row]:
        (batch,) = self._packed.all(driver, **values)
        return [self._row_of(row) for row in json.loads(batch.packed.decode("utf-8", "replace"))]


class _Packed(NamedTuple):
    packed: bytes


class PreparedInsert:
    """Inserts many rows with few statements: after each statement the interpreter may go to another thread."""

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

    def run(self, driver: Driver, rows: Sequence[Sequence[object]]) -> None:
        """Each row has its values in the sequence of the columns."""
        width = len(self._columns)
        for portion in in_portions(rows):
            values: list[Any] = list(chain.from_iterable(portion))
            for place, convert in self._conversions:
                for at in range(place, len(values), width):
                    values[at] = convert(values[at])
            driver.execute(self._sql_for(len(portion)), values)

    def _sql_for(self, number: int) -> str:
        sql = self._sql.get(number)
        if sql is None:
            row = f"({', '.join('?' * len(self._columns))})"
            sql = self._sql[number] = f"{self._begin} VALUES {', '.join([row] * number)}"
        return sql


def values_in(name: str) -> Select[Any]:
    """The values of the list that the parameter `name` holds as JSON: for `IN`."""
    return select(func.json_each(bindparam(name, type_=String)).table_valued("value").c.value)


def pairs_in(name: str, first: str, second: str) -> Subquery:
    """The pairs of the list that the parameter `name` holds as JSON, as a table with these two columns."""
    pair = func.json_each(bindparam(name, type_=String)).table_valued("value").alias("pair")
    return select(
        func.json_extract(pair.c.value, "$[0]").label(first),
        func.json_extract(pair.c.value, "$[1]").label(second),
    ).subquery(name)


def defaults_of(table: Table) -> dict[str, object]:
    """What SQLAlchemy would put into columns that an INSERT does not name: a prepared one must be given it."""
    return {
        column.name: column.default.arg for column in table.c if isinstance(column.default, ScalarElementColumnDefault)
    }


def in_portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Portions of 32, 16, 8, 4, 2, 1 items: few sizes, so that there is one statement for each."""
    begin, end = 0, len(items)
    while begin < end:
        size = min(LARGEST_PORTION, 1 << (end - begin).bit_length() - 1)
        yield items[begin : begin + size]
        begin += size


def _picker_of(names: Sequence[str]) -> Callable[[Mapping[str, object]], tuple[object, ...]]:
    """Puts the values of these names into their sequence."""
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


def _constant(bound: BindParameter[Any]) -> object:
    """A constant as the driver takes it."""
    convert = _to_driver(bound.type)
    return bound.value if convert is None else convert(bound.value)


def _row_maker(row: type[Row], statement: ClauseElement) -> Callable[[Iterable[Any]], Row]:
    """Makes a row of what the driver returns, in the columns' own types."""
    assert isinstance(statement, ReturnsRows)
    columns = dict(statement.exported_columns.items())
    assert tuple(columns) == row._fields, f"{row.__name__} is no row of {', '.join(columns)}"
    make = cast(Callable[[Iterable[Any]], Row], partial(tuple.__new__, row))
    conversions = [
        (place, convert)
        for place, column in enumerate(columns.values())
        if (convert := _from_driver(column.type)) is not None
    ]
    if not conversions:
        return make

    def row_of(values: Iterable[Any]) -> Row:
        typed = list(values)
        for place, convert in conversions:
            typed[place] = convert(typed[place])
        return make(typed)

    return row_of
