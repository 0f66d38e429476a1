"""Whether the answer to an order left whole: only then is the rent known to the market."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest

from phonefarm.adapters.onlinesim.answer_watch import ISSUED, AnswerWatch
from phonefarm.application.storage import StorageFailing
from phonefarm.domain.ids import RentId

Event = MutableMapping[str, Any]
Send = Callable[[Event], Awaitable[None]]
START = {"type": "http.response.start", "status": 200}
LAST = {"type": "http.response.body", "body": b"}", "more_body": False}
PART = {"type": "http.response.body", "body": b"{", "more_body": True}


class Call:
    """One order over a connection that can break."""

    def __init__(self, *events: Event, issued: int | None = 10_001, fails: bool = False) -> None:
        self.scope: dict[str, Any] = {"type": "http"}
        self.sent: list[Event] = []
        self.answered: list[RentId] = []
        self.lost: list[RentId] = []
        self.is_cut = False
        self.breaks_at: int | None = None
        self._events = events
        self._issued = issued
        self._fails = fails
        self._caller_left = False

    async def run(self, *, caller_leaves: bool = False) -> list[RentId]:
        self._caller_left = caller_leaves
        await AnswerWatch(self._app, self._note, self._note_lost, lambda _scope: self.is_cut)(
            self.scope, self._receive, self._send
        )
        return self.answered

    async def _app(self, scope: Any, receive: Any, send: Send) -> None:
        if self._caller_left:
            await receive()
        if self._issued is not None:
            scope[ISSUED] = RentId(self._issued)
        for event in self._events:
            await send(event)
        if not self._caller_left:
            await receive()

    async def _receive(self) -> Event:
        return {"type": "http.disconnect"}

    async def _send(self, event: Event) -> None:
        if self.breaks_at == len(self.sent):
            raise ConnectionResetError
        self.sent.append(event)

    async def _note(self, rent_id: RentId) -> None:
        await asyncio.sleep(0)
        if self._fails:
            raise StorageFailing("disk full")
        self.answered.append(rent_id)

    async def _note_lost(self, rent_id: RentId) -> None:
        if self._fails:
            raise StorageFailing("disk full")
        self.lost.append(rent_id)


async def test_answer_that_left_whole_is_noted() -> None:
    assert await Call(START, PART, LAST).run() == [10_001]


async def test_caller_who_leaves_after_the_whole_answer_has_it() -> None:
    call = Call(START, LAST)

    assert await call.run() == [10_001]


async def test_caller_who_left_before_the_answer_never_heard_of_the_rent() -> None:
    call = Call(START, LAST)

    assert await call.run(caller_leaves=True) == []
    assert call.lost == [10_001]


async def test_answer_without_its_end_is_not_noted() -> None:
    assert await Call(START, PART).run() == []


async def test_connection_that_breaks_while_answering_leaves_the_rent_unanswered() -> None:
    call = Call(START, PART, LAST)
    call.breaks_at = 2

    with pytest.raises(ConnectionResetError):
        await call.run()

    assert (call.answered, call.lost) == ([], [10_001])


async def test_connection_that_broke_under_the_whole_answer_leaves_the_rent_unanswered() -> None:
    call = Call(START, LAST)
    call.is_cut = True

    assert await call.run() == []
    assert call.lost == [10_001]


async def test_call_that_issued_nothing_is_not_noted() -> None:
    assert await Call(START, LAST, issued=None).run() == []


async def test_failing_disk_after_the_answer_is_no_bug() -> None:
    assert await Call(START, LAST, fails=True).run() == []
    assert await Call(START, PART, fails=True).run() == []


async def test_other_traffic_passes_untouched() -> None:
    call = Call(START, LAST)
    call.scope["type"] = "lifespan"

    assert await call.run() == []
    assert call.sent == [START, LAST]
