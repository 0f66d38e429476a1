"""What became of the answer to an order: only one that left whole makes the rent known to the market."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from phonefarm.adapters.onlinesim.answer_watch import ISSUED, AnswerWatch
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.domain.ids import RentId


class Call:
    """One order whose answer leaves, or does not."""

    def __init__(self, *, issued: int | None = 10_001, fails: bool = False, breaks: bool = False) -> None:
        self.scope: dict[str, Any] = {"type": "http"}
        self.notes: list[tuple[str, RentId]] = []
        self._issued = issued
        self._fails = fails
        self._breaks = breaks

    async def run(self, *, left: bool = False, hung_up: bool = False) -> list[tuple[str, RentId]]:
        watch = AnswerWatch(
            self._app,
            answered=lambda rent_id: self._note("answered", rent_id),
            lost=lambda rent_id: self._note("lost", rent_id),
            given_up=lambda rent_id: self._note("given up", rent_id),
            has_left=lambda scope: scope is self.scope and left,
            has_hung_up=lambda scope: scope is self.scope and hung_up,
        )
        await watch(self.scope, self._never, self._never)
        return self.notes

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        if self._issued is not None:
            scope[ISSUED] = RentId(self._issued)
        if self._breaks:
            raise ConnectionResetError

    async def _never(self, *_: Any) -> Any:
        raise AssertionError("the watch has nothing to say in it")

    async def _note(self, what: str, rent_id: RentId) -> None:
        await asyncio.sleep(0)
        if self._fails:
            raise StorageFailing("disk full")
        self.notes.append((what, rent_id))


async def test_answer_that_left_whole_is_noted() -> None:
    assert await Call().run(left=True) == [("answered", 10_001)]


async def test_answer_that_left_counts_whatever_becomes_of_its_caller() -> None:
    assert await Call().run(left=True, hung_up=True) == [("answered", 10_001)]


async def test_answer_that_did_not_leave_is_lost() -> None:
    assert await Call().run() == [("lost", 10_001)]


async def test_caller_who_had_gone_never_heard_of_the_rent() -> None:
    assert await Call().run(hung_up=True) == [("given up", 10_001)]


async def test_connection_that_breaks_while_answering_leaves_the_rent_unanswered() -> None:
    call = Call(breaks=True)

    with pytest.raises(ConnectionResetError):
        await call.run()

    assert call.notes == [("lost", 10_001)]


async def test_call_that_issued_nothing_is_not_noted() -> None:
    assert await Call(issued=None).run(left=True) == []


@pytest.mark.parametrize("left", [True, False])
async def test_failing_disk_after_the_answer_is_no_bug(left: bool) -> None:
    assert await Call(fails=True).run(left=left) == []
