"""The storage port over one SQLite file: one writer thread, two readers, one thread for checkpoints."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar, cast

import structlog
from sqlalchemy.exc import SQLAlchemyError

from phonefarm.adapters.storage.sqlite.checkpoint import Checkpointer
from phonefarm.adapters.storage.sqlite.database_file import DatabaseFile, database_path
from phonefarm.adapters.storage.sqlite.engine import engine_for, storage_failing
from phonefarm.adapters.storage.sqlite.migrations import bring_up_to_date
from phonefarm.adapters.storage.sqlite.submitted_unit import SubmittedUnit
from phonefarm.adapters.storage.sqlite.write_health import WriteHealth
from phonefarm.adapters.storage.sqlite.writer import Writer, closed
from phonefarm.adapters.storage.views import SqlViews
from phonefarm.application.ports.storage import Result, StorageFailing, UnitOfWork
from phonefarm.application.ports.views import Views
from phonefarm.support.daemon_threads import DaemonPool

log = structlog.get_logger(__name__)

T = TypeVar("T")

READER_THREADS = 2
CLOSE_WITHIN_SECONDS = 2.0


class Database:
    """`open` and `close` block: call them outside the loop, or before it starts and after it has ended."""

    def __init__(self, url: str) -> None:
        self._engine = engine_for(url)
        self._file = DatabaseFile(database_path(url))
        self._checkpointer = Checkpointer(self._engine)
        self._health = WriteHealth()
        self._writer = Writer(self._engine, self._file, self._checkpointer, self._health, self._release)
        self._readers = DaemonPool(READER_THREADS, "storage-reader")
        self._is_open = False

    def open(self) -> None:
        """Create or migrate the schema and start the threads; raises KnownError if the file cannot be used."""
        self._file.hold()
        try:
            bring_up_to_date(self._engine)
        except (SQLAlchemyError, sqlite3.Error) as error:
            self._file.release()
            raise storage_failing(error) from error
        except BaseException:
            self._file.release()
            raise
        self._file.remember_identity()
        self._health.note_success()
        self._is_open = True
        self._writer.start()
        self._checkpointer.start()

    def close(self) -> None:
        """Commit what was submitted and release the file. A disk or a lock that hangs is given up after 2 s."""
        deadline = time.monotonic() + CLOSE_WITHIN_SECONDS
        self._checkpointer.stop()
        self._readers.shutdown(wait=False)
        has_ended = True
        if self._is_open:
            self._is_open = False
            self._writer.end()
            self._writer.join(_seconds_until(deadline))
            self._checkpointer.join(_seconds_until(deadline))
            has_ended = self._writer.give_up()
        if self._readers.join(_seconds_until(deadline)) and has_ended:
            self._release()
        else:
            log.error("the database does not answer and is left open", within=CLOSE_WITHIN_SECONDS)

    async def write(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        urgent: bool = False,
        on_done: Callable[[Result[T]], None] | None = None,
    ) -> T:
        """Run `work` in a transaction; its changes are on the disk when this returns, or none of them is."""
        loop = asyncio.get_running_loop()
        unit = SubmittedUnit(work, loop, loop.create_future(), on_done, urgent)
        try:
            if not self._is_open:
                raise closed()
            self._writer.submit(unit)
        except StorageFailing as error:
            unit.fail(error)
            unit.report()
        return cast(T, await unit.wait())

    async def read(self, query: Callable[[Views], T]) -> T:
        """Run `query` on a snapshot; readers never wait for the writer."""
        if not self._is_open:
            raise closed()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, query)

    def write_problem(self) -> str | None:
        return self._health.problem()

    def _read(self, query: Callable[[Views], T]) -> T:
        try:
            with self._engine.begin() as connection:
                return query(SqlViews(connection))
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise storage_failing(error) from error

    def _release(self) -> None:
        self._engine.dispose()
        self._file.release()


def _seconds_until(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
