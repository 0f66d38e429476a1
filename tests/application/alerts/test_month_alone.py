"""A month on a virtual clock, with seeded faults and two restarts: what a user would have been told.

Each cause is told once and its end once; in quiet hours nobody is told anything but that nothing is sold.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bench.seeded.virtual_loop import VirtualLoop, run_virtually
from phonefarm.application.alerts.alerts import Alerts
from phonefarm.application.alerts.observer import Observation
from phonefarm.application.model.alerts import (
    STOPS_SALES,
    Alert,
    AlertPolicy,
    DeliveryFault,
    MessageKind,
    RuleKind,
)
from phonefarm.domain.alert_causes import (
    FailingChannel,
    FarmFacts,
    Fault,
    LastChance,
    LostHub,
    LostPhone,
    NothingForSale,
)
from phonefarm.support.tasks import Tasks
from phonefarm.wording.alerts import TITLES
from tests.builders import MINUTE
from tests.fakes.alerts import AlertStage, InlineExecutor, a_webhook

DAYS = 30
LOOK_SECONDS = 60.0
PHONES = 60
PHONES_A_HUB = 10


@dataclass(frozen=True, kw_only=True)
class Happening:
    """A fault with its begin and end; `number` tells those of one kind apart."""

    kind: RuleKind
    begin: datetime
    end: datetime
    number: int = 0

    @property
    def length(self) -> timedelta:
        return self.end - self.begin


def happenings(seed: int, start: datetime) -> list[Happening]:
    """A month of a farm: outages short and long, hubs that go dark, a night without anything for sale."""
    chance = random.Random(seed)
    plan = (
        # kind, how many a month, minutes at least, at most
        (RuleKind.TUNNEL_DOWN, 40, 0.5, 1.5),  # too short to be told
        (RuleKind.TUNNEL_DOWN, 3, 10, 60),
        (RuleKind.MARKET_DOWN, 5, 10, 300),
        (RuleKind.PHONES_LOST, 4, 15, 600),
        (RuleKind.NOTHING_FOR_SALE, 2, 20, 200),
        (RuleKind.PUSH_QUEUE, 4, 15, 100),
        (RuleKind.DISK, 1, 600, 900),
        (RuleKind.LAST_CHANCE, 12, 60, 600),
        (RuleKind.BACKUP, 2, 100, 400),
    )
    found = list[Happening]()
    for kind, count, least, most in plan:
        slots = [start + timedelta(days=DAYS * (place + 0.1) / count) for place in range(count)]
        for number, slot in enumerate(slots):
            begin = slot + timedelta(days=DAYS / count * chance.uniform(0, 0.3))
            found.append(
                Happening(
                    kind=kind, begin=begin, end=begin + timedelta(minutes=chance.uniform(least, most)), number=number
                )
            )
    return sorted(found, key=lambda happening: happening.begin)


@dataclass
class LivingFarm:
    """The facts of each moment of the month."""

    happenings: Sequence[Happening]
    loop: VirtualLoop
    started_at: datetime

    async def observe(self, policy: AlertPolicy, channels: Sequence[FailingChannel]) -> Observation:
        now = self.loop.clock()
        on = [happening for happening in self.happenings if happening.begin <= now < happening.end]
        by_kind = {happening.kind: happening for happening in on}

        def fault(kind: RuleKind) -> Fault | None:
            return Fault(since=by_kind[kind].begin) if kind in by_kind else None

        hubs = [happening for happening in on if happening.kind is RuleKind.PHONES_LOST]
        nothing, queue, disk = (
            by_kind.get(kind) for kind in (RuleKind.NOTHING_FOR_SALE, RuleKind.PUSH_QUEUE, RuleKind.DISK)
        )
        return Observation(
            facts=FarmFacts(
                started_at=self.started_at,
                tunnel=fault(RuleKind.TUNNEL_DOWN),
                market=fault(RuleKind.MARKET_DOWN),
                backup=fault(RuleKind.BACKUP),
                nothing_for_sale=NothingForSale(since=nothing.begin, health=None) if nothing else None,
                lost_hubs=[
                    LostHub(hub=f"1-{hub.number}", phones=frozenset(phones_of(hub)), at=hub.begin) for hub in hubs
                ],
                lost_phones=[
                    LostPhone(phone_id=phone, label=phone, at=hub.begin) for hub in hubs for phone in phones_of(hub)
                ],
                last_chances=[
                    LastChance(sim_id=f"sim {one.number}", tail="4567", since=one.begin)
                    for one in on
                    if one.kind is RuleKind.LAST_CHANCE
                ],
                oldest_push_at=queue.begin if queue else None,
                pushes_waiting=3 if queue else 0,
                free_bytes=10**9 if disk else 10**11,
                failing_channels=tuple(channels),
            )
        )


def phones_of(hub: Happening) -> list[str]:
    first = hub.number % (PHONES // PHONES_A_HUB) * PHONES_A_HUB
    return [f"#{number:03}" for number in range(first, first + PHONES_A_HUB)]


@dataclass
class Month:
    happenings: list[Happening]
    told: list[Alert]


def live(seed: int) -> Month:
    loop = VirtualLoop()
    loop.set_default_executor(InlineExecutor(1))
    start = loop.clock()
    month = happenings(seed, start)

    async def scenario() -> list[Alert]:
        tasks = Tasks()
        stage = AlertStage(tasks, loop.clock, look_seconds=LOOK_SECONDS).with_channels(
            a_webhook("well"), a_webhook("fails at times"), policy=AlertPolicy()
        )
        farm = LivingFarm(month, loop, start)
        for end in ends_of_runs(seed):
            farm.started_at = loop.clock()
            alerts = await begun(stage, farm, tasks, loop)
            run = tasks.start(alerts.run(), "alerts")
            while (left := (start + timedelta(days=end) - loop.clock()).total_seconds()) > 0:
                down = random.Random(f"{seed} {left}").random() < 0.1
                stage.notifier.faults = {"fails at times": DeliveryFault.SERVER_ERROR} if down else {}
                await asyncio.sleep(min(left, 3600.0))
            run.cancel()
            await alerts.stop()
        await tasks.stop()
        return [alert for name, alert in stage.notifier.arrived if name == "well"]

    return Month(month, run_virtually(scenario(), loop))


async def begun(stage: AlertStage, farm: LivingFarm, tasks: Tasks, loop: VirtualLoop) -> Alerts:
    alerts = Alerts(
        farm,
        stage.store,
        stage.notifier,
        stage.secrets,
        stage.hidden.append,
        tasks,
        loop.clock,
        stage.announcer.show_alert,
        zone=UTC,
        look_seconds=LOOK_SECONDS,
    )
    await alerts.start()
    return alerts


def ends_of_runs(seed: int) -> list[float]:
    """When the program ends and is started again, in days."""
    chance = random.Random(seed)
    return [chance.uniform(5, 12), chance.uniform(15, 25), float(DAYS)]


@pytest.fixture(scope="module", params=[1, 2, 3])
def month(request: pytest.FixtureRequest) -> Month:
    return live(request.param)


def about(alert: Alert, kind: RuleKind) -> bool:
    words = TITLES[kind].format(phones=PHONES_A_HUB, calls="", name="fails at times")
    return words in alert.title or words in alert.body or (kind is RuleKind.PHONES_LOST and "Hub " in alert.title)


def first(month: Month) -> list[Alert]:
    return [alert for alert in month.told if alert.kind in (MessageKind.FIRST, MessageKind.TOGETHER)]


def test_a_user_is_called_about_once_a_day_and_not_for_each_fault(month: Month) -> None:
    assert len(month.happenings) == 73
    assert 15 <= len(first(month)) <= 35
    assert len(month.told) <= 75


@pytest.mark.parametrize("kind", [RuleKind.TUNNEL_DOWN, RuleKind.NOTHING_FOR_SALE])
def test_each_stop_of_the_sales_is_told_once_day_or_night(month: Month, kind: RuleKind) -> None:
    long_ones = [
        happening for happening in month.happenings if happening.kind is kind and happening.length > 6 * MINUTE
    ]
    told = [alert for alert in first(month) if about(alert, kind)]

    assert len(told) == len(long_ones)
    for happening, alert in zip(long_ones, told, strict=True):
        assert timedelta() <= alert.at - happening.begin <= timedelta(minutes=7)


@pytest.mark.parametrize("kind", [RuleKind.MARKET_DOWN, RuleKind.PHONES_LOST, RuleKind.PUSH_QUEUE, RuleKind.BACKUP])
def test_no_fault_is_told_twice(month: Month, kind: RuleKind) -> None:
    told = Counter[int]()
    for alert in first(month):
        if about(alert, kind):
            told[sum(happening.begin <= alert.at for happening in month.happenings if happening.kind is kind)] += 1

    assert set(told.values()) <= {1}
    assert sum(told.values()) <= sum(happening.kind is kind for happening in month.happenings)


def test_by_day_each_fault_that_lasts_is_told(month: Month) -> None:
    by_day = [
        happening
        for happening in month.happenings
        if happening.kind in (RuleKind.MARKET_DOWN, RuleKind.PHONES_LOST, RuleKind.PUSH_QUEUE)
        and happening.length > 6 * MINUTE
        and 8 <= happening.begin.hour < 22
    ]

    assert by_day
    for happening in by_day:
        near = [alert for alert in first(month) if timedelta() <= alert.at - happening.begin <= 8 * MINUTE]
        assert any(about(alert, happening.kind) for alert in near), happening


def test_in_quiet_hours_nothing_is_told_but_that_nothing_is_sold(month: Month) -> None:
    at_night = [alert for alert in month.told if alert.at.hour >= 23 or alert.at.hour < 8]

    assert at_night
    for alert in at_night:
        assert any(about(alert, kind) for kind in STOPS_SALES), alert.title


def test_the_ends_match_what_was_told(month: Month) -> None:
    ends = [alert for alert in month.told if alert.kind is MessageKind.RECOVERY]

    assert 1 <= len(ends) <= len(first(month))
