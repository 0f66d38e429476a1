"""The database on its own threads: one writer that groups commits, two readers; plain functions in, results out."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError, SQLAlchemyError

from phonefarm.adapters.storage.database_file import DatabaseFile
from phonefarm.adapters.storage.migrations import bring_up_to_date
from phonefarm.adapters.storage.prepared import driver_of
from phonefarm.adapters.storage.read_only import BUSY_SECONDS
from phonefarm.adapters.storage.unit_of_work import SqlUnitOfWork
from phonefarm.adapters.storage.views import SqlViews
from phonefarm.adapters.storage.waiting_line import WaitingLine
from phonefarm.application.ports.storage import Result, StorageFailing, UnitOfWork
from phonefarm.application.ports.views import Views
from phonefarm.domain.errors import KnownError
from phonefarm.support.daemon_threads import DaemonPool

log = structlog.get_logger(__name__)

T = TypeVar("T")

GROUP = 64
"""At most so many units of work share one commit."""
GROUP_SECONDS = 0.01
"""No further unit joins a commit under way for so long. Urgent work joins first, and nothing else after it."""
TURN_SECONDS = 0.002
"""So long where the commit, or the one before, is of urgent work: either may be waiting for the other."""
WAITING = 10_000
"""At most so many units of work wait; more means that the disk has failed, and the callers are told."""
READERS = 2
SLOW_COMMIT_SECONDS = 3.0
"""A commit that takes longer waits for a lock or a disk: an order would wait for its end and for one of its own."""
STALE_WRITE_SECONDS = 20.0
"""Without a commit for so long, though the pulse writes every 5 s, writing does not work."""
CLOSE_WITHIN = 2.0
CHECKPOINT_EVERY = 1.0
"""So often what was committed moves from the log into the database, beside the writer and not in its way."""
LONGEST_LOG = 50_000
"""Pages of the log from which on the writer moves what is left of them itself, so that the log begins anew.

