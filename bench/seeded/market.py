"""A market that answers at random and records all accepted pushes."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.pushes import Accepted, Failed, FailureKind, FinalRefusal, PushOutcome, SoftRefusal, TooMany

ANSWER_TIMEOUT_SECONDS = 10.0


@dataclass
class FaultRates:
    """Probabilities of the faults of an attempt; all other attempts are accepted."""

    down: float = 0.0
    """No connection: the market receives nothing."""
    error: float = 0.0
    """HTTP 500, not accepted."""
    lost: float = 0.0
    """Accepted, but the answer is lost."""
    too_many: float = 0.0
    soft: float = 0.0
    slow: float = 0.0
    """No answer for ten seconds, not accepted."""


@dataclass(kw_only=True)
class AcceptedPush:
    """A message that the market accepted."""

    rent_id: int
    text: str
    at: float
    was_acknowledged: bool
    """Whether the 200 reached a running process."""


@dataclass
class SeededMarket:
    """A `PushChannel` that is shared by the successive processes of the farm."""

    rng: random.Random
    fault_rates: FaultRates = field(default_factory=FaultRates)
    open_rents: dict[int, str] = field(default_factory=dict)
    """Numbers of the rents that the market knows and has not finished, by rent id."""
    accepted_pushes: list[AcceptedPush] = field(default_factory=list)
    lost_answers: dict[str, int] = field(default_factory=dict)
    attempts: int = 0
    in_flight: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    """Descriptions of the rules that the farm violated."""

    async def push(self, message: PushMessage) -> PushOutcome:
        self.attempts += 1
        if message.text in self.in_flight:
            self.violations.append(f"two attempts of {message.text!r} at once")
        self.in_flight.add(message.text)
        try:
            return await self._answer(message)
        finally:
            self.in_flight.discard(message.text)

    async def _answer(self, message: PushMessage) -> PushOutcome:
        await asyncio.sleep(self.rng.uniform(0.005, 0.4))
        drawn, fault_rates = self.rng.random(), self.fault_rates
        for share, outcome in (
            (fault_rates.down, Failed(kind=FailureKind.UNREACHABLE, detail="no connection")),
            (fault_rates.error, Failed(kind=FailureKind.ERROR, http_status=500, detail="HTTP 500")),
            (fault_rates.too_many, TooMany()),
            (fault_rates.soft, SoftRefusal(token="IGNORED")),
        ):
            if drawn < share:
                return outcome
            drawn -= share
        if drawn < fault_rates.slow:
            await asyncio.sleep(ANSWER_TIMEOUT_SECONDS)
            return Failed(kind=FailureKind.UNREACHABLE, detail="no answer within 10 s")
        drawn -= fault_rates.slow
        if self.open_rents.get(message.rent_id) != message.msisdn:
            return FinalRefusal(token="NO_OPERATION")
        push = AcceptedPush(
            rent_id=message.rent_id, text=message.text, at=asyncio.get_running_loop().time(), was_acknowledged=False
        )
        self.accepted_pushes.append(push)
        if drawn < fault_rates.lost:
            self.lost_answers[message.text] = self.lost_answers.get(message.text, 0) + 1
            await asyncio.sleep(self.rng.uniform(0.0, ANSWER_TIMEOUT_SECONDS))
            return Failed(kind=FailureKind.UNREACHABLE, detail="the answer was lost")
        await asyncio.sleep(self.rng.uniform(0.0, 0.2))  # a crash may happen during this time
        push.was_acknowledged = True
        return Accepted()
