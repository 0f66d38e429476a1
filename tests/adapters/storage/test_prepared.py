"""Rows go in under the columns that are named, in the order in which they are named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import BigInteger, Boolean, Column, MetaData, String, Table

from phonefarm.adapters.storage.columns import Instant, microseconds_of
from phonefarm.adapters.storage.prepared import PreparedInsert, in_portions
from tests.builders import NOON

NOTES = Table(
    "notes",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("key", String),
    Column("is_read", Boolean, default=True),
    Column("at", Instant),
)


@pytest.fixture
def driver() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute('CREATE TABLE notes (id INTEGER PRIMARY KEY, "key" TEXT, is_read INTEGER, at INTEGER)')
        yield connection


def test_values_go_where_they_are_named_whatever_the_tables_own_order_and_defaults(driver: sqlite3.Connection) -> None:
    PreparedInsert(NOTES, ("at", "key", "id")).run(driver, [[NOON, "first", 1], [None, "second", 2]])

    assert driver.execute("SELECT * FROM notes").fetchall() == [
        (1, "first", None, microseconds_of(NOON)),
        (2, "second", None, None),
    ]


@pytest.mark.parametrize("number", [0, 1, 31, 32, 33, 64, 77])
def test_portions_are_all_of_it_in_order_and_of_few_sizes(number: int) -> None:
    portions = list(in_portions(range(number)))

    assert [item for portion in portions for item in portion] == list(range(number))
    assert {len(portion) for portion in portions} <= {1, 2, 4, 8, 16, 32}
