"""The account of rents adds up in every grouping, and agrees with the market's account."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar, cast

import pytest

from phonefarm.adapters.catalog.market_account import read_account, sales_in
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.read_models import Difference, Grouping, MoneyRow
from phonefarm.application.ports.storage import Storage
from phonefarm.application.ports.views import Views
from phonefarm.application.trade.money import CACHED_FOR, Money
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import Msisdn, RentId, SimId
from phonefarm.domain.money import MarketSale, Sums, total
from phonefarm.domain.rents import FinishStatus
from tests.application.stored_farm import StoredFarm
from tests.builders import HOUR, ICCID, NUMBER, OTHER_ICCID, OTHER_PHONE, a_seen_sim

T = TypeVar("T")
DAY = timedelta(days=1)
ONE = a_seen_sim()
GERMAN_NUMBER = Msisdn("4915112345678")
TWO = a_seen_sim(OTHER_ICCID, msisdn=GERMAN_NUMBER, mcc_mnc="26201")
SOLD, CANCELLED, REFUNDED = FinishStatus.SOLD, FinishStatus.CANCELLED, FinishStatus.REFUNDED


class Office:
    """A farm of two SIMs in two phones, whose rents a test ends."""

    def __init__(self, database: Database) -> None:
        self.farm = StoredFarm(database)
        self.money = Money(database, read_account, self.farm.announcer, self.farm.clock)
        self.begin = self.farm.clock() - DAY
        self.market: list[MarketSale] = []

    async def open(self) -> None:
        await self.farm.seat(ONE)
        await self.farm.seat(TWO, phone=OTHER_PHONE)

    async def rent(self, status: FinishStatus, total_sum: str | None = None, expected: int = 320) -> RentId:
        issued = await self.farm.issue(expected=expected)
        assert issued is not None
        await self.farm.rentals.answered(issued.rent_id)
        self.farm.clock.forward(60)
        await self.finish(issued.rent_id, status, total_sum)
        credited = Decimal(total_sum if total_sum is not None else expected) if status is SOLD else Decimal(0)
        self.market.append(MarketSale(rent_id=issued.rent_id, credited=credited))
        return issued.rent_id

    async def finish(self, rent_id: RentId, status: FinishStatus, total_sum: str | None = None) -> None:
        await self.farm.rentals.finish(rent_id, status, None if total_sum is None else Decimal(total_sum))

    async def refund(self, rent_id: RentId) -> None:
        await self.finish(rent_id, REFUNDED)
        self.market = [sale for sale in self.market if sale.rent_id != rent_id]

    async def account(self, grouping: Grouping, end: datetime | None = None) -> list[MoneyRow]:
        return list(await self.money.account(grouping, self.begin, end or self.farm.clock() + HOUR))

    async def whole(self, grouping: Grouping = Grouping.DAY) -> Sums:
        return total(row.sums for row in await self.account(grouping))


@pytest.fixture
async def office(database: Database) -> Office:
    office = Office(database)
    await office.open()
    return office


async def test_sale_is_credited_with_the_sum_of_the_market(office: Office) -> None:
    await office.rent(SOLD, "870.50", expected=320)

    assert await office.whole() == Sums(rents=1, sold=1, expected=Decimal(320), credited=Decimal("870.50"))


async def test_sale_without_a_sum_counts_as_an_estimate(office: Office) -> None:
    await office.rent(SOLD, expected=320)

    assert (await office.whole()).estimated == 320


async def test_cancelled_rent_is_not_credited_whatever_its_sum(office: Office) -> None:
    await office.rent(CANCELLED, "999")

    assert await office.whole() == Sums(rents=1)


async def test_refund_is_reversed_at_its_own_time_and_once(office: Office) -> None:
    rent_id = await office.rent(SOLD, "500")
    sold_until = office.farm.clock() + HOUR
    office.farm.clock.forward(3 * DAY.total_seconds())

    for _ in range(3):
        await office.finish(rent_id, REFUNDED)

    assert total(row.sums for row in await office.account(Grouping.DAY, sold_until)).income == 500
    whole = await office.whole()
    assert (whole.credited, whole.reversed, whole.income) == (Decimal(500), Decimal(500), Decimal(0))
    assert [row.sums.income for row in await office.account(Grouping.DAY)] == [-500, 500]


async def test_refund_without_a_sale_changes_no_sum(office: Office) -> None:
    await office.rent(REFUNDED, "500")

    assert await office.whole() == Sums(rents=1)


async def test_lines_have_the_labels_of_their_group(office: Office) -> None:
    await office.rent(SOLD, "100")
    await office.rent(SOLD, "200")

    assert {row.key: row.label for row in await office.account(Grouping.SIM)} == {
        ICCID: NUMBER,
        OTHER_ICCID: GERMAN_NUMBER,
    }
    assert {row.key for row in await office.account(Grouping.OPERATOR)} == {"russia, mts", "germany, telekom"}
    assert {row.key for row in await office.account(Grouping.COUNTRY)} == {"russia", "germany"}
    assert len(await office.account(Grouping.PHONE)) == 2
    (day,) = await office.account(Grouping.DAY)
    assert day.key == office.farm.clock().astimezone().strftime("%Y-%m-%d")
    assert [row.key for row in await office.account(Grouping.MONTH)] == [day.key[:7]]


@pytest.mark.parametrize("seed", range(8))
async def test_every_grouping_adds_up_to_the_same_and_agrees_with_the_market(
    office: Office, seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    sold: list[RentId] = []
    for _ in range(25):
        office.farm.clock.forward(chance.randint(1, 200_000))
        for sim in (ICCID, OTHER_ICCID):
            with suppress(KnownError):  # it is not banned
                await office.farm.rentals.lift_ban(SimId(sim))
        status = chance.choice([SOLD, SOLD, CANCELLED, FinishStatus.NOT_ORDERED])
        amount = f"{chance.randint(1, 99_999)}.{chance.randint(0, 99):02}" if chance.random() < 0.8 else None
        rent_id = await office.rent(status, amount, expected=chance.randint(1, 999))
        if status is SOLD:
            sold.append(rent_id)
        if sold and chance.random() < 0.2:
            await office.refund(sold.pop(chance.randrange(len(sold))))

    wholes = [await office.whole(grouping) for grouping in Grouping]

    assert all(whole == wholes[0] for whole in wholes)
    assert wholes[0].income == sum((sale.credited for sale in office.market), Decimal(0))
    account = tmp_path / "market.csv"
    account.write_text("rent_id;sum\n" + "".join(f"{s.rent_id};{s.credited}\n" for s in office.market))
    assert await office.money.reconcile(str(account), office.begin, office.farm.clock() + HOUR) == []


class WatchedStorage:
    """Passes reads on, and records which periods of the account are summed."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.summed: list[tuple[datetime, datetime]] = []

    async def read(self, query: Callable[[Views], T]) -> T:
        return await self._storage.read(lambda views: query(cast(Views, WatchedViews(views, self.summed))))