Where commits pause, it does so without that; under a stream of them there is always one that is not moved yet.
"""
LONG_LOG = 40_000
"""From so many on they are moved all the time: what is left for the writer must not stop it for long."""
LONG_LOG_EVERY = 0.02
TRUNCATE_BUSY_MS = 100
"""So long an emptying of the log waits for readers and the writer, who wait for it meanwhile."""

_OUR_MISTAKES = (
    IntegrityError,
    DataError,
    ProgrammingError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
)
"""Errors of the database that no disk and no permission has caused: bugs."""


@dataclass
class _Job:
    """A submitted unit of work: set by the writer's thread, reported on the caller's loop."""

    work: Callable[[UnitOfWork], Any]
    loop: asyncio.AbstractEventLoop
    waiting: asyncio.Future[Any]
    on_done: Callable[[Result[Any]], None] | None
    is_urgent: bool
    result: Any = None
    error: BaseException | None = None

    def report(self) -> None:
        """Call `on_done`, then let the caller resume. Runs on the caller's loop."""
        if self.on_done is not None:
            try:
                self.on_done(self._outcome)
            except Exception as error:
                log.error("a bug in phonefarm", exc_info=error)
        if self.waiting.done():  # the caller was cancelled
            if self.error is not None:
                _log_bug(self.error)
        elif self.error is not None:
            self.waiting.set_exception(self.error)
        else:
            self.waiting.set_result(self.result)

    def _outcome(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


@dataclass(frozen=True, kw_only=True)
class _Writing:
    """The writer's connection, and what works on it."""

    connection: Connection
    driver: sqlite3.Connection
    uow: SqlUnitOfWork


@dataclass(frozen=True, kw_only=True)
class _Writes:
    """How the last commits went, on the monotonic clock; the writer's thread replaces it whole."""

    succeeded_at: float
    begun_at: float | None = None
    """Of a commit under way."""
    problem: str | None = None
    """Why the last one failed."""
    took: float = 0.0
    """How long the last one took that succeeded."""


class Database:
    """Storage over SQLAlchemy; `open` and `close` block, so they are called outside the loop or at its ends."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = _engine_for(url)
        self._file = DatabaseFile(Path(str(make_url(url).database)).resolve())
        self._writing: _Writing | None = None
        self._jobs: WaitingLine[_Job] = WaitingLine(WAITING)
        self._at_end = False
        self._is_usuals_turn = False
        """Whether the commit before was for orders."""
        self._writer = threading.Thread(target=self._write_forever, name="storage-writer", daemon=True)
        self._checkpoints = threading.Thread(target=self._checkpoint_forever, name="storage-checkpoint", daemon=True)
        self._has_log = threading.Event()
        self._log_holds_erased = threading.Event()
        """Whether texts that were erased may still stand in the log."""
        self._closing = threading.Event()
        self._readers = DaemonPool(READERS, "storage-reader")
        self._opened = False
        self._left = False
        self._writes = _Writes(succeeded_at=time.monotonic())

    def open(self) -> None:
        """Create or migrate the schema and start the threads; raises KnownError if the file cannot be used."""
        self._file.hold()
        try:
            bring_up_to_date(self._engine)
        except (SQLAlchemyError, sqlite3.Error) as error:
            self._file.release()
            raise _failing(error) from error
        except BaseException:
            self._file.release()
            raise
        self._file.remember_identity()
        self._writes = _Writes(succeeded_at=time.monotonic())
        self._opened = True
        self._writer.start()
        self._checkpoints.start()

    def close(self) -> None:
        """Finish what was handed in, then let go of the file; a disk or a lock that hangs is left after a while."""
        deadline = time.monotonic() + CLOSE_WITHIN
        self._closing.set()
        self._has_log.set()
        self._readers.shutdown(wait=False)
        if self._opened:
            self._opened = False
            self._jobs.end()
            self._writer.join(max(0.0, deadline - time.monotonic()))
            self._checkpoints.join(max(0.0, deadline - time.monotonic()))
            self._left = self._writer.is_alive()
            self._refuse_the_rest()
            if self._left:
                self._jobs.end()  # its turn comes when the disk or the lock lets go
        if self._readers.join(max(0.0, deadline - time.monotonic())) and not self._left:
            self._engine.dispose()
            self._file.release()
        else:
            log.error("the database hangs and is left as it is", within=CLOSE_WITHIN)

    async def write(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        urgent: bool = False,
        on_done: Callable[[Result[T]], None] | None = None,
    ) -> T:
        """Run `work` in a transaction; its changes are on the disk when this returns, or none of them is."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()
        job = _Job(work, loop, waiting, on_done, urgent)
        self._submit(job)
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and (error := waiting.exception()) is not None:
                _log_bug(error)  # the caller was cancelled between the result and its resumption
            raise

    def _submit(self, job: _Job) -> None:
        try:
            if not self._opened:
                raise _closed()
            self._jobs.put(job, urgent=job.is_urgent)
        except StorageFailing as error:
            job.error = error
            job.report()
        except queue.Full:
            job.error = StorageFailing("The database does not keep up: too much waits to be written.")
            job.report()

    async def read(self, query: Callable[[Views], T]) -> T:
        """Run `query` on a snapshot; readers never wait for the writer."""
        if not self._opened:
            raise _closed()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, query)

    def write_problem(self) -> str | None:
        """Why a write begun now would not succeed soon: the last one failed, or none has succeeded for a while."""
        writes, now = self._writes, time.monotonic()
        if writes.problem is not None:
            return writes.problem
        under_way = 0.0 if writes.begun_at is None else now - writes.begun_at
        if max(under_way, writes.took) > SLOW_COMMIT_SECONDS:  # between slow ones an offer would come and go
            return "the database has not answered a write for seconds"
        if now - writes.succeeded_at > STALE_WRITE_SECONDS:
            return "nothing could be written to the database lately"
        return None

    def _read(self, query: Callable[[Views], T]) -> T:
        try:
            with self._engine.begin() as connection:
                return query(SqlViews(connection))
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise _failing(error) from error

    def _write_forever(self) -> None:
        while not self._at_end:
            if (job := self._taken(self._jobs.take(wait=True, usual_first=self._is_usuals_turn))) is not None:
                self._commit(job)
                self._is_usuals_turn = job.is_urgent
        if self._writing is not None:
            self._writing.connection.close()
        if self._left:
            self._engine.dispose()
            self._file.release()

    def _checkpoint_forever(self) -> None:
        pause = CHECKPOINT_EVERY
        while self._has_log.wait() and not self._closing.wait(pause):
            self._has_log.clear()
            mode = "TRUNCATE" if self._log_holds_erased.is_set() else "PASSIVE"
            try:
                with self._engine.connect() as connection:
                    driver = driver_of(connection)
                    driver.execute(f"PRAGMA busy_timeout = {TRUNCATE_BUSY_MS if mode == 'TRUNCATE' else 0}")
                    ((was_busy, pages, _),) = driver.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
                    driver.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
            except (SQLAlchemyError, sqlite3.Error) as error:
                log.warning("the database's log stays for now", cause=str(error))
                was_busy, pages = True, 0
            if mode == "TRUNCATE":
                if was_busy:
                    self._has_log.set()  # readers or the writer were in its way: again in a moment
                else:
                    self._log_holds_erased.clear()
            pause = LONG_LOG_EVERY if pages > LONG_LOG else CHECKPOINT_EVERY

    def _next(self) -> _Job | None:
        """What waits next, without waiting for it."""
        try:
            return self._taken(self._jobs.take(wait=False))
        except queue.Empty:
            return None

    def _next_to(self, job: _Job) -> _Job | None:
        """What may join the commit: who has a deadline does not wait for what has none.

        But a stream of orders must not keep readings and accepted pushes off the books: every second commit is theirs.
        """
        if job.is_urgent or self._is_usuals_turn:
            return self._jobs.take_another(urgent=job.is_urgent)
        return self._next()

    def _taken(self, job: _Job | None) -> _Job | None:
        self._at_end = job is None
        return job

    def _refuse_the_rest(self) -> None:
        """What slipped in behind the last one is answered too: nobody waits for ever."""
        while (job := self._jobs.pop()) is not None:
            job.error = _closed()
            _answer([job])

    def _commit(self, first: _Job) -> None:
        """Run a unit of work and those that wait behind it in one transaction."""
        group = [first]
        self._writes = replace(self._writes, begun_at=time.monotonic())
        try:
            self._run_together(group, self._opened_for_writing())
        except (DatabaseError, sqlite3.Error) as error:
            for job in group:
                job.error = job.error or _failing(error)
        except Exception as error:  # noqa: BLE001 - the writer lives on, and every caller hears of it
            for job in group:
                job.error = job.error or error
        self._note_writes(group)
        _answer(group)

    def _note_writes(self, group: list[_Job]) -> None:
        failed = next((job.error for job in group if isinstance(job.error, StorageFailing)), None)
        if failed is not None:
            self._writes = replace(self._writes, begun_at=None, problem=str(failed))
        else:
            now = time.monotonic()
            took = 0.0 if self._writes.begun_at is None else now - self._writes.begun_at
            self._writes = _Writes(succeeded_at=now, took=took)

    def _opened_for_writing(self) -> _Writing:
        if self._writing is None:
            connection = self._engine.connect().execution_options(begins_by_hand=True)
            # For good: else a value that SQLAlchemy cannot bind would make it undo what others have done before.
            connection.begin()
            driver = driver_of(connection)
            # What a savepoint may have to put back stays out of temporary files: one costs more than a commit's work.
            driver.execute("PRAGMA temp_store = MEMORY")
            self._writing = _Writing(connection=connection, driver=driver, uow=SqlUnitOfWork(connection))
        return self._writing

    def _run_together(self, group: list[_Job], writing: _Writing) -> None:
        driver = writing.driver
        self._file.check_identity(driver)
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            while len(group) < GROUP and (job := self._next()) is not None:
                group.append(job)  # they hear of it together, not each after its own wait
            raise
        is_in_turns = group[0].is_urgent or self._is_usuals_turn
        until = time.monotonic() + (TURN_SECONDS if is_in_turns else GROUP_SECONDS)
        try:
            _run_first(group[0], writing)
            while len(group) < GROUP and time.monotonic() < until and (job := self._next_to(group[-1])) is not None:
                group.append(job)
                _run_behind(job, writing)
            _make_durable(driver)
            if writing.uow.privacy.has_erased:
                writing.uow.privacy.has_erased = False
                self._log_holds_erased.set()
            self._has_log.set()
        except BaseException:
            writing.uow.undone()
            raise
        finally:
            if driver.in_transaction:
                driver.execute("ROLLBACK")


