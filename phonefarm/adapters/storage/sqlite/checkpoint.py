"""Moves what was committed from the write-ahead log into the database file, beside the writer."""

from __future__ import annotations

import sqlite3
import threading

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from phonefarm.adapters.storage.sqlite.prepared import driver_of
from phonefarm.adapters.storage.sqlite.read_only import BUSY_SECONDS

log = structlog.get_logger(__name__)

CHECKPOINT_SECONDS = 1.0
"""The pause between checkpoints."""
LONG_LOG_PAGES = 40_000
"""From this length on, checkpoints follow one another: what is left for the writer must not stop it for long."""
LONG_LOG_CHECKPOINT_SECONDS = 0.02
TRUNCATE_BUSY_MS = 100
"""How long a truncating checkpoint waits for readers and the writer, who wait for it meanwhile."""


class Checkpointer:
    """The thread that checkpoints after commits; it truncates the log while that may hold erased texts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = threading.Thread(target=self._run, name="storage-checkpoint", daemon=True)
        self._has_log = threading.Event()
        self._log_holds_erased = threading.Event()
        self._stopping = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def note_commit(self, *, has_erased: bool) -> None:
        """`has_erased`: the commit has erased texts, so the log may still hold them."""
        if has_erased:
            self._log_holds_erased.set()
        self._has_log.set()

    def stop(self) -> None:
        self._stopping.set()
        self._has_log.set()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def _run(self) -> None:
        pause = CHECKPOINT_SECONDS
        while self._has_log.wait() and not self._stopping.wait(pause):
            self._has_log.clear()
            pages = self._checkpoint()
            pause = LONG_LOG_CHECKPOINT_SECONDS if pages > LONG_LOG_PAGES else CHECKPOINT_SECONDS

    def _checkpoint(self) -> int:
        """Returns how many pages the log has."""
        is_truncating = self._log_holds_erased.is_set()
        try:
            was_busy, pages = self._ask_for_checkpoint(is_truncating)
        except (SQLAlchemyError, sqlite3.Error) as error:
            log.warning("the write-ahead log cannot be checkpointed now", cause=str(error))
            was_busy, pages = True, 0
        if is_truncating:
            if was_busy:
                self._has_log.set()  # readers or the writer were in its way: try again soon
            else:
                self._log_holds_erased.clear()
        return pages

    def _ask_for_checkpoint(self, is_truncating: bool) -> tuple[bool, int]:
        with self._engine.connect() as connection:
            driver = driver_of(connection)
            driver.execute(f"PRAGMA busy_timeout = {TRUNCATE_BUSY_MS if is_truncating else 0}")
            mode = "TRUNCATE" if is_truncating else "PASSIVE"
            ((was_busy, pages, _),) = driver.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
            driver.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        return bool(was_busy), int(pages)
