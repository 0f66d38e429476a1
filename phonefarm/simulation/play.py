"""A market at work: rents come and go by seeded chance, and senders send SMS to their numbers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from phonefarm.simulation.keeper import TaskKeeper
from phonefarm.simulation.market import Market
from phonefarm.simulation.market_record import Moment, RentRecord, now
from phonefarm.simulation.partner import PartnerFailed
from phonefarm.simulation.texts import Texts

Deliver = Callable[[str, str, str], Awaitable[object]]
"""Makes an SMS (msisdn, sender, text) arrive at a phone; returns once it is in the inbox."""

DELIVERED_WITHIN = 30.0
SETTLE_STEP = 0.1


@dataclass(frozen=True, kw_only=True)
class SentSms:
    """One SMS that a sender sent and a phone stored."""

    number: int
    msisdn: str
    rent_id: int | None
    sender: str
    text: str
    delivered_at: Moment


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How the market behaves; seconds at tempo 1."""

    seconds_between_orders: float = 1.0
    seconds_between_strays: float = 7.0
    shortest_rent: float = 4.0
    longest_rent: float = 9.0
    most_rents: int = 40
    sms_of_a_rent: tuple[float, float, float, float] = (0.1, 0.3, 0.35, 0.25)
    """How likely 0, 1, 2 and 3 SMS are."""
    repeats_finish: float = 0.15
    refunds_after_sale: float = 0.1


class Play:
    """Plays on `market`, whose pushes come from an app that serves the numbers behind `deliver`.

    `numbers` are the numbers that stray SMS go to. A higher `tempo` makes everything faster.
    """

    def __init__(
        self,
        market: Market,
        deliver: Deliver,
        *,
        numbers: Sequence[str] = (),
        seed: int = 1,
        tempo: float = 1.0,
        manners: Manners | None = None,
    ) -> None:
        self.sent: list[SentSms] = []
        self._market = market
        self._deliver = deliver
        self._numbers = list(numbers)
        self._random = random.Random(seed)
        self._texts = Texts(random.Random(seed + 1))
        self._tempo = tempo
        self._manners = manners or Manners()
        self._rents = TaskKeeper()
        self._under_way = 0

    async def run(self, seconds: float) -> None:
        """Play for so long, then end every open rent; SMS already sent are left time to be pushed by `settle`."""
        strays = self._rents.start(self._send_strays(), "stray SMS")
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            while asyncio.get_running_loop().time() < deadline:
                await self._maybe_order()
                await self._pause(self._manners.seconds_between_orders, spread=0.5)
            strays.cancel()
            await self._rents_over(self._manners.longest_rent / self._tempo + DELIVERED_WITHIN)
        finally:
            await self._rents.close()

    async def settle(self, is_settled: Callable[[], bool], within: float = 15.0) -> bool:
        """Wait until the judge is content; False if it is not in time."""
        for _ in range(round(within / SETTLE_STEP)):
            if is_settled():
                return True
            await asyncio.sleep(SETTLE_STEP)
        return is_settled()

    async def _maybe_order(self) -> None:
        if self._under_way >= self._manners.most_rents:
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
            self._under_way += 1
            self._rents.start(self._live(rent), f"rent {rent.rent_id}")

    async def _live(self, rent: RentRecord) -> None:
        manners = self._manners
        try:
            length = self._random.uniform(manners.shortest_rent, manners.longest_rent)
            count = self._random.choices((0, 1, 2, 3), weights=manners.sms_of_a_rent)[0]
            for _ in range(count):
                await self._pause(length * 0.6 / count, spread=0.4)
                await self._send(rent.msisdn, rent.rent_id)
            await self._pause(length * 0.4 if count else length)
            await self._finish(rent, had_sms=count > 0)
        finally:
            self._under_way -= 1

    async def _finish(self, rent: RentRecord, *, had_sms: bool) -> None:
        status = self._random.choices((3, 1, 4, 5), weights=(85, 3, 6, 6) if had_sms else (0, 15, 80, 5))[0]
        total = rent.sum * self._random.choice((1, 1, 2)) if status == 3 else None
        await self._try_finish(rent, status, total)
        if self._random.random() < self._manners.repeats_finish:
            await self._try_finish(rent, status, total)
        if status == 3 and self._random.random() < self._manners.refunds_after_sale:
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
            await self._pause(self._manners.seconds_between_strays, spread=0.5)
            msisdn = self._random.choice(self._numbers)
            rent = self._market.record.open_rent_of(msisdn)
            if rent is None:
                await self._send(msisdn, None)

    async def _send(self, msisdn: str, rent_id: int | None) -> None:
        sender, text = self._texts.draw()
        try:
            async with asyncio.timeout(DELIVERED_WITHIN):
                await self._deliver(msisdn, sender, text)
        except (LookupError, ValueError, OSError, TimeoutError):
            # The card is out of its phone just now: the network would keep the message back.
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

    async def _rents_over(self, within: float) -> None:
        for _ in range(round(within / SETTLE_STEP)):
            if not self._under_way:
                return
            await asyncio.sleep(SETTLE_STEP)

    async def _pause(self, seconds: float, spread: float = 0.0) -> None:
        await asyncio.sleep(seconds * self._random.uniform(1 - spread, 1 + spread) / self._tempo)
