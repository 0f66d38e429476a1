"""Acceptance checks of pushes: immediate, retried after ten seconds, never repeated after a success."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from phonefarm.commands.certify.caller import Caller
from phonefarm.commands.certify.examination import Check, Skipped, require
from phonefarm.simulation.answers import Outcome, PlannedAnswer
from phonefarm.simulation.market import Market
from phonefarm.simulation.market_record import PushRecord, RentRecord, now

RETRY_SECONDS = 10.0
RETRY_TOLERANCE_SECONDS = 2.0
AT_ONCE_SECONDS = 5.0
"""From the SMS on the phone to its push; allows for the query of a slow phone."""
QUIET_SECONDS = 12.0
"""How long nothing may be sent after a success; longer than one retry interval."""

SendSms = Callable[[str, str, str], Awaitable[None]]
"""Delivers an SMS (number, sender, text) to one of the farm's numbers."""


class PushChecks:
    """`market` receives the pushes; `send` is None if no SMS can be sent."""

    def __init__(self, caller: Caller, market: Market | None, send: SendSms | None) -> None:
        self._caller = caller
        self._market = market
        self._send = send

    def all(self) -> list[tuple[str, Check]]:
        return [
            ("an SMS is pushed at once, with the right fields and types", self._check_immediate_push),
            ("a failed push is sent again after 10 s, and not after its success", self._check_retry),
            ("a push that is refused for good is not sent again", self._check_final_refusal),
        ]

    async def _check_immediate_push(self) -> str:
        market, rent = await self._order_number()
        started = time.monotonic()
        await self._send_sms(rent, "certify: at once")
        (push,) = await self._wait_for_pushes(market, "certify: at once", 1, AT_ONCE_SECONDS)
        took = push.at.monotonic - started
        body = push.body
        require(
            body.get("service") == "rent" and body.get("action") == "PUSH_SMS", f"the push says {_format_fields(body)}"
        )
        require(type(body.get("smsId")) is int, "smsId is no integer")
        require(str(body.get("phone")) == rent.msisdn, f"phone is {body.get('phone')}, rented is {rent.msisdn}")
        require(body.get("phoneFrom") == "Certify", f"phoneFrom is {body.get('phoneFrom')!r}")
        violations = [f"{violation.where}: {violation.what}" for violation in market.record.violations]
        require(not violations, "; ".join(violations))
        await self._caller.finish_all()
        return f"after {took:.2f} s"

    async def _check_retry(self) -> str:
        market, rent = await self._order_number()
        market.policy.script(PlannedAnswer(outcome=Outcome.ERROR_500))
        await self._send_sms(rent, "certify: again")
        first, second = await self._wait_for_pushes(
            market, "certify: again", 2, AT_ONCE_SECONDS + RETRY_SECONDS + RETRY_TOLERANCE_SECONDS
        )
        gap = second.at.monotonic - first.at.monotonic
        require(abs(gap - RETRY_SECONDS) <= RETRY_TOLERANCE_SECONDS, f"the second attempt came after {gap:.1f} s")
        await asyncio.sleep(QUIET_SECONDS)
        count = len(_pushes_of(market, "certify: again"))
        require(count == 2, f"{count - 2} attempts came after the success")
        await self._caller.finish_all()
        return f"again after {gap:.1f} s, nothing in the {QUIET_SECONDS:g} s after the success"

    async def _check_final_refusal(self) -> str:
        market, rent = await self._order_number()
        market.policy.script(PlannedAnswer(outcome=Outcome.BAD_SERVICE))
        await self._send_sms(rent, "certify: refused")
        await self._wait_for_pushes(market, "certify: refused", 1, AT_ONCE_SECONDS)
        await asyncio.sleep(QUIET_SECONDS)
        count = len(_pushes_of(market, "certify: refused"))
        require(count == 1, f"it was sent {count} times")
        await self._caller.finish_all()
        return f"BAD_SERVICE, nothing in the {QUIET_SECONDS:g} s after it"

    async def _order_number(self) -> tuple[Market, RentRecord]:
        if self._market is None:
            raise Skipped("the farm's pushes cannot be received: give --push-listen, and set the farm's push URL to it")
        if self._send is None:
            raise Skipped("no SMS can be sent: give --phones-control of virtual phones")
        reply = await self._caller.order()
        if not reply.is_success or reply.body is None:
            raise Skipped("no number is on offer")
        body = reply.body
        rent = RentRecord(
            rent_id=body["activationId"],
            msisdn=str(body["number"]),
            country="",
            operator="",
            sum=320,
            ordered_at=now(),
        )
        self._market.record.rents[rent.rent_id] = rent  # so that the market accepts its pushes
        return self._market, rent

    async def _send_sms(self, rent: RentRecord, text: str) -> None:
        assert self._send is not None
        await self._send(rent.msisdn, "Certify", text)

    async def _wait_for_pushes(self, market: Market, text: str, count: int, within: float) -> list[PushRecord]:
        deadline = time.monotonic() + within
        while len(found := _pushes_of(market, text)) < count:
            require(time.monotonic() < deadline, f"{len(found)} of {count} attempts came within {within:g} s")
            await asyncio.sleep(0.02)
        return found[:count]


def _pushes_of(market: Market, text: str) -> list[PushRecord]:
    return [push for push in market.record.pushes if push.body.get("text") == text]


def _format_fields(body: dict[str, object]) -> str:
    return ", ".join(f"{name}={body.get(name)!r}" for name in ("action", "service"))
