"""Sends one push to Onlinesim and returns its outcome."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from phonefarm import __version__
from phonefarm.adapters.onlinesim import wire
from phonefarm.adapters.onlinesim.answer_body import read_body
from phonefarm.adapters.onlinesim.logged_json import logged_answer, logged_push
from phonefarm.adapters.onlinesim.market_connection import MarketConnections, Unreachable
from phonefarm.adapters.onlinesim.push_answer import outcome_of
from phonefarm.application.ports.push_exchange import PushExchange, PushReport
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.pushes import Failed, FailureKind, PushOutcome

ATTEMPT_TIMEOUT_SECONDS = 10.0
_HEADERS = {
    "User-Agent": f"phonefarm/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "gzip",
    "Content-Type": "application/json; charset=utf-8",
}

_encode_json = json.JSONEncoder(ensure_ascii=False).encode


class OnlinesimPushChannel:
    """One attempt per call; the domain decides what follows from its outcome."""

    def __init__(
        self,
        push_url: str,
        current_key: Callable[[], str | None],
        sms_id: wire.SmsIdMode,
        *,
        phone: wire.PhoneMode = "string",
        attempt_seconds: float = ATTEMPT_TIMEOUT_SECONDS,
        report: PushReport | None = None,
    ) -> None:
        """`report` is called with each attempt, right after its answer has been judged."""
        self._report = report
        self._push_url = push_url
        self._current_key = current_key
        self._sms_id: wire.SmsIdMode = sms_id
        self._phone: wire.PhoneMode = phone
        self._attempt_seconds = attempt_seconds
        self._market: MarketConnections | None = None
        self._cached_head = ("", b"")
        """A key, and the head of requests with it."""

    async def open(self) -> None:
        if self._push_url:
            self._market = await asyncio.to_thread(MarketConnections, self._push_url)

    async def close(self) -> None:
        if self._market is not None:
            self._market.close()
            self._market = None

    async def push(self, message: PushMessage) -> PushOutcome:
        key = self._current_key()
        if self._market is None or not key:
            return Failed(kind=FailureKind.NOT_SENT, detail="nothing is sent: the push URL or the key is not set")
        fields = wire.push_body(message, key, self._sms_id, self._phone)
        body = _encode_json(fields).encode("utf-8", "replace")
        started_at = time.monotonic()
        status, answer_text = None, ""
        outcome: PushOutcome
        try:
            answer = await self._market.post(self._head_for(self._market, key), body, within=self._attempt_seconds)
        except TimeoutError:
            outcome = Failed(kind=FailureKind.UNREACHABLE, detail=f"no answer within {self._attempt_seconds:g} s")
        except Unreachable as error:
            outcome = Failed(kind=FailureKind.UNREACHABLE, detail=f"no connection: {error}", obstacle=error.obstacle)
        else:
            text = read_body(answer.body, answer.headers)
            if answer.is_too_long:
                text = text._replace(is_readable=False)
            status, answer_text = answer.status, text.text
            outcome = outcome_of(answer.status, text, answer.headers, timedelta(seconds=time.monotonic() - started_at))
        if self._report is not None:
            milliseconds = (time.monotonic() - started_at) * 1000
            exchange = PushExchange(
                message=message,
                outcome=outcome,
                milliseconds=milliseconds,
                status=status,
                read_request=partial(logged_push, fields),
                read_response=partial(logged_answer, answer_text, key, message.text),
            )
            self._report(exchange)
        return outcome

    def body_size(self, message: PushMessage) -> int:
        """Write the body as `push` does, without a key, and send nothing; returns its bytes."""
        return len(_encode_json(wire.push_body(message, "", self._sms_id, self._phone)).encode("utf-8", "replace"))

    def _head_for(self, market: MarketConnections, key: str) -> bytes:
        if self._cached_head[0] != key:
            self._cached_head = (key, market.head({**_HEADERS, "Authorization": f"Bearer {key}"}))
        return self._cached_head[1]
