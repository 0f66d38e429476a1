"""A market that orders and finishes rents by seeded chance, and senders that send SMS to their numbers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from phonefarm.simulation.background_tasks import BackgroundTasks
from phonefarm.simulation.market import Market
from phonefarm.simulation.market_record import Moment, RentRecord, now
from phonefarm.simulation.partner import PartnerFailed
from phonefarm.simulation.texts import Texts

Deliver = Callable[[str, str, str], Awaitable[object]]
"""Delivers an SMS (msisdn, sender, text) to a phone; returns once it is in the inbox."""

DELIVERY_TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class SentSms:
    """An SMS that a sender sent and a phone stored."""

    number: int
    msisdn: str
    rent_id: int | None
    sender: str
    text: str
    delivered_at: Moment


@dataclass(frozen=True, kw_only=True)
class TrafficProfile:
    """Rates and durations of rents and SMS, in seconds at speed 1."""

    seconds_between_orders: float = 1.0
    seconds_between_strays: float = 7.0
    shortest_rent: float = 4.0
    longest_rent: float = 9.0
    most_rents: int = 40
    sms_of_a_rent: tuple[float, float, float, float] = (0.1, 0.3, 0.35, 0.25)
    """Probabilities of 0, 1, 2 and 3 SMS."""
    repeats_finish: float = 0.15
    refunds_after_sale: float = 0.1


class ScriptedMarket:
    """Makes `market` order and finish rents of an app whose numbers receive SMS through `deliver`.

    Stray SMS go to `numbers`. `speed` divides all durations of `traffic`.
    """

    def __init__(
        self,
        market: Market,
        deliver: Deliver,
        *,
        numbers: Sequence[str] = (),
        seed: int = 1,
        speed: float = 1.0,
        traffic: TrafficProfile | None = None,
    ) -> None:
        self.sent: list[SentSms] = []
        self._market = market
        self._deliver = deliver
        self._numbers = list(numbers)
        self._random = random.Random(seed)
        self._texts = Texts(random.Random(seed + 1))
        self._speed = speed
        self._traffic = traffic or TrafficProfile()
        self._tasks = BackgroundTasks()
        self._active_rents = 0

    async def run(self, seconds: float) -> None:
        """Generate traffic for `seconds`, then finish the open rents; call `wait_for` to await the last pushes."""
        strays = self._tasks.start(self._send_strays(), "stray SMS")
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            while asyncio.get_running_loop().time() < deadline:
                await self._try_order()
                await self._pause(self._traffic.seconds_between_orders, spread=0.5)
            strays.cancel()
            await self._wait_for_rents(self._traffic.longest_rent / self._speed + DELIVERY_TIMEOUT_SECONDS)
        finally:
            await self._tasks.close()

    async def wait_for(self, condition: Callable[[], bool], within: float = 15.0) -> bool:
        """Wait until the condition holds; False if it does not within `within` seconds."""
        for _ in range(round(within / POLL_SECONDS)):
            if condition():
                return True
            await asyncio.sleep(POLL_SECONDS)
        return condition()

    async def _try_order(self) -> None:
        if self._active_rents >= self._traffic.most_rents:
            return
        try:
            offer = await self._market.services()
            choices = [
                (country, operator)
                for country, operators in sorted(offer.items())
                for operator, count in sorted(operators.items())
                if count > 0
            ]
            if not choices:
                return
            country, operator = self._random.choice(choices)
            rent = await self._market.order(country, operator, price=self._random.choice((180, 250, 320.5)))
        except PartnerFailed:
            return
        if rent is not None:
            self._active_rents += 1
            self._tasks.start(self._run_rent(rent), f"rent {rent.rent_id}")

    async def _run_rent(self, rent: RentRecord) -> None:
        traffic = self._traffic
        try:
            length = self._random.uniform(traffic.shortest_rent, traffic.longest_rent)
            count = self._random.choices((0, 1, 2, 3), weights=traffic.sms_of_a_rent)[0]
            for _ in range(count):
                await self._pause(length * 0.6 / count, spread=0.4)
                await self._send(rent.msisdn, rent.rent_id)
            await self._pause(length * 0.4 if count else length)
            await self._finish(rent, had_sms=count > 0)
        finally:
            self._active_rents -= 1

    async def _finish(self, rent: RentRecord, *, had_sms: bool) -> None:
        status = self._random.choices((3, 1, 4, 5), weights=(85, 3, 6, 6) if had_sms else (0, 15, 80, 5))[0]
        total = rent.sum * self._random.choice((1, 1, 2)) if status == 3 else None
        await self._try_finish(rent, status, total)
        if self._random.random() < self._traffic.repeats_finish:
            await self._try_finish(rent, status, total)
        if status == 3 and self._random.random() < self._traffic.refunds_after_sale:
            await self._try_finish(rent, 5, None)

    async def _try_finish(self, rent: RentRecord, status: int, total: float | None) -> None:
        for _ in range(3):
            try:
                await self._market.finish(rent.rent_id, status, total)
            except PartnerFailed:
                await self._pause(1.0)
            else:
                return

    async def _send_strays(self) -> None:
        while self._numbers:
            await self._pause(self._traffic.seconds_between_strays, spread=0.5)
            msisdn = self._random.choice(self._numbers)
            rent = self._market.record.open_rent_of(msisdn)
            if rent is None:
                await self._send(msisdn, None)

    async def _send(self, msisdn: str, rent_id: int | None) -> None:
        sender, text = self._texts.draw()
        try:
            async with asyncio.timeout(DELIVERY_TIMEOUT_SECONDS):
                await self._deliver(msisdn, sender, text)
        except (LookupError, ValueError, OSError, TimeoutError):
            # The SIM is currently in no phone: the network would store the message.
            return
        self.sent.append(
            SentSms(
                number=len(self.sent) + 1,
                msisdn=msisdn,
                rent_id=rent_id,
                sender=sender,
                text=text,
                delivered_at=now(),
            )
        )

    async def _wait_for_rents(self, within: float) -> None:
        for _ in range(round(within / POLL_SECONDS)):
            if not self._active_rents:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _pause(self, seconds: float, spread: float = 0.0) -> None:
        await asyncio.sleep(seconds * self._random.uniform(1 - spread, 1 + spread) / self._speed)
