"""Reads whole tables from the database file, for an export. A farm may be running on it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, create_engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from phonefarm.adapters.storage.rent_records import SMS_OF_RENT
from phonefarm.adapters.storage.sqlite.database_file import database_path
from phonefarm.adapters.storage.sqlite.engine import cause_of
from phonefarm.adapters.storage.sqlite.read_only import opened_to_read
from phonefarm.adapters.storage.tables import numbers, phones, pushes, rents, sims, sms
from phonefarm.domain.errors import KnownError


def _columns(table: Table, names: str) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in names.split()]


_BANNED = sims.c.banned_until.is_not(None)
_LABEL = func.coalesce(
    select(numbers.c.label)
    .where(numbers.c.iccid == sims.c.iccid)
    .order_by(numbers.c.said_at.desc(), numbers.c.origin.desc())
    .limit(1)
    .scalar_subquery(),
    "",
).label("label")
_TEXT = sms.c.body.label("text")
TABLES: Mapping[str, Select[Any]] = {
    "phones": select(
        *_columns(phones, "phone_id serial server label make model android state detail state_since"),
        *_columns(phones, "last_read_at query_ms hints_working"),
    ).order_by(phones.c.phone_id),
    "sims": select(
        *_columns(sims, "sim_id iccid msisdn msisdn_source country operator phone_id slot slot_state seen_at"),
        *_columns(sims, "held_reason unused_in_a_row banned_until last_rented_at"),
    ).order_by(sims.c.sim_id),
    "rents": select(
        *_columns(rents, "rent_id msisdn sim_id phone_id country operator ordered_at answered"),
        SMS_OF_RENT,
        *_columns(rents, "accepted_sms finished_at finish_status expected credited credited_is_estimate reversed_at"),
    ).order_by(rents.c.rent_id),
    "messages": select(
        *_columns(sms, "sms_id rent_id msisdn sim_id phone_id sender"),
        _TEXT,
        *_columns(sms, "sent_at arrived_at standing"),
    ).order_by(sms.c.sms_id),
    "pushes": select(
        *_columns(pushes, "sms_id rent_id msisdn sender state attempts soft_refusals uncertain last_answer"),
        *_columns(pushes, "arrived_at created_at next_at ended_at"),
    ).order_by(pushes.c.sms_id),
    "bans": select(*_columns(sims, "sim_id iccid msisdn country operator banned_since banned_until banned_by_hand"))
    .where(_BANNED)
    .order_by(sims.c.banned_until),
    "numbers": select(*_columns(sims, "iccid msisdn country operator"), _LABEL).order_by(sims.c.iccid),
}


@contextmanager
def whole_table(database_url: str, name: str) -> Iterator[tuple[Sequence[str], Iterator[Sequence[Any]]]]:
    """The columns and the rows of one table; raises KnownError if there is no readable database."""
    path = database_path(database_url)
    if not path.is_file():
        raise KnownError(f"There is no database at {path} yet: phonefarm has not run on this data folder.")
    engine = create_engine("sqlite://", creator=lambda: opened_to_read(path), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield _rows(connection, TABLES[name])
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise KnownError(
            f"The database {path} cannot be read: {cause_of(error)}. "
            "If it is of an older phonefarm, start this one on it once; it is brought up to date."
        ) from error
    finally:
        engine.dispose()


def _rows(connection: Connection, query: Select[Any]) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
    result = connection.execute(query)
    return list(result.keys()), iter(result)
