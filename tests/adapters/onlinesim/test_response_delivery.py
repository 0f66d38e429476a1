"""Only a completely sent answer to an order confirms its rent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from phonefarm.adapters.onlinesim.response_delivery import ISSUED, ResponseDeliveryMiddleware
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.domain.ids import RentId


class Call:
    """One order and the recorded outcome of its answer."""

    def __init__(self, *, issued: int | None = 10_001, fails: bool = False, breaks: bool = False) -> None:
        self.scope: dict[str, Any] = {"type": "http"}
        self.records: list[tuple[str, RentId]] = []
        self._issued = issued
        self._fails = fails
        self._breaks = breaks

    async def run(self, *, delivered: bool = False, disconnected: bool = False) -> list[tuple[str, RentId]]:
        middleware = ResponseDeliveryMiddleware(
            self._app,
            answered=lambda rent_id: self._record("answered", rent_id),
            lost=lambda rent_id: self._record("lost", rent_id),
            given_up=lambda rent_id: self._record("given up", rent_id),
            was_delivered=lambda scope: scope is self.scope and delivered,
            has_disconnected=lambda scope: scope is self.scope and disconnected,
        )
        await middleware(self.scope, self._never, self._never)
        return self.records

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        if self._issued is not None:
            scope[ISSUED] = RentId(self._issued)
        if self._breaks:
            raise ConnectionResetError

    async def _never(self, *_: Any) -> Any:
        raise AssertionError("the middleware neither receives nor sends")

    async def _record(self, what: str, rent_id: RentId) -> None:
        await asyncio.sleep(0)
        if self._fails:
            raise StorageFailing("disk full")
        self.records.append((what, rent_id))


async def test_complete_answer_is_recorded_as_answered() -> None:
    assert await Call().run(delivered=True) == [("answered", 10_001)]


async def test_complete_answer_counts_even_if_the_caller_then_disconnects() -> None:
    assert await Call().run(delivered=True, disconnected=True) == [("answered", 10_001)]


async def test_incomplete_answer_is_lost() -> None:
    assert await Call().run() == [("lost", 10_001)]


async def test_order_of_a_caller_that_had_disconnected_is_given_up() -> None:
    assert await Call().run(disconnected=True) == [("given up", 10_001)]


async def test_connection_error_while_answering_means_a_lost_answer() -> None:
    call = Call(breaks=True)

    with pytest.raises(ConnectionResetError):
        await call.run()

    assert call.records == [("lost", 10_001)]


async def test_call_that_issued_nothing_is_not_recorded() -> None:
    assert await Call(issued=None).run(delivered=True) == []


@pytest.mark.parametrize("delivered", [True, False])
async def test_storage_failure_after_the_answer_is_no_bug(delivered: bool) -> None:
    assert await Call(fails=True).run(delivered=delivered) == []
