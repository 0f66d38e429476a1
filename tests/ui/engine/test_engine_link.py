"""The window and the engine's thread: calls, changes, and an engine that ends."""

from __future__ import annotations

import asyncio
import threading

import pytest

from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.read_models import KnownError, Overview, Topic
from tests.fakes.desk import FakeDesk, FakeEngine
from tests.ui.live import WindowRunner, until
from ui.engine.engine_link import EngineLink, Keys, merged
from ui.text.words import ENGINE_GONE


async def ask_overview(desk: FarmDesk) -> Overview:
    return await desk.overview()


def test_call_runs_on_the_engine_thread(runner: WindowRunner, desk: FakeDesk) -> None:
    threads: list[str] = []

    async def where(_: FarmDesk) -> str:
        threads.append(threading.current_thread().name)
        return "there"

    async def scenario() -> None:
        assert await EngineLink(engine).ask(where) == "there"

    with FakeEngine(desk) as engine:
        runner.run(scenario)

    assert threads == ["engine"]


def test_changes_are_emitted_on_the_window_thread(runner: WindowRunner, desk: FakeDesk) -> None:
    heard: list[tuple[str, dict[Topic, Keys]]] = []

    async def scenario() -> None:
        link = EngineLink(engine)
        link.changed.connect(lambda changes: heard.append((threading.current_thread().name, changes)))
        await link.open()
        engine.announce(Topic.SIMS, "1")
        await until(lambda: heard)
        link.close()

    with FakeEngine(desk) as engine:
        runner.run(scenario)

    assert heard == [("MainThread", {Topic.SIMS: frozenset({"1"})})]


def test_changes_are_coalesced_while_the_window_is_busy(runner: WindowRunner, desk: FakeDesk) -> None:
    heard: list[dict[Topic, Keys]] = []

    async def scenario() -> None:
        link = EngineLink(engine)
        link.changed.connect(heard.append)
        await link.open()
        announced = threading.Event()
        for key in range(1000):
            engine.announce(Topic.SIMS, str(key))
        engine.announce(Topic.RENTS)
        engine.loop.call_soon_threadsafe(announced.set)
        announced.wait(10)  # blocks the window's thread meanwhile
        await until(lambda: heard)
        link.close()

    with FakeEngine(desk) as engine:
        runner.run(scenario)

    assert heard == [{Topic.SIMS: frozenset(map(str, range(1000))), Topic.RENTS: None}]


def test_close_unsubscribes(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario() -> None:
        link = EngineLink(engine)
        await link.open()
        link.close()
        await until(lambda: not desk.listeners)

    with FakeEngine(desk) as engine:
        runner.run(scenario)


def test_errors_of_the_desk_are_passed_on(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.failure = KnownError("the number is rented")

    async def scenario() -> None:
        with pytest.raises(KnownError, match="the number is rented"):
            await EngineLink(engine).ask(ask_overview)

    with FakeEngine(desk) as engine:
        runner.run(scenario)


def test_call_to_a_stopped_engine_raises_a_known_error(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario() -> None:
        with pytest.raises(KnownError, match=ENGINE_GONE):
            await EngineLink(engine).ask(ask_overview)

    with FakeEngine(desk) as engine:
        engine.stop()
        runner.run(scenario)


def test_call_in_flight_fails_when_the_engine_ends(runner: WindowRunner, desk: FakeDesk) -> None:
    asked = threading.Event()

    async def hang(_: FarmDesk) -> None:
        asked.set()
        await asyncio.Event().wait()

    async def scenario() -> None:
        link = EngineLink(engine)
        question = asyncio.get_running_loop().create_task(link.ask(hang))
        await until(asked.is_set)
        await asyncio.get_running_loop().run_in_executor(None, engine.stop)

        link.fail_calls_if_engine_ended()

        with pytest.raises(KnownError, match=ENGINE_GONE):
            await question

    with FakeEngine(desk) as engine:
        runner.run(scenario)
        for task in asyncio.all_tasks(engine.loop):
            task.cancel()
        engine.loop.run_until_complete(asyncio.sleep(0))


def test_call_times_out_with_a_known_error(runner: WindowRunner, desk: FakeDesk) -> None:
    async def hang(_: FarmDesk) -> None:
        await asyncio.Event().wait()

    async def scenario() -> None:
        with pytest.raises(KnownError, match="has not answered"):
            await EngineLink(engine, timeout_seconds=0.05).ask(hang)

    with FakeEngine(desk) as engine:
        runner.run(scenario)


def test_any_row_absorbs_keys() -> None:
    some, any_of_them = {Topic.SIMS: frozenset({"1"})}, {Topic.SIMS: None}

    assert merged(some, {Topic.SIMS: frozenset({"2"})}) == {Topic.SIMS: frozenset({"1", "2"})}
    assert merged(some, any_of_them) == any_of_them
    assert merged(any_of_them, some) == any_of_them
    assert merged({}, some) == some
