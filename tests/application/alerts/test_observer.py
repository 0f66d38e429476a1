"""The facts of a real farm: what the alerts know of phones, numbers, orders and parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.alerts.alerts import local_hour
from phonefarm.application.alerts.observer import FROM_STORAGE, FarmObserver, Observation, PcFacts
from phonefarm.application.model.health_board import MARKET, STORAGE, HealthBoard
from phonefarm.application.model.read_models import HealthKind, Overview, PhoneState, Verdict
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.application.trade.sales_gate import Closure, Obstacle
from phonefarm.domain.alert_causes import FarmFacts
from phonefarm.domain.alert_rules import AlertPolicy, Rule, RuleKind
from phonefarm.domain.health import health, problem
from phonefarm.domain.order_gaps import hour_of
from tests.application.desk.office import Office
from tests.builders import HOUR, ICCID, MINUTE, NOON, OTHER_ICCID, PHONE, a_seen_sim

POLICY = AlertPolicy(rules=(Rule(kind=RuleKind.WRONG_KEYS, is_on=True, values=(20, 10)),))


@dataclass
class Post:
    """An observer of the farm of an office."""

    office: Office
    database: Database
    wrong_keys: int = 0
    free_bytes: int = 10**12
    is_storage_silent: bool = False
    asked_pc: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.observer = FarmObserver(
            overview=self.overview,
            storage=self.database,
            health=self.health,
            closure=lambda: self.office.closure,
            wrong_keys=lambda: self.wrong_keys,
            pc=PcFacts(free_bytes=self.free, newest_backup_at=lambda: NOON, newest_crash=lambda: ("crash-1.txt", NOON)),
            clock=self.office.farm.clock,
            local=lambda hour: local_hour(hour, UTC),
        )

    @property
    def health(self) -> HealthBoard:
        return self.office.health

    def free(self) -> int:
        self.asked_pc.append("free")
        return self.free_bytes

    async def overview(self) -> Overview:
        if self.is_storage_silent:
            raise StorageFailing("The database does not answer.")
        return await self.office.overview()

    async def observe(self, forward: timedelta = timedelta()) -> FarmFacts:
        self.office.farm.clock.forward(forward.total_seconds())
        return (await self.observation()).facts

    async def observation(self) -> Observation:
        return await self.observer.observe(POLICY, ())


@pytest.fixture
def post(database: Database) -> Post:
    return Post(Office(database), database)


async def seat(post: Post, *iccids: str) -> None:
    sims = [
        a_seen_sim(iccid, slot=slot, sub_id=slot + 1, msisdn=f"7928123456{slot}") for slot, iccid in enumerate(iccids)
    ]
    await post.office.farm.seat(*sims)


async def test_a_farm_that_sells_has_no_fault(post: Post) -> None:
    await seat(post, ICCID)

    facts = await post.observe()

    assert (facts.nothing_for_sale, facts.tunnel, facts.market, facts.key, facts.backup) == (None,) * 5
    assert facts.numbers_working == 1
    assert not facts.lost_phones
    assert (facts.crash, facts.newest_backup_at, facts.free_bytes) == ("crash-1.txt", NOON, 10**12)


async def test_a_farm_without_phones_misses_nothing(post: Post) -> None:
    assert (await post.observe()).nothing_for_sale is None


async def test_a_phone_that_left_is_lost_and_with_the_last_nothing_is_for_sale(post: Post) -> None:
    await seat(post, ICCID)
    await post.office.farm.phone(state=PhoneState.GONE)

    facts = await post.observe(HOUR)

    assert [phone.phone_id for phone in facts.lost_phones] == [PHONE]
    assert facts.nothing_for_sale is not None
    assert facts.nothing_for_sale.phones == {PHONE}


@pytest.mark.parametrize("obstacle", [Obstacle.KEY, Obstacle.DATABASE, Obstacle.CLOCK])
async def test_what_closes_the_sales_is_told_with_its_cause(post: Post, obstacle: Obstacle) -> None:
    await seat(post, ICCID)
    post.office.closure = Closure(obstacle=obstacle, problem=problem("why"), since=NOON)

    found = (await post.observe()).nothing_for_sale

    assert found is not None
    assert (found.health, found.is_clock) == (problem("why"), obstacle is Obstacle.CLOCK)


async def test_selling_that_the_user_paused_is_no_fault(post: Post) -> None:
    await seat(post, ICCID)
    post.office.closure = Closure(obstacle=Obstacle.PAUSED, problem=problem("paused"), since=NOON)

    assert (await post.observe()).nothing_for_sale is None


async def test_the_market_is_down_or_refuses_the_key(post: Post) -> None:
    post.health.report(MARKET, Verdict.WARN, health(HealthKind.UNREACHABLE, cause="no answer"))
    down = await post.observe()
    post.health.report(MARKET, Verdict.FAIL, health(HealthKind.KEY_REFUSED, http_status=401))
    refused = await post.observe()
    post.health.report(MARKET, Verdict.WARN, health(HealthKind.REFUSED_ONE, token="BAD_SERVICE"))
    refused_one = await post.observe()

    assert (down.market is not None, down.key) == (True, None)
    assert (refused.market, refused.key is not None) == (None, True)
    assert (refused_one.market, refused_one.key) == (None, None)


async def test_a_backup_that_fails_is_told_apart_from_the_database(post: Post) -> None:
    post.health.report(STORAGE, Verdict.WARN, problem("disk full"), part="backup")

    facts = await post.observe()

    assert facts.backup is not None
    assert facts.backup.health == problem("disk full")


async def test_wrong_keys_are_counted_within_the_minutes_of_the_rule(post: Post) -> None:
    counts = list[int]()
    for calls in (0, 8, 8, 0, 30):
        post.wrong_keys += calls
        counts.append((await post.observe(5 * MINUTE)).wrong_key_calls)

    assert counts == [0, 8, 16, 8, 30]


async def test_a_number_that_one_more_failure_bans_is_told_by_its_last_digits(post: Post) -> None:
    await seat(post, ICCID)
    await post.office.farm.fail_rent()
    before = await post.observe()
    await post.office.farm.fail_rent()

    facts = await post.observe()

    assert not before.last_chances
    assert [(chance.sim_id, chance.tail) for chance in facts.last_chances] == [(ICCID, "4560")]


async def test_orders_are_missed_only_while_they_could_have_come(post: Post) -> None:
    await seat(post, ICCID, OTHER_ICCID)
    await post.office.farm.rent()
    ordered = (await post.observe()).last_order_at
    post.health.report("storage", Verdict.PASS, problem("well"))
    post.office.closure = Closure(obstacle=Obstacle.KEY, problem=problem("why"), since=NOON)
    hindered = await post.observe(HOUR)
    post.office.closure = None
    free = await post.observe(HOUR)

    assert ordered is not None
    assert hindered.orders_possible_since == ordered + HOUR
    assert free.orders_possible_since == ordered + HOUR


async def test_without_the_database_nothing_is_known_of_what_it_holds(post: Post) -> None:
    post.is_storage_silent = True
    post.office.closure = Closure(obstacle=Obstacle.DATABASE, problem=problem("why"), since=NOON)

    observation = await post.observation()

    assert observation.unobserved == FROM_STORAGE
    assert observation.facts.nothing_for_sale is not None
    assert observation.facts.nothing_for_sale.is_database


async def test_the_disk_is_asked_once_a_minute(post: Post) -> None:
    for _ in range(13):
        await post.observe(timedelta(seconds=10))

    assert len(post.asked_pc) == 3


def test_hours_are_local() -> None:
    moments: Sequence[datetime] = [local_hour(int(NOON.timestamp()) // 3600, UTC)]

    assert moments == [NOON]


async def test_orders_are_counted_by_the_hour(post: Post, database: Database) -> None:
    await seat(post, ICCID, OTHER_ICCID)
    await post.office.farm.rent()
    post.office.farm.clock.forward(3600)
    await post.office.farm.rent()
    begin = hour_of(NOON)

    all_orders = await database.read(lambda views: views.orders_by_hour(NOON - HOUR))
    later = await database.read(lambda views: views.orders_by_hour(NOON + HOUR))

    assert all_orders == {begin: 1, begin + 1: 1}
    assert later == {begin + 1: 1}
