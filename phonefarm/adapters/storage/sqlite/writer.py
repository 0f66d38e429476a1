"""The one thread that writes: it runs units of work and commits those that wait together."""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from phonefarm.adapters.storage.sqlite.checkpoint import Checkpointer
from phonefarm.adapters.storage.sqlite.commit_queue import CommitQueue
from phonefarm.adapters.storage.sqlite.database_file import DatabaseFile
from phonefarm.adapters.storage.sqlite.engine import is_bug, storage_failing
from phonefarm.adapters.storage.sqlite.prepared import driver_of
from phonefarm.adapters.storage.sqlite.submitted_unit import SubmittedUnit, report_to_loops
from phonefarm.adapters.storage.sqlite.write_health import WriteHealth
from phonefarm.adapters.storage.unit_of_work import SqlUnitOfWork
from phonefarm.application.ports.storage import StorageFailing

MOST_UNITS_PER_COMMIT = 64
JOIN_SECONDS = 0.01
"""No further unit joins a commit that has been open for this long. Urgent work joins first, nothing else after it."""
URGENT_JOIN_SECONDS = 0.002
"""The same if the commit, or the one before it, is urgent: either may keep the other waiting."""
MOST_WAITING = 10_000
"""Units of work that may wait. If more are submitted, the disk has failed, and they are refused."""


@dataclass(frozen=True, kw_only=True)
class _WriteConnection:
    connection: Connection
    driver: sqlite3.Connection
    uow: SqlUnitOfWork


class Writer:
    """Invariant: every submitted unit of work is reported exactly once: committed, failed or refused.

    Commits alternate between urgent and normal work, so that a stream of orders starves neither readings nor pushes.
    """

    def __init__(
        self,
        engine: Engine,
        file: DatabaseFile,
        checkpointer: Checkpointer,
        health: WriteHealth,
        on_late_end: Callable[[], None],
    ) -> None:
        """`on_late_end` is called on the writer's thread when it ends after `stop` has given it up."""
        self._engine = engine
        self._file = file
        self._checkpointer = checkpointer
        self._health = health
        self._on_late_end = on_late_end
        self._thread = threading.Thread(target=self._run, name="storage-writer", daemon=True)
        self._queue: CommitQueue[SubmittedUnit] = CommitQueue(MOST_WAITING)
        self._opened: _WriteConnection | None = None
        self._is_ended = False
        """Whether the end of the queue was taken from it."""
        self._last_was_urgent = False
        """Whether the commit before was urgent."""
        self._is_given_up = False

    def start(self) -> None:
        self._thread.start()

    def submit(self, unit: SubmittedUnit) -> None:
        """Raises StorageFailing if too many wait."""
        try:
            self._queue.put(unit, urgent=unit.is_urgent)
        except queue.Full:
            raise StorageFailing("The database does not keep up: too much waits to be written.") from None

    def end(self) -> None:
        """Let the thread end once it has committed what waits."""
        self._queue.end()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def give_up(self) -> bool:
        """Refuse what still waits; returns whether the thread has ended. If not, a disk or a lock hangs."""
        self._is_given_up = self._thread.is_alive()
        while (unit := self._queue.pop()) is not None:
            unit.error = closed()
            report_to_loops([unit])
        if self._is_given_up:
            self._queue.end()  # the end may have been taken for a unit: when the disk answers, the thread must end
        return not self._is_given_up

    def _run(self) -> None:
        while not self._is_ended:
            unit = self._noted_end(self._queue.take(wait=True, normal_first=self._last_was_urgent))
            if unit is not None:
                self._commit(unit)
                self._last_was_urgent = unit.is_urgent
        if self._opened is not None:
            self._opened.connection.close()
        if self._is_given_up:
            self._on_late_end()

    # Which units share a commit ------------------------------------------------------

    def _take_next(self) -> SubmittedUnit | None:
        """The next unit; None if none waits."""
        try:
            return self._noted_end(self._queue.take(wait=False))
        except queue.Empty:
            return None

    def _take_to_join(self, last: SubmittedUnit) -> SubmittedUnit | None:
        """The next unit that may join the commit of `last`; None if none may.

        A commit that is urgent, or follows an urgent one, has units of one priority: none waits for the other kind.
        """
        if last.is_urgent or self._last_was_urgent:
            return self._queue.take_of_priority(urgent=last.is_urgent)
        return self._take_next()

    def _noted_end(self, unit: SubmittedUnit | None) -> SubmittedUnit | None:
        self._is_ended = unit is None
        return unit

    # One commit ----------------------------------------------------------------------

    def _commit(self, first: SubmittedUnit) -> None:
        """Run a unit of work and those that wait behind it in one transaction."""
        group = [first]
        self._health.note_begin()
        try:
            self._run_group(group, self._open())
        except (DatabaseError, sqlite3.Error) as error:
            for unit in group:
                unit.error = unit.error or storage_failing(error)
        except Exception as error:  # noqa: BLE001 - the writer continues, and every caller gets the error
            for unit in group:
                unit.error = unit.error or error
        problem = next((unit.error for unit in group if isinstance(unit.error, StorageFailing)), None)
        if problem is None:
            self._health.note_success()
        else:
            self._health.note_failure(str(problem))
        _report(group)

    def _open(self) -> _WriteConnection:
        if self._opened is None:
            connection = self._engine.connect().execution_options(begins_explicitly=True)
            # For good: else SQLAlchemy would roll the whole commit back for a value that it cannot bind.
            connection.begin()
            driver = driver_of(connection)
            # Keep what a savepoint may have to restore out of temporary files: one costs more than a unit's work.
            driver.execute("PRAGMA temp_store = MEMORY")
            self._opened = _WriteConnection(connection=connection, driver=driver, uow=SqlUnitOfWork(connection))
        return self._opened

    def _run_group(self, group: list[SubmittedUnit], writing: _WriteConnection) -> None:
        driver = writing.driver
        self._file.check_identity(driver)
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            while len(group) < MOST_UNITS_PER_COMMIT and (unit := self._take_next()) is not None:
                group.append(unit)  # they fail together, not each after a timeout of its own
            raise
        is_alternating = group[0].is_urgent or self._last_was_urgent
        until = time.monotonic() + (URGENT_JOIN_SECONDS if is_alternating else JOIN_SECONDS)
        try:
            _run_first(group[0], writing)
            while (
                len(group) < MOST_UNITS_PER_COMMIT
                and time.monotonic() < until
                and (unit := self._take_to_join(group[-1])) is not None
            ):
                group.append(unit)
                _run_in_savepoint(unit, writing)
            _make_durable(driver)
            self._checkpointer.note_commit(has_erased=writing.uow.privacy.has_erased)
            writing.uow.privacy.has_erased = False
        except BaseException:
            writing.uow.note_rollback()
            raise
        finally:
            if driver.in_transaction:
                driver.execute("ROLLBACK")


