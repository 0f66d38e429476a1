"""One attempt to push to a real server."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from aiohttp import web

from phonefarm.adapters.onlinesim import push_channel
from phonefarm.adapters.onlinesim.market_connection import MAX_BODY_BYTES
from phonefarm.adapters.onlinesim.push_channel import OnlinesimPushChannel
from phonefarm.application.ports.push_exchange import PushExchange
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.calls import HIDDEN_KEY, HIDDEN_TEXT
from phonefarm.domain.ids import Msisdn, RentId, SmsId
from phonefarm.domain.pushes import Accepted, Failed, FailureKind, FinalRefusal, PushOutcome, Unclear

KEY = "planted-partner-key-5e1f"
TEXT = "Ваш код: 4821 🔑\nnot for others"
MESSAGE = PushMessage(
    sms_id=SmsId(10_002), rent_id=RentId(10_001), msisdn=Msisdn("79281234567"), sender="Shop", text=TEXT
)


# Real attempts ------------------------------------------------------------------------

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Market:
    """A server whose answer the test sets; it keeps the requests."""

    def __init__(self) -> None:
        self.handler: Handler = self.success
        self.requests: list[tuple[dict[str, str], Any]] = []
        self.url = ""

    async def success(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "SUCCESS"})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((dict(request.headers), json.loads(await request.read())))
        return await self.handler(request)


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    market = Market()
    app = web.Application()
    app.router.add_post("/v1/PUSH_SMS_RENT", market.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    market.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/PUSH_SMS_RENT"
    yield market
    await runner.cleanup()


@pytest.fixture
async def channel(market: Market) -> AsyncIterator[OnlinesimPushChannel]:
    channel = OnlinesimPushChannel(market.url, lambda: KEY, "rent", attempt_seconds=0.3)
    await channel.open()
    yield channel
    await channel.close()


def has_no_secret(outcome: PushOutcome) -> bool:
    return not any(secret in repr(outcome) for secret in (KEY, TEXT, "4821", "127.0.0.1"))


async def test_attempt_carries_the_contracts_body_and_headers(market: Market, channel: OnlinesimPushChannel) -> None:
    assert await channel.push(MESSAGE) == Accepted()

    ((headers, body),) = market.requests
    assert body == {
        "smsId": 10_001,
        "phoneFrom": "Shop",
        "phone": "79281234567",
        "text": TEXT,
        "action": "PUSH_SMS",
        "key": KEY,
        "service": "rent",
    }
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["User-Agent"].startswith("phonefarm/")
    assert "gzip" in headers["Accept-Encoding"]
    assert "Content-Encoding" not in headers


async def test_long_multipart_text_is_sent_completely(market: Market, channel: OnlinesimPushChannel) -> None:
    text = "Ваш код 4821. " * 250

    await channel.push(replace(MESSAGE, text=text))

    assert market.requests[0][1]["text"] == text


async def test_lone_surrogate_in_a_text_does_not_stop_the_push(market: Market, channel: OnlinesimPushChannel) -> None:
    broken = PushMessage(
        sms_id=SmsId(1), rent_id=RentId(1), msisdn=Msisdn("79281234567"), sender="\ud83d", text="a\udd11b"
    )

    assert await channel.push(broken) == Accepted()
    assert market.requests[0][1]["text"] == "a?b"


async def test_server_error_is_retried(market: Market, channel: OnlinesimPushChannel) -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        return web.Response(status=500, text=f"{KEY} {TEXT}")

    market.handler = broken

    outcome = await channel.push(MESSAGE)

    assert isinstance(outcome, Failed)
    assert outcome.detail.startswith("HTTP 500 after ")
    assert has_no_secret(outcome)


async def test_attempt_times_out(market: Market, channel: OnlinesimPushChannel) -> None:
    async def silent(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    market.handler = silent

    assert await channel.push(MESSAGE) == Failed(kind=FailureKind.UNREACHABLE, detail="no answer within 0.3 s")


async def test_connection_cut_before_the_answer_is_retried(market: Market, channel: OnlinesimPushChannel) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    market.handler = cut

    outcome = await channel.push(MESSAGE)

    assert isinstance(outcome, Failed)
    assert outcome.detail.startswith("no connection: ")
    assert has_no_secret(outcome)


@pytest.mark.parametrize("then", ["cut", "hang"])
async def test_200_whose_body_breaks_off_is_accepted(market: Market, channel: OnlinesimPushChannel, then: str) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "100"})
        await answer.prepare(request)
        await answer.write(b'{"status":"SUCC')
        if then == "hang":
            await asyncio.sleep(30)
        assert request.transport is not None
        request.transport.abort()
        return answer

    market.handler = half

    assert await channel.push(MESSAGE) == Accepted()


async def test_new_key_is_used_from_the_next_attempt_on(market: Market) -> None:
    keys = iter([KEY, KEY, "another-key"])
    channel = OnlinesimPushChannel(market.url, lambda: next(keys), "rent")
    await channel.open()

    for _ in range(3):
        await channel.push(MESSAGE)
    await channel.close()

    sent = [(headers["Authorization"], body["key"]) for headers, body in market.requests]
    assert sent == [(f"Bearer {KEY}", KEY)] * 2 + [("Bearer another-key", "another-key")]


async def test_redirect_is_not_followed_with_the_key(market: Market, channel: OnlinesimPushChannel) -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": market.url})

    market.handler = elsewhere

    outcome = await channel.push(MESSAGE)

    assert isinstance(outcome, Failed)
    assert outcome.detail.startswith("HTTP 307")
    assert len(market.requests) == 1


SAYS_ERROR = b'{"status":"ERROR","error":"db down"}'
RAW = zlib.compressobj(wbits=-15)
RAW_ERROR = RAW.compress(SAYS_ERROR) + RAW.flush()


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (SAYS_ERROR[:20], ""),
        (gzip.compress(SAYS_ERROR)[:-9], "gzip"),
        (gzip.compress(gzip.compress(SAYS_ERROR)), "gzip, gzip"),
        (RAW_ERROR, "deflate"),
        (gzip.compress(SAYS_ERROR[:9]) + gzip.compress(SAYS_ERROR[9:]), "gzip"),
        (SAYS_ERROR, "gzip"),
        (b'{"padding":"' + b"x" * 100_000 + b'",' + SAYS_ERROR[1:], ""),
        (SAYS_ERROR.decode().encode("utf-16"), ""),
    ],
    ids=["cut", "gzip, cut", "gzip twice", "raw deflate", "two members", "plain as gzip", "100 kB", "UTF-16"],
)
@pytest.mark.parametrize("then", ["ends", "cut", "hang"])
async def test_200_with_an_error_is_not_accepted(
    market: Market, channel: OnlinesimPushChannel, body: bytes, coding: str, then: str
) -> None:
    async def unwilling(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Encoding": coding} if coding else {})
        answer.content_length = len(body) + (then != "ends")
        await answer.prepare(request)
        await answer.write(body)
        if then == "hang":
            await asyncio.sleep(30)
        if then == "cut":
            assert request.transport is not None
            request.transport.close()
        return answer

    market.handler = unwilling

    outcome = await channel.push(MESSAGE)

    assert isinstance(outcome, Failed)
    assert "with an error in the body" in outcome.detail


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
async def test_200_with_an_unreadable_body_is_unclear(
    market: Market, channel: OnlinesimPushChannel, coding: str
) -> None:
    async def unreadable(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x1b\x24\x00\xf8%\x81", headers={"Content-Encoding": coding})

    market.handler = unreadable

    assert await channel.push(MESSAGE) == Unclear()


class ClockSetBack:
    """A wall clock that is set back by an hour at each call."""

    at = datetime(2026, 1, 1, tzinfo=UTC)

    @classmethod
    def now(cls, zone: tzinfo) -> datetime:
        cls.at -= timedelta(hours=1)
        return cls.at


async def test_duration_of_an_attempt_does_not_depend_on_the_wall_clock(
    market: Market, channel: OnlinesimPushChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        return web.Response(status=502)

    market.handler = broken
    monkeypatch.setattr(push_channel, "datetime", ClockSetBack, raising=False)

    outcome = await channel.push(MESSAGE)

    assert isinstance(outcome, Failed)
    assert re.fullmatch(r"HTTP 502 after \d+ ms", outcome.detail)


async def test_endless_answer_is_read_up_to_the_limit(market: Market, channel: OnlinesimPushChannel) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(100):
            await answer.write(b"x" * MAX_BODY_BYTES)
        return answer

    market.handler = endless

    assert await asyncio.wait_for(channel.push(MESSAGE), 5) == Unclear()


async def test_gzip_answer_is_decompressed(market: Market, channel: OnlinesimPushChannel) -> None:
    async def packed(request: web.Request) -> web.StreamResponse:
        body = gzip.compress(b'{"status":"ERROR","error":"BAD_SERVICE"}')
        return web.Response(status=400, body=body, headers={"Content-Encoding": "gzip"})

    market.handler = packed

    assert await channel.push(MESSAGE) == FinalRefusal(token="BAD_SERVICE")


async def test_invalid_gzip_is_accepted_with_a_200_and_retried_with_an_error(
    market: Market, channel: OnlinesimPushChannel
) -> None:
    outcomes = []
    for status in (200, 500):

        async def lying(request: web.Request, status: int = status) -> web.StreamResponse:
            return web.Response(status=status, body=b"not gzip", headers={"Content-Encoding": "gzip"})

        market.handler = lying
        outcomes.append(await channel.push(MESSAGE))

    assert outcomes[0] == Accepted()
    assert isinstance(outcomes[1], Failed)


async def test_refused_connection_is_retried_and_names_only_the_cause(unused_tcp_port: int) -> None:
    channel = OnlinesimPushChannel(f"http://127.0.0.1:{unused_tcp_port}/secret-path", lambda: KEY, "rent")
    await channel.open()

    outcome = await channel.push(MESSAGE)

    await channel.close()
    assert isinstance(outcome, Failed)
    assert "refused" in outcome.detail.lower() or "connect" in outcome.detail.lower()
    assert "secret-path" not in outcome.detail


@pytest.mark.parametrize(("url", "key"), [("", KEY), ("http://127.0.0.1:1/", None), ("http://127.0.0.1:1/", "")])
async def test_nothing_is_sent_without_url_or_key(url: str, key: str | None) -> None:
    channel = OnlinesimPushChannel(url, lambda: key, "rent")
    await channel.open()

    outcome = await channel.push(MESSAGE)

    await channel.close()
    assert outcome == Failed(kind=FailureKind.NOT_SENT, detail="nothing is sent: the push URL or the key is not set")


async def test_closed_channel_sends_nothing(market: Market, channel: OnlinesimPushChannel) -> None:
    await channel.close()

    assert isinstance(await channel.push(MESSAGE), Failed)
    assert market.requests == []


async def test_each_attempt_is_reported_with_its_answer_and_without_key_and_text(market: Market) -> None:
    reports: list[PushExchange] = []
    channel = OnlinesimPushChannel(market.url, lambda: KEY, "rent", report=reports.append)
    await channel.open()
    try:
        outcome = await channel.push(MESSAGE)
    finally:
        await channel.close()

    (report,) = reports
    assert (report.outcome, report.status, report.message) == (outcome, 200, MESSAGE)
    request, response = report.read_request(), report.read_response()
    assert json.loads(request)["text"] == HIDDEN_TEXT
    assert json.loads(request)["key"] == HIDDEN_KEY
    assert KEY not in request + response
    assert MESSAGE.text not in request + response


async def test_an_attempt_without_an_answer_is_reported_too(unused_tcp_port: int) -> None:
    reports: list[PushExchange] = []
    channel = OnlinesimPushChannel(f"http://127.0.0.1:{unused_tcp_port}/", lambda: KEY, "rent", report=reports.append)
    await channel.open()
    try:
        outcome = await channel.push(MESSAGE)
    finally:
        await channel.close()

    (report,) = reports
    assert (report.outcome, report.status, report.read_response()) == (outcome, None, "")


def test_size_of_a_body_is_that_of_the_one_that_is_sent_but_for_the_key() -> None:
    channel = OnlinesimPushChannel("https://onlinesim.example/push", lambda: KEY, "rent")

    size = channel.body_size(MESSAGE)

    assert size > len(TEXT.encode())
    assert channel.body_size(replace(MESSAGE, text=TEXT + "!")) == size + 1
