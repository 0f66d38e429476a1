"""Unusual but legal requests over real sockets: answered like usual ones, and their rents count as answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from phonefarm.adapters.http.http_connection import has_disconnected, mark_authenticated, was_delivered
from phonefarm.adapters.http.server import bind, serve_until
from phonefarm.adapters.onlinesim.webhooks import Webhooks
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.read_models import Topic
from phonefarm.application.model.timeline import TimelineKind
from tests.application.stored_farm import StoredFarm
from tests.waiting import PATIENCE, until

KEY = "planted-partner-key-5e1f"
ORDER = {"action": "GET_NUMBER", "service": "rent", "sum": 320}
SERVICES = {"action": "GET_SERVICES"}
FINISH = {"action": "FINISH_ACTIVATION", "service": "rent", "activationId": 10_001, "status": 3}


class Desk:
    """The webhooks on a real server, and raw clients."""

    def __init__(self, database: Database) -> None:
        self.farm = StoredFarm(database)
        self.port = 0
        self._stop = asyncio.Event()

    async def serve(self) -> None:
        webhooks = Webhooks(
            self.farm.rentals,
            lambda: KEY,
            self.farm.clock,
            {"7": "russia"},
            require_bearer=False,
            shared_path="/onlinesim",
            mark_authenticated=mark_authenticated,
            was_delivered=was_delivered,
            has_disconnected=has_disconnected,
        )
        listener = bind("127.0.0.1", 0, "webhooks")
        self.port = listener.getsockname()[1]
        self._served = asyncio.gather(serve_until(webhooks.app(), listener, self._stop))

    async def close(self) -> None:
        self._stop.set()
        await asyncio.wait_for(self._served, PATIENCE)

    async def call(
        self, fields: dict[str, Any], path: str = "/getNumberRent", head: str = "HTTP/1.1\r\n", *, ends: bool = False
    ) -> tuple[int, Any]:
        """Status and JSON of one call on a new connection; `ends`: half-closed after the request."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request(fields, path, head))
            if ends:
                writer.write_eof()
            return await answer_from(reader)
        finally:
            writer.close()
            await writer.wait_closed()

    async def wait_for_outcome(self, rent_id: int) -> TimelineKind:
        """How the answer to the order ended, from the rent's timeline."""
        ends = (TimelineKind.ANSWERED, TimelineKind.ANSWER_LOST, TimelineKind.WITHDRAWN)

        async def outcomes() -> list[TimelineKind]:
            return [line.kind for line in await self.farm.timeline(Topic.RENTS, rent_id) if line.kind in ends]

        await until(outcomes)
        return (await outcomes())[0]


def request(fields: dict[str, Any], path: str = "/getNumberRent", head: str = "HTTP/1.1\r\n") -> bytes:
    before, _, version = head.rpartition("HTTP/")
    body = json.dumps({**fields, "key": KEY})
    return f"{before}POST {path} HTTP/{version}Host: farm\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def answer_from(reader: asyncio.StreamReader) -> tuple[int, Any]:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).lower()
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    return int(head.split()[1]), json.loads(await reader.readexactly(length) or b"null")


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    desk = Desk(database)
    await desk.farm.phones_with_sims(5)
    await desk.serve()
    yield desk
    await desk.close()


@pytest.mark.parametrize(
    ("head", "ends"),
    [
        ("HTTP/1.1\r\n", False),
        ("HTTP/1.1\r\nConnection: close\r\n", False),
        ("HTTP/1.0\r\n", False),
        ("HTTP/1.0\r\nConnection: keep-alive\r\n", False),
        ("HTTP/1.1\r\n", True),
        ("HTTP/1.0\r\n", True),
    ],
    ids=["kept", "closed", "HTTP/1.0", "HTTP/1.0 kept", "half-closed", "HTTP/1.0 half-closed"],
)
async def test_order_whose_answer_was_read_completely_is_answered(desk: Desk, head: str, ends: bool) -> None:
    status, answer = await desk.call(ORDER, head=head, ends=ends)

    assert (status, answer["status"]) == (200, "SUCCESS")
    assert await desk.wait_for_outcome(answer["activationId"]) is TimelineKind.ANSWERED


async def test_order_of_a_disconnected_caller_is_withdrawn(desk: Desk) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    writer.write(request(ORDER))
    writer.close()
    await writer.wait_closed()

    assert await desk.wait_for_outcome(10_001) is TimelineKind.WITHDRAWN
    assert await desk.farm.on_offer() == 5


@pytest.mark.parametrize("fields", [SERVICES, ORDER, FINISH], ids=["services", "number", "finish"])
@pytest.mark.parametrize("where", ["its own path", "the shared path"])
@pytest.mark.parametrize("manner", ["slash", "empty line", "whole address"])
async def test_unusual_but_legal_requests_are_answered_like_usual_ones(
    desk: Desk, fields: dict[str, Any], where: str, manner: str
) -> None:
    await desk.call(ORDER)
    paths = {"GET_SERVICES": "/getServicesRent", "GET_NUMBER": "/getNumberRent"}
    path = "/onlinesim" if where == "the shared path" else paths.get(fields["action"], "/finishActivationRent")
    usual = await desk.call(fields, path)

    odd_path = {"slash": f"{path}/", "whole address": f"http://farm{path}/"}.get(manner, path)
    odd = await desk.call(fields, odd_path, "\r\nHTTP/1.1\r\n" if manner == "empty line" else "HTTP/1.1\r\n")

    def without_ids(answer: tuple[int, Any]) -> tuple[int, Any]:
        return answer[0], {name: answer[1][name] for name in answer[1] if name not in ("number", "activationId")}

    assert without_ids(odd) == without_ids(usual)
    assert usual[0] == 200


async def test_request_with_content_length_and_transfer_encoding_issues_nothing(desk: Desk) -> None:
    status, _ = await desk.call(ORDER, head="HTTP/1.1\r\nTransfer-Encoding: chunked\r\n")

    assert status == 400
    assert await desk.farm.rents() == {}
