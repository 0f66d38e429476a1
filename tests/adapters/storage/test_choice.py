"""An order gets the SIM that the rule gives over the whole farm, though the database reads few SIMs."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert
from sqlalchemy.engine import Engine
from sqlalchemy.pool import StaticPool

from phonefarm.adapters.storage.sim_records import SqlSimRecords
from phonefarm.adapters.storage.tables import metadata, phone_conditions, phones, sims
from phonefarm.adapters.storage.unit_of_work import SqlUnitOfWork
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.application.trade.rentals import choice
from phonefarm.domain.allocation import Order, choose, issue_key, on_offer
from phonefarm.domain.ids import Msisdn, RentId, SimId
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.sims import SlotState
from tests.adapters.storage.conftest import Store
from tests.application.stored_farm import StoredFarm
from tests.builders import HOUR, NOON, a_rent

FARMS = 40
COUNTRIES = ("russia", "Russia", "ukraine", "")
OPERATORS = ("mts", "M-TS", "tele2", "")


class RollBack(Exception):
    """Rolls a unit of work back after its result was compared."""


def store_a_farm(uow: SqlUnitOfWork, chance: random.Random) -> None:
    numbers = [f"7928{n:07d}" for n in range(12)]
    connection = uow._connection
    for n in range(8):
        state = chance.choice([PhoneState.READY] * 5 + [PhoneState.OFFLINE])
        row = {"phone_id": f"p{n}@pc:1", "server": "pc:1", "serial": f"p{n}", "handset": f"p{n}", "state": state.value}
        connection.execute(insert(phones).values(**row, detail="", state_since=NOON))
        if chance.random() < 0.2:
            condition = chance.choice(["storage full", "hot"])
            connection.execute(
                insert(phone_conditions).values(phone_id=row["phone_id"], condition=condition, since=NOON)
            )
    rented: set[str] = set()
    for n in range(20):
        number = chance.choice([*numbers, None])
        connection.execute(
            insert(sims).values(
                sim_id=f"{n:019d}",
                msisdn=number,
                country=chance.choice(COUNTRIES),
                operator=chance.choice(OPERATORS),
                phone_id=chance.choice([f"p{n % 8}@pc:1"] * 9 + [None]),
                slot_state=chance.choice([SlotState.READY] * 6 + [SlotState.PIN, SlotState.OUT]).value,
                seen_at=NOON,
                held_reason=chance.choice([None] * 9 + ["broken"]),
                unused_in_a_row=chance.choice([0, 0, 1, 2]),
                banned_until=chance.choice([None, None, NOON + HOUR, NOON, NOON - HOUR]),
                last_rented_at=chance.choice([None, NOON - HOUR, NOON - timedelta(days=1)]),
            )
        )
        if number is not None and number not in rented and chance.random() < 0.2:
            rented.add(number)
            uow.rents.add(a_rent(rent_id=RentId(n), sim_id=SimId(f"{n:019d}"), msisdn=Msisdn(number)))


def an_order(chance: random.Random) -> Order:
    return Order(
        country=chance.choice([None, "RUSSIA", "ukraine", "poland"]),
        operator=chance.choice([None, "MTS", "tele 2"]),
        excluded_prefixes=chance.choice([(), ("79280000001", "79280000002")]),
    )


def by_the_rule(uow: UnitOfWork, order: Order, now: datetime) -> SimId | None:
    offer = on_offer(uow.sims.all(), now, uow.rents.open_numbers())
    sim = choose(sorted(offer, key=issue_key), order, lambda sim: True)
    return None if sim is None else sim.sim_id


async def test_order_gets_the_sim_that_the_rule_over_the_whole_farm_gives(store: Store) -> None:
    chosen: list[tuple[SimId | None, SimId | None]] = []

    for seed in range(FARMS):
        chance = random.Random(seed)

        def compare(uow: SqlUnitOfWork, chance: random.Random = chance) -> None:
            store_a_farm(uow, chance)
            for _ in range(8):
                order = an_order(chance)
                looked_up = choice(uow, order, NOON)
                chosen.append((None if looked_up is None else looked_up.sim_id, by_the_rule(uow, order, NOON)))
            raise RollBack

        try:
            await store.database.write(compare)  # type: ignore[arg-type]
        except RollBack:
            continue

    assert [one for one, _ in chosen] == [other for _, other in chosen]
    assert len({one for one, _ in chosen}) > 10


async def test_all_offered_numbers_can_be_ordered_one_after_the_other(store: Store) -> None:
    def settle(uow: SqlUnitOfWork) -> None:
        store_a_farm(uow, random.Random(7))

    await store.database.write(settle)  # type: ignore[arg-type]
    farm = StoredFarm(store.database)
    farm.clock.now = NOON
    told = await farm.on_offer()

    issued = [await farm.issue() for _ in range(told + 1)]

    assert told > 0
    assert [one is None for one in issued] == [False] * told + [True]


# Issue order -----------------------------------------------------------------------

SIM_IDS = st.text(string.ascii_letters + string.digits + "-_ é", min_size=1, max_size=6)
ISSUE_KEYS = st.tuples(
    st.integers(0, 3),
    st.none() | st.timedeltas(timedelta(microseconds=-3), timedelta(days=900)).map(lambda since: NOON - since),
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@given(st.dictionaries(SIM_IDS, ISSUE_KEYS, max_size=12))
def test_database_sorts_sims_by_the_issue_key_of_the_domain(
    engine: Engine, keys: dict[str, tuple[int, datetime | None]]
) -> None:
    with engine.connect() as connection:
        for sim_id, (unused, last_rented_at) in keys.items():
            put_on_offer(connection, sim_id, unused, last_rented_at)

        sims_sorted = list(SqlSimRecords(connection).in_issue_order(NOON, ["russia"], None))

        connection.rollback()
    assert {sim.sim_id for sim in sims_sorted} == set(keys)
    assert sims_sorted == sorted(sims_sorted, key=issue_key)


def put_on_offer(connection: Connection, sim_id: str, unused: int, last_rented_at: datetime | None) -> None:
    connection.execute(
        insert(sims).values(
            sim_id=sim_id,
            msisdn="79281234567",
            country="russia",
            slot_state=SlotState.READY.value,
            seen_at=NOON,
            unused_in_a_row=unused,
            last_rented_at=last_rented_at,
        )
    )