def _make_durable(driver: sqlite3.Connection) -> None:
    driver.execute("COMMIT")


def _run_first(job: _Job, writing: _Writing) -> None:
    """The unit of work that begins a transaction; mostly it is alone in it, and needs no savepoint."""
    if not _is_done(job, writing):
        writing.driver.execute("ROLLBACK")
        writing.uow.undone()
        writing.driver.execute("BEGIN IMMEDIATE")


def _run_behind(job: _Job, writing: _Writing) -> None:
    """One more unit of work in the transaction; its failure undoes itself alone."""
    writing.driver.execute("SAVEPOINT unit")
    if not _is_done(job, writing):
        writing.driver.execute("ROLLBACK TO unit")
        writing.uow.undone()
    writing.driver.execute("RELEASE unit")


def _is_done(job: _Job, writing: _Writing) -> bool:
    """Whether it has run to its end; raises what has undone the whole transaction."""
    try:
        job.result = job.work(writing.uow)
    except Exception as error:
        is_world = isinstance(error, DatabaseError | sqlite3.Error) and not isinstance(error, _OUR_MISTAKES)
        job.error = _failing(error) if is_world else error
        if isinstance(error, StopIteration):  # no future takes it
            job.error = RuntimeError("a unit of work stopped an iteration that was not its own")
            job.error.__cause__ = error
        if not writing.driver.in_transaction:
            raise
        return False
    return True


