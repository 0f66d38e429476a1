"""Stop of the engine: hanging tasks and threads are abandoned, the data folder is locked until the end."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime import engine_thread
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.logs import SecretFilter

STOP_LIMIT_SECONDS = 5.0
MARGIN_SECONDS = 1.0
"""Allowance for a busy machine."""


def an_engine(settings: Settings) -> EngineThread:
    return EngineThread(settings, SecretFilter(), MemoryStore("key"))


@pytest.fixture
def engine(settings: Settings) -> Iterator[EngineThread]:
    engine = an_engine(settings)
    engine.start()
    yield engine
    engine.stop()


def call_on_loop(engine: EngineThread, work: Callable[[], object]) -> None:
    engine.loop.call_soon_threadsafe(work)


def seconds_to_stop(engine: EngineThread) -> float:
    started = time.monotonic()
    engine.stop()
    return time.monotonic() - started


def test_task_that_ignores_cancellation_is_abandoned(engine: EngineThread, settings: Settings) -> None:
    started = threading.Event()

    async def stubborn() -> None:
        started.set()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    tasks = []
    call_on_loop(engine, lambda: tasks.append(engine.loop.create_task(stubborn())))
    started.wait(5)

    assert seconds_to_stop(engine) < STOP_LIMIT_SECONDS + MARGIN_SECONDS
    again = an_engine(settings)
    again.start()
    again.stop()


def test_helper_thread_that_hangs_is_abandoned(engine: EngineThread) -> None:
    started, release = threading.Event(), threading.Event()

    def hang() -> None:
        started.set()
        release.wait()

    call_on_loop(engine, lambda: engine.loop.run_in_executor(None, hang))
    started.wait(5)
    try:
        assert seconds_to_stop(engine) < STOP_LIMIT_SECONDS + MARGIN_SECONDS
    finally:
        release.set()


def test_full_garbage_collections_are_rare_under_load() -> None:
    program = """
import gc
from phonefarm.runtime.engine_thread import tune_interpreter_for_latency
tune_interpreter_for_latency()
before = [each["collections"] for each in gc.get_stats()]
kept = []
for _ in range(400_000):
    kept.append([])
    if len(kept) == 10_000:
        kept.clear()
print(*(after["collections"] - was for after, was in zip(gc.get_stats(), before)))
"""

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    young, middle, whole = map(int, ran.stdout.split())
    assert young > middle > 20
    assert whole == 0


def test_locked_database_does_not_delay_the_stop(engine: EngineThread, settings: Settings) -> None:
    started, tasks = threading.Event(), []

    async def write() -> None:
        started.set()
        await engine.desk.name_phone("no phone", "no name")

    with closing(sqlite3.connect(settings.data_dir / "phonefarm.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        call_on_loop(engine, lambda: tasks.append(engine.loop.create_task(write())))
        started.wait(5)

        took = seconds_to_stop(engine)

        other.execute("ROLLBACK")
    assert took < STOP_LIMIT_SECONDS + MARGIN_SECONDS


def test_data_folder_is_locked_until_the_engine_has_ended(
    engine: EngineThread, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_thread, "GIVE_UP_SECONDS", 0.2)
    blocked, release = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        release.wait()

    call_on_loop(engine, block)
    blocked.wait(5)

    engine.stop()

    with pytest.raises(KnownError, match="Another phonefarm is running"):
        an_engine(settings).start()
    monkeypatch.undo()
    release.set()
    engine.stop()
    again = an_engine(settings)
    again.start()
    again.stop()


@pytest.mark.skipif(os.name != "posix", reason="mode bits")
def test_folder_that_others_may_write_is_refused_and_unchanged(settings: Settings) -> None:
    settings.data_dir.mkdir()
    settings.data_dir.chmod(0o1777)
    before = settings.data_dir.stat().st_mode

    with pytest.raises(KnownError, match="can be written by others"):
        an_engine(settings).start()

    assert settings.data_dir.stat().st_mode == before
    assert list(settings.data_dir.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="mode bits")
def test_folder_of_the_user_keeps_its_mode_and_our_files_are_private(settings: Settings) -> None:
    settings.data_dir.mkdir()
    settings.data_dir.chmod(0o755)
    engine = an_engine(settings)

    engine.start()
    engine.stop()

    assert settings.data_dir.stat().st_mode & 0o777 == 0o755
    ours = [path for path in settings.data_dir.rglob("*") if path.is_file()]
    assert {path.name: path.stat().st_mode & 0o077 for path in ours} == dict.fromkeys((path.name for path in ours), 0)
