"""Limits of introductions: on each hub and in all; phones with an open rent go first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from phonefarm.application.phones.introductions import Introductions


class Entrance:
    """Waiting phones, and phones that hold a slot."""

    def __init__(self, introductions: Introductions) -> None:
        self._introductions = introductions
        self._ends: dict[str, Callable[[], None]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def inside(self) -> list[str]:
        return list(self._ends)

    async def come(self, *names: str, hub: str = "", goes_first: bool = False) -> None:
        for name in names:
            self._tasks[name] = asyncio.create_task(self._enter(name, hub, goes_first))  # noqa: TID251
        await self.let_run()

    async def leave(self, *names: str) -> None:
        for name in names:
            self._ends.pop(name)()
        await self.let_run()

    async def give_up(self, name: str) -> None:
        self._tasks[name].cancel()
        await self.let_run()

    async def let_run(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _enter(self, name: str, hub: str, goes_first: bool) -> None:
        self._ends[name] = await self._introductions.begin(hub, goes_first=goes_first)


async def test_full_hub_does_not_block_other_hubs() -> None:
    door = Entrance(Introductions(on_one_hub=2, in_all=10))

    await door.come("a1", "a2", "a3", hub="1-1")
    await door.come("b1", hub="2-1")

    assert door.inside == ["a1", "a2", "b1"]
    await door.leave("a1")
    assert door.inside == ["a2", "b1", "a3"]


async def test_phones_on_no_known_hub_have_only_the_limit_in_all() -> None:
    door = Entrance(Introductions(on_one_hub=1, in_all=3))

    await door.come("a", "b", "c", "d")

    assert door.inside == ["a", "b", "c"]


async def test_phone_with_an_open_rent_goes_before_earlier_ones() -> None:
    door = Entrance(Introductions(on_one_hub=1, in_all=1))
    await door.come("now", "early")

    await door.come("rented", goes_first=True)
    await door.leave("now")

    assert door.inside == ["rented"]


async def test_releasing_a_slot_twice_frees_one_slot() -> None:
    introductions = Introductions(on_one_hub=1, in_all=1)
    end = await introductions.begin("", goes_first=False)
    end()
    end()
    door = Entrance(introductions)

    await door.come("a", "b")

    assert door.inside == ["a"]


@pytest.mark.parametrize("gone", ["waits", "was let in"])
async def test_cancelled_waiter_leaves_its_slot_to_the_next(gone: str) -> None:
    introductions = Introductions(on_one_hub=1, in_all=1)
    end = await introductions.begin("", goes_first=False)
    gives_up = asyncio.create_task(introductions.begin("", goes_first=False))  # noqa: TID251
    await asyncio.sleep(0)
    if gone == "was let in":
        end()
        gives_up.cancel()  # its slot is granted, and it has not run since
    else:
        gives_up.cancel()
        await asyncio.wait((gives_up,))
        end()
    door = Entrance(introductions)

    await door.come("next")

    assert gives_up.cancelled()
    assert door.inside == ["next"]


async def test_slots_released_at_once_are_not_granted_to_cancelled_waiters() -> None:
    introductions = Introductions(on_one_hub=16, in_all=1)
    end = await introductions.begin("", goes_first=False)
    waiting = [asyncio.create_task(introductions.begin("", goes_first=False)) for _ in range(3)]  # noqa: TID251
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()

    end()  # before any of them has run again

    await asyncio.wait(waiting)
    assert all(task.cancelled() for task in waiting)
    (await introductions.begin("", goes_first=False))()