def _answer(group: list[_Job]) -> None:
    for loop in {id(job.loop): job.loop for job in group}.values():
        with suppress(RuntimeError):  # the caller's loop is closed: the commit stands, and nobody waits for its result
            loop.call_soon_threadsafe(_report_all, [job for job in group if job.loop is loop])


def _report_all(jobs: list[_Job]) -> None:
    for job in jobs:
        job.report()


def _log_bug(error: BaseException) -> None:
    """Log the error of a unit of work whose caller was cancelled, unless the world caused it."""
    if not isinstance(error, KnownError):
        log.error("a bug in phonefarm", task="unit of work", exc_info=error)


def _failing(error: BaseException) -> StorageFailing:
    cause = (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0]
    return StorageFailing(f"The database cannot be used: {cause}. Check the disk and the data folder's permissions.")


def _closed() -> StorageFailing:
    return StorageFailing("The database is closed: phonefarm is stopping.")


def _engine_for(url: str) -> Engine:
    engine = create_engine(
        make_url(url), hide_parameters=True, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy emits BEGIN itself, below
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # erased texts leave the file also where SQLite was built without it
            "cache_size=-20000",
            f"wal_autocheckpoint={LONGEST_LOG}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("begins_by_hand", False):
            connection.exec_driver_sql("BEGIN")

    return engine
