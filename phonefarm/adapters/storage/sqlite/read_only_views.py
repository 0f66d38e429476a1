"""Views of a database file beside the program that writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from phonefarm.adapters.storage.sqlite.database_file import database_path
from phonefarm.adapters.storage.sqlite.engine import cause_of
from phonefarm.adapters.storage.sqlite.read_only import opened_to_read
from phonefarm.adapters.storage.views import SqlViews
from phonefarm.domain.errors import KnownError


@contextmanager
def read_only_views(database_url: str) -> Iterator[SqlViews]:
    """One snapshot of the database; raises KnownError where there is none that can be read."""
    path = database_path(database_url)
    if not path.is_file():
        raise KnownError(f"There is no database at {path} yet: phonefarm has not run on this data folder.")
    engine = create_engine("sqlite://", creator=lambda: opened_to_read(path), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            yield SqlViews(connection)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise KnownError(
            f"The database {path} cannot be read: {cause_of(error)}. "
            "If it is of an older phonefarm, start this one on it once; it is brought up to date."
        ) from error
    finally:
        engine.dispose()
