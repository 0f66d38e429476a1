"""A market that answers by chance and never forgets: its record is the judge."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.pushes import Accepted, Failed, FailureKind, FinalRefusal, PushOutcome, SoftRefusal, TooMany

ANSWER_WITHIN = 10.0


@dataclass
class Weather:
    """Chances of each fault of an attempt; the rest is accepted."""

    down: float = 0.0
    """No connection: the market never sees it."""
    error: float = 0.0
    """HTTP 500, not taken."""
    lost: float = 0.0
    """Taken, and the answer never arrives."""
    too_many: float = 0.0
    soft: float = 0.0
    slow: float = 0.0
    """Ten seconds of nothing, not taken."""


@dataclass(kw_only=True)
class Take:
    """A message that the market took."""

    rent_id: int
    text: str
    at: float
    was_told: bool
    """Whether the 200 reached a process that was alive to read it."""


@dataclass
class SeededMarket:
    """Fulfils `PushChannel` for one life of the farm after the other."""

    chance: random.Random
    weather: Weather = field(default_factory=Weather)
    open_rents: dict[int, str] = field(default_factory=dict)
    """Number by id of the rents that the market knows and has not finished."""
    takes: list[Take] = field(default_factory=list)
    lost_answers: dict[str, int] = field(default_factory=dict)
    attempts: int = 0
    under_way: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    """Rules that the farm broke, in words."""

    async def push(self, message: PushMessage) -> PushOutcome:
        self.attempts += 1
        if message.text in self.under_way:
            self.broken.append(f"two attempts of {message.text!r} at once")
        self.under_way.add(message.text)
        try:
            return await self._answer(message)
        finally:
            self.under_way.discard(message.text)

    async def _answer(self, message: PushMessage) -> PushOutcome:
        await asyncio.sleep(self.chance.uniform(0.005, 0.4))
        drawn, weather = self.chance.random(), self.weather
        for share, outcome in (
            (weather.down, Failed(kind=FailureKind.UNREACHABLE, detail="no connection")),
            (weather.error, Failed(kind=FailureKind.ERROR, http_status=500, detail="HTTP 500")),
            (weather.too_many, TooMany()),
            (weather.soft, SoftRefusal(token="IGNORED")),
        ):
            if drawn < share:
                return outcome
            drawn -= share
        if drawn < weather.slow:
            await asyncio.sleep(ANSWER_WITHIN)
            return Failed(kind=FailureKind.UNREACHABLE, detail="no answer within 10 s")
        drawn -= weather.slow
        if self.open_rents.get(message.rent_id) != message.msisdn:
            return FinalRefusal(token="NO_OPERATION")
        take = Take(rent_id=message.rent_id, text=message.text, at=asyncio.get_running_loop().time(), was_told=False)
        self.takes.append(take)
        if drawn < weather.lost:
            self.lost_answers[message.text] = self.lost_answers.get(message.text, 0) + 1
            await asyncio.sleep(self.chance.uniform(0.0, ANSWER_WITHIN))
            return Failed(kind=FailureKind.UNREACHABLE, detail="the answer was lost")
        await asyncio.sleep(self.chance.uniform(0.0, 0.2))  # a crash may fall in here
        take.was_told = True
        return Accepted()
