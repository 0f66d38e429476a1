"""The market's PUSH_SMS_RENT endpoint: validates requests strictly, answers by policy and records both."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from phonefarm.simulation.answers import CONTENT_TYPE, AnswerPolicy, Outcome, PlannedAnswer, render_answer
from phonefarm.simulation.market_record import MarketRecord, Moment, PushRecord, RentRecord, now

ENDPOINT = "PUSH_SMS_RENT"
MAX_BODY_BYTES = 1024 * 1024
_FIELDS = {"smsId": int, "phoneFrom": str, "phone": str, "text": str, "action": str, "key": str, "service": str}


class PushEndpoint:
    """`wait_for_open_orders` returns once all orders that are open at the call have been answered."""

    def __init__(
        self,
        record: MarketRecord,
        policy: AnswerPolicy,
        key: str,
        wait_for_open_orders: Callable[[], Awaitable[None]],
        *,
        sms_id_is_rent: bool = True,
    ) -> None:
        self._record = record
        self._policy = policy
        self._key = key
        self._wait_for_open_orders = wait_for_open_orders
        self._sms_id_is_rent = sms_id_is_rent
        self._arrival = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        at = now()
        raw = await request.read()
        self._check_headers(request)
        body = self._parse_body(raw)
        if body is None:
            return web.Response(status=400, text="not a JSON object")
        if not self._is_authenticated(body, request.headers.get("Authorization")):
            await self._record_push(at, body, PlannedAnswer(outcome=Outcome.UNAUTHORIZED), 401, None)
            return web.json_response({"response": "ERROR_WRONG_KEY"}, status=401)
        is_valid = self._check_fields(body)
        rent = await self._find_rent(body) if is_valid else None
        planned = self._policy.choose(correct=Outcome.ACCEPT if rent is not None else Outcome.NO_OPERATION)
        return await self._send_answer(request, at, body, planned, rent)

    async def wait_for_pushes(self, count: int) -> None:
        """Return once `count` pushes were recorded; the caller sets the deadline."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self._record.pushes) >= count)

    async def _send_answer(
        self, request: web.Request, at: Moment, body: dict[str, Any], planned: PlannedAnswer, rent: RentRecord | None
    ) -> web.StreamResponse:
        rent_id = rent.rent_id if rent is not None else None
        if planned.outcome in (Outcome.HANG, Outcome.CUT, Outcome.ANSWER_LOST):
            await self._record_push(at, body, planned, None, rent_id)
            if planned.outcome is Outcome.HANG:
                await asyncio.sleep(self._policy.hang_seconds)
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("connection cut by the test")
        answer = render_answer(planned)
        await self._record_push(at, body, planned, answer.status, rent_id)
        headers = {"Content-Type": answer.content_type, **answer.headers}
        return web.Response(status=answer.status, body=answer.body.encode(), headers=headers)

    async def _record_push(
        self, at: Moment, body: dict[str, Any], planned: PlannedAnswer, status: int | None, rent_id: int | None
    ) -> None:
        shown = {name: value for name, value in body.items() if name != "key"}
        async with self._arrival:
            self._record.pushes.append(
                PushRecord(
                    number=len(self._record.pushes) + 1,
                    at=at,
                    body=shown,
                    outcome=str(planned.outcome),
                    http_status=status,
                    token=planned.token,
                    rent_id=rent_id,
                )
            )
            self._arrival.notify_all()

    async def _find_rent(self, body: dict[str, Any]) -> RentRecord | None:
        rent = self._record.open_rent_of(body["phone"])
        if rent is None:
            # The partner may push for a new rent before the market has read the answer to its order.
            await self._wait_for_open_orders()
            rent = self._record.open_rent_of(body["phone"])
        if rent is None or not self._sms_id_is_rent or rent.rent_id == body["smsId"]:
            return rent
        if body["smsId"] not in self._record.rents:
            self._record.add_violation(ENDPOINT, f"smsId {body['smsId']} was never issued")
        return None

    def _check_headers(self, request: web.Request) -> None:
        if request.headers.get("Content-Type", "").lower().replace(" ", "") != CONTENT_TYPE.replace(" ", ""):
            self._record.add_violation(ENDPOINT, f"Content-Type is {request.headers.get('Content-Type')!r}")
        if not request.headers.get("User-Agent"):
            self._record.add_violation(ENDPOINT, "no User-Agent")

    def _parse_body(self, raw: bytes) -> dict[str, Any] | None:
        try:
            body = json.loads(raw.decode("utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            self._record.add_violation(ENDPOINT, f"not JSON in UTF-8: {error}")
            return None
        if not isinstance(body, dict):
            self._record.add_violation(ENDPOINT, "the body is not a JSON object")
            return None
        return body

    def _is_authenticated(self, body: dict[str, Any], authorization: str | None) -> bool:
        if authorization is not None and authorization != f"Bearer {self._key}":
            self._record.add_violation(ENDPOINT, "the Authorization header does not carry the key")
        return hmac.compare_digest(str(body.get("key", "")).encode(), self._key.encode())

    def _check_fields(self, body: dict[str, Any]) -> bool:
        faults = [f"{name} is missing" for name in _FIELDS if name not in body]
        faults += [f"unknown field {name}" for name in body if name not in _FIELDS]
        faults += [
            f"{name} is {type(body[name]).__name__}, not {kind.__name__}"
            for name, kind in _FIELDS.items()
            if name in body and type(body[name]) is not kind
        ]
        if not faults:
            faults = _value_faults(body)
        for fault in faults:
            self._record.add_violation(ENDPOINT, fault)
        return not faults


def _value_faults(body: dict[str, Any]) -> list[str]:
    faults = []
    if body["smsId"] < 1:
        faults.append("smsId is below 1")
    if not (body["phone"].isascii() and body["phone"].isdigit()):
        faults.append("phone is not digits only")
    if body["action"] != "PUSH_SMS":
        faults.append(f"action is {body['action']}")
    if body["service"] != "rent":
        faults.append(f"service is {body['service']}")
    return faults
