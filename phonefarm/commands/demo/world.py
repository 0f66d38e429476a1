"""The demo's environment: virtual phones on a real adb server, and a market with scripted traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import AsyncExitStack
from types import TracebackType

from phonefarm.simulation.answers import AnswerPolicy
from phonefarm.simulation.commands import FAULT_RATES
from phonefarm.simulation.delivery_audit import MessageKey, Summary, audit_deliveries, unseen_messages
from phonefarm.simulation.farm import VirtualFarm, make_mixed_farm
from phonefarm.simulation.market import Market
from phonefarm.simulation.scripted_market import ScriptedMarket, TrafficProfile

MIXED = 12
ENDLESS_SECONDS = 10.0 * 365 * 24 * 3600
UNHURRIED_SECONDS = 60.0
FINISH_GRACE_SECONDS = 1.0
"""An SMS delivered within this time before the end of its rent may be too late."""


class World:
    """`async with World(...)` starts and connects the phones and the market; `start_traffic` starts orders and SMS."""

    def __init__(self, adb_port: int, key: str, *, phones: int, seed: int) -> None:
        self._adb_port = adb_port
        self.farm = make_mixed_farm(seed=seed) if phones == MIXED else VirtualFarm(phones, seed)
        self.market = Market("", key, policy=AnswerPolicy(seed=seed, chances=FAULT_RATES))
        self._seed = seed
        self._stack = AsyncExitStack()
        self._script: ScriptedMarket | None = None
        self._traffic_task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> World:
        await self._stack.enter_async_context(self.farm)
        await self._stack.enter_async_context(self.market)
        await self.farm.connect_to("127.0.0.1", self._adb_port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.end_traffic()
        await self._stack.aclose()

    def start_traffic(self, webhooks: str, pace: float | None) -> None:
        """Order from the app at `webhooks` and send SMS until `end_traffic`; a short `pace` makes short rents."""
        self.market.target_url = webhooks
        numbers = [sim.msisdn for _, _, sim in self.farm.sims()]
        self._script = ScriptedMarket(
            self.market, self.farm.deliver, numbers=numbers, seed=self._seed, traffic=_traffic(pace)
        )
        self._traffic_task = asyncio.get_running_loop().create_task(self._script.run(ENDLESS_SECONDS), name="play")

    async def end_traffic(self) -> None:
        """Stop ordering and sending; open rents stay open."""
        if self._traffic_task is not None:
            self._traffic_task.cancel()
            await asyncio.wait([self._traffic_task])

    def are_all_delivered(self) -> bool:
        """Whether the market has received a push for each SMS to a rented number."""
        return self._script is None or not unseen_messages(self._script.sent, self.market.record)

    def summary(self, app_counts: dict[str, int], with_app: Collection[MessageKey]) -> Summary:
        """Audit the deliveries; `with_app` lists the messages that wait in the app."""
        sent = self._script.sent if self._script is not None else []
        return audit_deliveries(
            sent, self.market.record, app_counts, with_app=with_app, finish_grace=FINISH_GRACE_SECONDS
        )


def _traffic(pace: float | None) -> TrafficProfile:
    """Short rents for a short demo, longer ones for a long demo."""
    scale = 1.0 if pace is None else min(max(pace / UNHURRIED_SECONDS, 0.15), 1.0)
    return TrafficProfile(
        seconds_between_orders=1.2 * max(scale, 0.5),
        seconds_between_strays=9.0 * scale,
        shortest_rent=10.0 * scale,
        longest_rent=40.0 * scale,
        most_rents=14,
    )
