"""Migrates a database to the newest schema."""

from __future__ import annotations

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, inspect, text

from phonefarm.domain.errors import KnownError

log = structlog.get_logger(__name__)

HEAD = "0012"


def bring_up_to_date(engine: Engine) -> None:
    """Create or migrate the schema; raises KnownError for a database written by a newer phonefarm."""
    with engine.connect() as connection:
        current = _current_revision(connection)
    if current == HEAD:
        return
    if current is not None and current > HEAD:
        raise KnownError(
            f"The database was written by a newer phonefarm (schema {current}, this one knows {HEAD}). "
            "Start the newer version, or point database_url at another file."
        )
    if current is not None:
        log.warning("the database is brought up to date: with years of history that takes minutes", schema=HEAD)
    _upgrade(engine)


def _current_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if revision is None else str(revision)


def _upgrade(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