def closed() -> StorageFailing:
    return StorageFailing("The database is closed: phonefarm is stopping.")


def _report(group: list[SubmittedUnit]) -> None:
    report_to_loops(group)


def _make_durable(driver: sqlite3.Connection) -> None:
    driver.execute("COMMIT")


def _run_first(unit: SubmittedUnit, writing: _WriteConnection) -> None:
    """Run the unit that begins a transaction. Mostly it is alone in it and needs no savepoint."""
    if not _has_run(unit, writing):
        writing.driver.execute("ROLLBACK")
        writing.uow.note_rollback()
        writing.driver.execute("BEGIN IMMEDIATE")


def _run_in_savepoint(unit: SubmittedUnit, writing: _WriteConnection) -> None:
    """Run one more unit in the transaction; if it fails, only its own changes are rolled back."""
    writing.driver.execute("SAVEPOINT unit")
    if not _has_run(unit, writing):
        writing.driver.execute("ROLLBACK TO unit")
        writing.uow.note_rollback()
    writing.driver.execute("RELEASE unit")


def _has_run(unit: SubmittedUnit, writing: _WriteConnection) -> bool:
    """Run it; false if it failed. Raises the error if that has rolled the whole transaction back."""
    try:
        unit.result = unit.work(writing.uow)
    except Exception as error:
        unit.error = error if is_bug(error) else storage_failing(error)
        if isinstance(error, StopIteration):  # a future does not accept it
            unit.error = RuntimeError("a unit of work stopped an iteration that was not its own")
            unit.error.__cause__ = error
        if not writing.driver.in_transaction:
            raise
        return False
    return True
