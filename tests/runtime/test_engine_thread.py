"""The engine's end: whatever hangs is left behind, and the data folder is held for as long as the engine lives."""

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
from pathlib import Path

import pytest

from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.config.own_environment import PREFIX
from phonefarm.config.settings import Settings, load_settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime import engine_thread
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.logs import SecretFilter

STOPPED_WITHIN = 5.0
MARGIN = 1.0
"""For a busy machine."""


@pytest.fixture
def settings(tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    return load_settings(
        data_dir=tmp_path / "farm",
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        adb_servers=f"127.0.0.1:{unused_tcp_port}",
        adb_path=str(tmp_path / "no adb here"),
    )


def an_engine(settings: Settings) -> EngineThread:
    return EngineThread(settings, SecretFilter(), MemoryStore("key"))


@pytest.fixture
def engine(settings: Settings) -> Iterator[EngineThread]:
    engine = an_engine(settings)
    engine.start()
    yield engine
    engine.stop()


def in_loop(engine: EngineThread, work: Callable[[], object]) -> None:
    engine.loop.call_soon_threadsafe(work)


def seconds_to_stop(engine: EngineThread) -> float:
    begun = time.monotonic()
    engine.stop()
    return time.monotonic() - begun


def test_task_that_will_not_end_is_left_behind(engine: EngineThread, settings: Settings) -> None:
    begun = threading.Event()

    async def stubborn() -> None:
        begun.set()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    tasks = []
    in_loop(engine, lambda: tasks.append(engine.loop.create_task(stubborn())))
    begun.wait(5)

    assert seconds_to_stop(engine) < STOPPED_WITHIN + MARGIN
    again = an_engine(settings)
    again.start()
    again.stop()


def test_helper_thread_that_hangs_is_left_behind(engine: EngineThread) -> None:
    begun, enough = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        enough.wait()

    in_loop(engine, lambda: engine.loop.run_in_executor(None, hang))
    begun.wait(5)
    try:
        assert seconds_to_stop(engine) < STOPPED_WITHIN + MARGIN
    finally:
        enough.set()


def test_python_searches_everything_for_garbage_rarely_while_much_comes_and_goes() -> None:
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


def test_locked_database_does_not_keep_the_engine_from_ending(engine: EngineThread, settings: Settings) -> None:
    begun, tasks = threading.Event(), []

    async def write() -> None:
        begun.set()
        await engine.desk.name_phone("no phone", "no name")

    with closing(sqlite3.connect(settings.data_dir / "phonefarm.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        in_loop(engine, lambda: tasks.append(engine.loop.create_task(write())))
        begun.wait(5)

        took = seconds_to_stop(engine)

        other.execute("ROLLBACK")
    assert took < STOPPED_WITHIN + MARGIN


def test_folder_is_held_until_the_engine_has_really_ended(
    engine: EngineThread, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_thread, "GIVE_UP_AFTER", 0.2)
    blocked, enough = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        enough.wait()

    in_loop(engine, block)
    blocked.wait(5)

    engine.stop()

    with pytest.raises(KnownError, match="Another phonefarm is running"):
        an_engine(settings).start()
    monkeypatch.undo()
    enough.set()
    engine.stop()
    again = an_engine(settings)
    again.start()
    again.stop()


@pytest.mark.skipif(os.name != "posix", reason="mode bits")
def test_folder_in_which_others_may_write_is_refused_and_left_as_it_is(settings: Settings) -> None:
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