class WatchedViews:
    def __init__(self, views: Views, summed: list[tuple[datetime, datetime]]) -> None:
        self.rows = views.rows
        self._money = views.money
        self._summed = summed

    def money(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        self._summed.append((begin, end))
        return self._money(grouping, begin, end)


APRIL = datetime(2026, 4, 1).astimezone()


@pytest.fixture
async def watched(office: Office, database: Database) -> WatchedStorage:
    """An office with a sale in March, whose clock is in April."""
    storage = WatchedStorage(database)
    office.money = Money(cast(Storage, storage), read_account, office.farm.announcer, office.farm.clock)
    await announced(office, office.rent(SOLD, "500"))
    office.farm.clock.forward(30 * DAY.total_seconds())
    return storage


async def announced(office: Office, deed: Awaitable[T]) -> T:
    """Do it, and wait until the listeners were called."""
    heard = asyncio.Event()
    unsubscribe = office.farm.announcer.subscribe(lambda _: heard.set())
    done = await deed
    await heard.wait()
    unsubscribe()
    return done


async def test_finished_months_are_cached(office: Office, watched: WatchedStorage) -> None:
    first = await office.whole()
    await office.rent(SOLD, "70")
    watched.summed.clear()

    second = await office.whole()

    assert first.income == 500
    assert second.income == 570
    assert [begin for begin, _ in watched.summed] == [APRIL]


async def test_announced_refund_of_a_finished_month_clears_the_cache(office: Office, watched: WatchedStorage) -> None:
    rent_id = await office.rent(SOLD, expected=320)
    office.farm.clock.forward(31 * DAY.total_seconds())
    assert (await office.whole()).estimated == 320

    await announced(office, office.refund(rent_id))

    whole = await office.whole()
    assert whole.estimated == 0
    assert whole.income == 500


async def test_cache_of_finished_months_expires(office: Office, watched: WatchedStorage) -> None:
    await office.whole()
    watched.summed.clear()

    office.farm.clock.forward(CACHED_FOR.total_seconds())
    await office.whole()

    assert [begin for begin, _ in watched.summed] == [office.begin, APRIL]


async def test_finished_months_and_this_month_are_one_line(office: Office, watched: WatchedStorage) -> None:
    await office.rent(SOLD, "70")
    await office.rent(SOLD, "30")

    countries = [row.key for row in await office.account(Grouping.COUNTRY)]

    assert countries == ["germany", "russia"]


async def test_difference_from_the_markets_account_is_returned(office: Office, tmp_path: Path) -> None:
    rent_id = await office.rent(SOLD, "500")
    account = tmp_path / "market.csv"
    account.write_text(f"activationId,amount\n{rent_id},480.00\n")

    found = await office.money.reconcile(str(account), office.begin, office.farm.clock() + HOUR)

    assert found == [Difference(rent_id=rent_id, ours=Decimal(500), theirs=Decimal(480))]


async def test_account_that_ends_before_it_begins_is_refused(office: Office) -> None:
    with pytest.raises(KnownError, match="after its begin"):
        await office.money.account(Grouping.DAY, office.begin, office.begin)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a,b\n1,2\n", "no line names the columns"),
        ("rent_id,sum\nx,2\n", "line 2: 'x' is no rent's id"),
        ("rent_id,sum\n1,two\n", "line 2: 'two' is no sum of money"),
        ("rent_id,sum\n1,1e9999999\n", "no sum of money"),
        ("rent_id,sum\n1,\n", "no sum of money"),
    ],
)
def test_account_that_is_not_understood_is_refused_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "account.csv"
    path.write_text(text)

    with pytest.raises(KnownError, match=complaint):
        sales_in(path)


def test_sums_are_understood_as_people_write_them(tmp_path: Path) -> None:
    path = tmp_path / "account.csv"
    path.write_text("Report of March\nOperation;Сумма\n1;1 320,50 ₽\n\n2;-7\n", encoding="utf-8")

    assert sales_in(path) == [
        MarketSale(rent_id=1, credited=Decimal("1320.50")),
        MarketSale(rent_id=2, credited=Decimal(-7)),
    ]
