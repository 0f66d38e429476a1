"""Prepared statements bind values by name and return rows in their own types."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import NamedTuple

import pytest
from sqlalchemy import BigInteger, Boolean, Column, MetaData, String, Table, bindparam, select, update

from phonefarm.adapters.storage.columns import Instant, microseconds_of
from phonefarm.adapters.storage.sqlite.prepared import PreparedBatch, PreparedChange, PreparedInsert, in_portions
from tests.builders import NOON

NOTES = Table(
    "notes",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("key", String),
    Column("is_read", Boolean, default=True),
    Column("at", Instant),
)


class _IdAndKey(NamedTuple):
    id: int
    key: str | None


class _Key(NamedTuple):
    key: str


class _IsReadAndAt(NamedTuple):
    is_read: bool
    at: datetime


@pytest.fixture
def driver() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute('CREATE TABLE notes (id INTEGER PRIMARY KEY, "key" TEXT, is_read INTEGER, at INTEGER)')
        yield connection


def test_values_go_into_the_named_columns_whatever_the_tables_sequence(driver: sqlite3.Connection) -> None:
    PreparedInsert(NOTES, ("at", "key", "id")).run(driver, [[NOON, "first", 1], [None, "second", 2]])

    assert driver.execute("SELECT * FROM notes").fetchall() == [
        (1, "first", None, microseconds_of(NOON)),
        (2, "second", None, None),
    ]


def test_value_is_used_for_every_parameter_of_its_name(driver: sqlite3.Connection) -> None:
    PreparedInsert(NOTES, ("id", "key")).run(driver, [[1, "one"], [2, "two"], [3, "three"]])
    number, key = bindparam("number", type_=BigInteger), bindparam("key_of_it", type_=String)
    renamed = PreparedChange(
        update(NOTES).where(NOTES.c.id == number, NOTES.c.key != key).values(key=key, is_read=True, at=NOON)
    )

    changed = [renamed.run(driver, key_of_it="second", number=2), renamed.run(driver, number=3, key_of_it="three")]

    assert changed == [1, 0]
    assert driver.execute("SELECT * FROM notes WHERE id = 2").fetchall() == [(2, "second", 1, microseconds_of(NOON))]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        'say "x" \\ /',
        "a\x00b\x01\x1f\x7f",
        "\u2028\u2029\ufeff\uffff",
        "\U0001f4a9 кириллица",
        "[1, null]",
    ],
)
def test_batch_returns_any_text_unchanged(driver: sqlite3.Connection, text: str) -> None:
    PreparedInsert(NOTES, ("id", "key")).run(driver, [[2**60, text], [1, None]])
    batch = PreparedBatch(_IdAndKey, select(NOTES.c.id, NOTES.c.key).order_by(NOTES.c.id.desc()))

    assert [tuple(row) for row in batch.all(driver)] == [(2**60, text), (1, None)]


def test_text_that_cannot_be_read_harms_no_other_of_its_batch(driver: sqlite3.Connection) -> None:
    driver.execute("INSERT INTO notes (id, \"key\") VALUES (1, 'good'), (2, CAST(X'61FF62' AS TEXT))")
    batch = PreparedBatch(_Key, select(NOTES.c.key).order_by(NOTES.c.id))

    assert [row.key for row in batch.all(driver)] == ["good", "a\ufffdb"]


def test_batch_may_be_empty_and_its_columns_have_their_own_types(driver: sqlite3.Connection) -> None:
    batch = PreparedBatch(
        _IsReadAndAt, select(NOTES.c.is_read, NOTES.c.at).where(NOTES.c.id > bindparam("last", type_=BigInteger))
    )
    PreparedInsert(NOTES, ("id", "is_read", "at")).run(driver, [[7, True, NOON]])

    assert [(row.is_read, row.at) for row in batch.all(driver, last=6)] == [(True, NOON)]
    assert batch.all(driver, last=7) == []


@pytest.mark.parametrize("number", [0, 1, 31, 32, 33, 64, 77])
def test_portions_cover_all_items_in_sequence_with_few_sizes(number: int) -> None:
    portions = list(in_portions(range(number)))

    assert [item for portion in portions for item in portion] == list(range(number))
    assert {len(portion) for portion in portions} <= {1, 2, 4, 8, 16, 32}
