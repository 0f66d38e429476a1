"""The acceptance list's part about pushes: at once, again after ten seconds, never after success."""

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
"""Seconds from the SMS on the phone to its push: what a slow phone's query may take."""
QUIET_SECONDS = 12.0
"""Seconds after a success in which nothing may be sent again: more than one retry."""

SendSms = Callable[[str, str, str], Awaitable[None]]
"""(number, sender, text): makes an SMS arrive at one of the farm's numbers."""


class PushChecks:
    """`market` takes the pushes; `send` is None where nobody can send an SMS."""

    def __init__(self, caller: Caller, market: Market | None, send: SendSms | None) -> None:
        self._caller = caller
        self._market = market
        self._send = send

    def all(self) -> list[tuple[str, Check]]:
        return [
            ("an SMS is pushed at once, with the right fields and types", self._at_once),
            ("a failed push is sent again after 10 s, and not after its success", self._again),
            ("a push that is refused for good is not sent again", self._refused),
        ]

    async def _at_once(self) -> str:
        market, rent = await self._rented()
        begun = time.monotonic()
        await self._sms(rent, "certify: at once")
        (push,) = await self._pushes(market, "certify: at once", 1, AT_ONCE_SECONDS)
        took = push.at.monotonic - begun
        body = push.body
        require(body.get("service") == "rent" and body.get("action") == "PUSH_SMS", f"the push says {_shown(body)}")
        require(type(body.get("smsId")) is int, "smsId is no integer")
        require(str(body.get("phone")) == rent.msisdn, f"phone is {body.get('phone')}, rented is {rent.msisdn}")
        require(body.get("phoneFrom") == "Certify", f"phoneFrom is {body.get('phoneFrom')!r}")
        breaches = [f"{breach.where}: {breach.what}" for breach in market.record.violations]
        require(not breaches, "; ".join(breaches))
        await self._caller.finish_all()
        return f"after {took:.2f} s"

    async def _again(self) -> str:
        market, rent = await self._rented()
        market.policy.script(PlannedAnswer(outcome=Outcome.ERROR_500))
        await self._sms(rent, "certify: again")
        first, second = await self._pushes(
            market, "certify: again", 2, AT_ONCE_SECONDS + RETRY_SECONDS + RETRY_TOLERANCE_SECONDS
        )
        gap = second.at.monotonic - first.at.monotonic
        require(abs(gap - RETRY_SECONDS) <= RETRY_TOLERANCE_SECONDS, f"the second attempt came after {gap:.1f} s")
        await asyncio.sleep(QUIET_SECONDS)
        count = len(_with_text(market, "certify: again"))
        require(count == 2, f"{count - 2} attempts came after the success")
        await self._caller.finish_all()
        return f"again after {gap:.1f} s, nothing in the {QUIET_SECONDS:g} s after the success"

    async def _refused(self) -> str:
        market, rent = await self._rented()
        market.policy.script(PlannedAnswer(outcome=Outcome.BAD_SERVICE))
        await self._sms(rent, "certify: refused")
        await self._pushes(market, "certify: refused", 1, AT_ONCE_SECONDS)
        await asyncio.sleep(QUIET_SECONDS)
        count = len(_with_text(market, "certify: refused"))
        require(count == 1, f"it was sent {count} times")
        await self._caller.finish_all()
        return f"BAD_SERVICE, nothing in the {QUIET_SECONDS:g} s after it"

    async def _rented(self) -> tuple[Market, RentRecord]:
        if self._market is None:
            raise Skipped(
                "nobody listens where the farm pushes to: give --push-listen, and set the farm's push URL to it"
            )
        if self._send is None:
            raise Skipped("nobody can send an SMS: give --phones-control of virtual phones")
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
        self._market.record.rents[rent.rent_id] = rent  # so that its pushes are taken
        return self._market, rent

    async def _sms(self, rent: RentRecord, text: str) -> None:
        assert self._send is not None
        await self._send(rent.msisdn, "Certify", text)

    async def _pushes(self, market: Market, text: str, count: int, within: float) -> list[PushRecord]:
        deadline = time.monotonic() + within
        while len(found := _with_text(market, text)) < count:
            require(time.monotonic() < deadline, f"{len(found)} of {count} attempts came within {within:g} s")
            await asyncio.sleep(0.02)
        return found[:count]


def _with_text(market: Market, text: str) -> list[PushRecord]:
    return [push for push in market.record.pushes if push.body.get("text") == text]


def _shown(body: dict[str, object]) -> str:
    return ", ".join(f"{name}={body.get(name)!r}" for name in ("action", "service"))
