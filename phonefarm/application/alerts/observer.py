"""Gathers what the engine knows into the facts that the rules of the alerts are about."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from phonefarm.application.model.health_board import MARKET, STORAGE, TUNNEL, HealthBoard
from phonefarm.application.model.read_models import (
    AttentionKind,
    HealthCheck,
    HealthKind,
    Overview,
    PhoneRow,
    PhoneState,
    SimRow,
    SimStanding,
    Verdict,
)
from phonefarm.application.model.row_queries import PHONES, SIMS
from phonefarm.application.ports.storage import Storage, StorageFailing
from phonefarm.application.ports.views import Views
from phonefarm.application.trade.sales_gate import SKEW_VALID_FOR, Closure, Obstacle
from phonefarm.domain.alert_causes import (
    FailingChannel,
    FarmFacts,
    Fault,
    LastChance,
    LostHub,
    LostPhone,
    NothingForSale,
)
from phonefarm.domain.alert_rules import AlertPolicy, RuleKind
from phonefarm.domain.bans import one_more_failure_bans
from phonefarm.domain.clock_trust import agreed_skew
from phonefarm.domain.order_gaps import LEARNED_FROM, LocalTime, UsualOrders
from phonefarm.support.clock import Clock

BACKUP_PART = "backup"
TAIL_DIGITS = 4
USUAL_ORDERS_GOOD_FOR = timedelta(minutes=10)
SLOW_FACTS_GOOD_FOR = timedelta(minutes=1)
CHANNEL_GRACE = timedelta(minutes=10)
"""A channel that fails for less is tried again first."""
_OUTAGES = frozenset({HealthKind.UNREACHABLE, HealthKind.ERRORS})
FROM_STORAGE = frozenset(
    {RuleKind.PHONES_LOST, RuleKind.LAST_CHANCE, RuleKind.NO_ORDERS, RuleKind.PUSH_QUEUE, RuleKind.CLOCK}
)
"""Rules about which nothing is known while the database cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    facts: FarmFacts
    unobserved: frozenset[RuleKind] = frozenset()


class Observer(Protocol):
    async def observe(self, policy: AlertPolicy, channels: Sequence[FailingChannel]) -> Observation: ...


@dataclass(frozen=True, kw_only=True)
class PcFacts:
    """What this PC tells beside the database; each call may wait for the disk."""

    free_bytes: Callable[[], int | None]
    newest_backup_at: Callable[[], datetime | None]
    newest_crash: Callable[[], tuple[str, datetime] | None]
    """The name of a report of a crash at the last run, and its time."""


class _Stored(NamedTuple):
    phones: Sequence[PhoneRow]
    sims: Sequence[SimRow]
    skews: Sequence[timedelta]
    last_order_at: datetime | None


class FarmObserver:
    def __init__(
        self,
        *,
        overview: Callable[[], Awaitable[Overview]],
        storage: Storage,
        health: HealthBoard,
        closure: Callable[[], Closure | None],
        wrong_keys: Callable[[], int],
        pc: PcFacts,
        clock: Clock,
        local: LocalTime,
    ) -> None:
        """`wrong_keys`: how many calls with a wrong key there have been since the start."""
        self._overview = overview
        self._storage = storage
        self._health = health
        self._closure = closure
        self._wrong_keys = wrong_keys
        self._pc = pc
        self._clock = clock
        self._local = local
        self._started_at = clock()
        self._hindered_at = self._started_at
        self._wrong_key_counts = deque[tuple[datetime, int]]()
        self._usual: tuple[datetime, UsualOrders] | None = None
        self._slow: tuple[datetime, int | None, datetime | None, tuple[str, datetime] | None] | None = None

    async def observe(self, policy: AlertPolicy, channels: Sequence[FailingChannel]) -> Observation:
        now = self._clock()
        overview, stored, usual = await self._of_database(now)
        free, newest_backup, crash = await self._of_pc(now)
        checks = {check.name: check for check in self._health.checks()}
        tunnel = _failing(checks.get(TUNNEL))
        nothing = self._nothing_for_sale(overview)
        possible_since = self._orders_possible_since(overview, stored, tunnel, nothing, now)
        phones = () if stored is None else stored.phones
        facts = FarmFacts(
            started_at=self._started_at,
            nothing_for_sale=nothing,
            lost_phones=[_lost(phone) for phone in phones if _is_lost(phone, now)],
            lost_hubs=() if overview is None else _hubs(overview),
            numbers_working=0 if overview is None else overview.numbers_working,
            tunnel=tunnel,
            market=_outage(checks[MARKET]),
            key=_failing(checks[MARKET]),
            wrong_key_calls=self._wrong_key_calls(policy, now),
            last_chances=() if stored is None else _last_chances(stored.sims, now),
            last_order_at=None if stored is None else stored.last_order_at,
            orders_possible_since=possible_since,
            gap_unusual_at=None if usual is None or possible_since is None else usual.unusual_at(possible_since),
            oldest_push_at=None if overview is None else overview.oldest_waiting_push_at,
            pushes_waiting=0 if overview is None else overview.counts.pushes_waiting,
            free_bytes=free,
            clock_off_by=None if stored is None else _clock_off_by(stored.skews),
            backup=_not_passing(self._health.part(STORAGE, BACKUP_PART)),
            newest_backup_at=newest_backup,
            crash=crash[0] if crash is not None else "",
            crashed_at=crash[1] if crash is not None else None,
            failing_channels=channels,
        )
        return Observation(facts=facts, unobserved=frozenset() if overview is not None else FROM_STORAGE)

    async def _of_database(self, now: datetime) -> tuple[Overview | None, _Stored | None, UsualOrders | None]:
        try:
            overview = await self._overview()
            stored = await self._storage.read(lambda views: _read(views, now))
            return overview, stored, await self._usual_orders(now)
        except StorageFailing:
            return None, None, None

    async def _usual_orders(self, now: datetime) -> UsualOrders:
        known = self._usual
        if known is not None and timedelta(0) <= now - known[0] < USUAL_ORDERS_GOOD_FOR:
            return known[1]
        orders: Mapping[int, int] = await self._storage.read(lambda views: views.orders_by_hour(now - LEARNED_FROM))
        usual = UsualOrders(orders, now, self._local)
        self._usual = (now, usual)
        return usual

    async def _of_pc(self, now: datetime) -> tuple[int | None, datetime | None, tuple[str, datetime] | None]:
        known = self._slow
        if known is None or not timedelta(0) <= now - known[0] < SLOW_FACTS_GOOD_FOR:
            free, backup, crash = await asyncio.gather(
                asyncio.to_thread(self._pc.free_bytes),
                asyncio.to_thread(self._pc.newest_backup_at),
                asyncio.to_thread(self._pc.newest_crash),
            )
            self._slow = known = (now, free, backup, crash)
        return known[1:]

    def _nothing_for_sale(self, overview: Overview | None) -> NothingForSale | None:
        """Not where the user wants it so, nor where no phone has been connected yet."""
        closure = self._closure()
        if closure is not None:
            if closure.obstacle is Obstacle.PAUSED or (overview is not None and not overview.phones_of_farm):
                return None
            return NothingForSale(
                since=closure.since,
                health=closure.problem,
                is_clock=closure.obstacle is Obstacle.CLOCK,
                is_database=closure.obstacle is Obstacle.DATABASE,
            )
        if overview is None or overview.numbers_working or not overview.phones_of_farm:
            return None
        need = next((need for need in overview.attention if need.kind is AttentionKind.NOTHING_WORKS), None)
        if need is None or need.shortage is None or need.shortage.cause is SimStanding.HELD_BACK:
            return None
        is_gone = need.shortage.cause is PhoneState.GONE
        phones = frozenset(need.shortage.phones) if is_gone else frozenset[str]()
        return NothingForSale(since=need.since, health=need.health, phones=phones)

    def _orders_possible_since(
        self,
        overview: Overview | None,
        stored: _Stored | None,
        tunnel: Fault | None,
        nothing: NothingForSale | None,
        now: datetime,
    ) -> datetime | None:
        """The last order, or the end of what kept orders away since then."""
        if overview is None or tunnel is not None or nothing is not None or not overview.counts.numbers_on_offer:
            self._hindered_at = now
        if stored is None or stored.last_order_at is None:
            return None
        return max(stored.last_order_at, self._hindered_at)

    def _wrong_key_calls(self, policy: AlertPolicy, now: datetime) -> int:
        """Within the minutes of the rule."""
        _, minutes = policy.values_of(RuleKind.WRONG_KEYS) or (0, 0)
        counts = self._wrong_key_counts
        if not counts:
            counts.append((self._started_at, 0))
        counts.append((now, self._wrong_keys()))
        while len(counts) > 2 and counts[1][0] <= now - timedelta(minutes=minutes):
            counts.popleft()
        return counts[-1][1] - counts[0][1]


def _read(views: Views, now: datetime) -> _Stored:
    return _Stored(
        phones=views.rows(PHONES, None, now),
        sims=views.rows(SIMS, None, now),
        skews=views.clock_skews(now - SKEW_VALID_FOR),
        last_order_at=views.newest_order_at(),
    )


def _failing(check: HealthCheck | None) -> Fault | None:
    return Fault(since=check.since, health=check.health) if check and check.verdict is Verdict.FAIL else None


def _not_passing(check: HealthCheck | None) -> Fault | None:
    return Fault(since=check.since, health=check.health) if check and check.verdict is not Verdict.PASS else None


def _outage(check: HealthCheck) -> Fault | None:
    is_out = check.verdict is Verdict.WARN and check.health.kind in _OUTAGES
    return Fault(since=check.since, health=check.health) if is_out else None


def _is_lost(phone: PhoneRow, now: datetime) -> bool:
    return phone.state is PhoneState.GONE and phone.is_of_farm(now)


def _lost(phone: PhoneRow) -> LostPhone:
    return LostPhone(phone_id=phone.phone_id, label=phone.label, at=phone.since, has_rents=phone.rents_open > 0)


def _hubs(overview: Overview) -> list[LostHub]:
    return [
        LostHub(hub=need.subject, phones=frozenset(need.keys), at=need.since)
        for need in overview.attention
        if need.kind is AttentionKind.PHONES_LEFT
    ]


def _last_chances(sims: Sequence[SimRow], now: datetime) -> list[LastChance]:
    return [
        LastChance(sim_id=sim.sim_id, tail=sim.msisdn[-TAIL_DIGITS:], since=sim.last_rented_at or now)
        for sim in sims
        if one_more_failure_bans(sim.unused_in_a_row)
        and sim.standing not in (SimStanding.OUT, SimStanding.AWAY, SimStanding.HELD_BACK)
    ]


def _clock_off_by(skews: Sequence[timedelta]) -> timedelta | None:
    skew = agreed_skew(skews)
    return None if skew is None else -skew
