"""The offer counted by groups of SIMs equals the offer counted SIM by SIM, for random farms."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from phonefarm.adapters.storage import figures
from phonefarm.adapters.storage.rent_records import SqlRentRecords
from phonefarm.adapters.storage.sim_records import SqlSimRecords
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.adapters.storage.sqlite.engine import engine_for
from phonefarm.adapters.storage.tables import phone_conditions, phones, rents, sims
from phonefarm.domain.allocation import count_offer, on_offer
from phonefarm.domain.conditions import BLOCKING, Condition
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.sims import SlotState
from tests.builders import HOUR, MINUTE, NOON

FARMS = 12


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    url = f"sqlite:///{tmp_path / 'stock.db'}"
    database = Database(url)
    database.open()
    database.close()
    engine = engine_for(url)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def fill(connection: Connection, chance: random.Random) -> None:
    """Sixty SIMs: many are equal, some share a number, some cannot be offered."""
    states = [PhoneState.READY] * 6 + [PhoneState.UNAUTHORIZED, PhoneState.GONE]
    for number in range(12):
        state = chance.choice(states).value
        phone = {"phone_id": f"p{number}", "server": "s", "serial": f"p{number}", "handset": f"p{number}"}
        connection.execute(insert(phones).values(**phone, state=state, state_since=NOON))
    for _ in range(3):
        condition = chance.choice([*BLOCKING, *Condition])
        ill = {"phone_id": f"p{chance.randrange(12)}", "condition": condition.value, "since": NOON}
        connection.execute(insert(phone_conditions).prefix_with("OR IGNORE").values(**ill))
    for number in range(60):
        sim = a_row(number, chance)
        connection.execute(insert(sims).values(**sim))
        if chance.random() < 0.2:
            is_over = chance.random() < 0.5
            connection.execute(
                insert(rents).prefix_with("OR IGNORE").values(**a_rent_row(number, sim["sim_id"], is_over))
            )


def a_row(number: int, chance: random.Random) -> dict[str, Any]:
    slot_states = [SlotState.READY] * 6 + [SlotState.PIN, SlotState.NO_NETWORK, SlotState.OUT]
    return {
        "sim_id": f"sim{chance.randrange(10**6):06}-{number}",
        "msisdn": chance.choice([None, *(a_number(number) for _ in range(6)), a_number(chance.randrange(70))]),
        "country": chance.choice(["russia", "russia", "russia", "rus sia", "germany", ""]),
        "operator": chance.choice(["mts", "mts", "M-TS", "beeline", "", "any"]),
        "phone_id": chance.choice([None, *(f"p{chance.randrange(14)}" for _ in range(9))]),
        "slot_state": chance.choice(slot_states).value,
        "seen_at": NOON,
        "held_reason": chance.choice([None, None, None, None, "resting"]),
        "banned_until": chance.choice([None, None, None, NOON - HOUR, NOON + HOUR, NOON + MINUTE]),
        "unused_in_a_row": chance.randrange(3),
        "last_rented_at": chance.choice([None, NOON - HOUR]),
    }


def a_rent_row(number: int, sim_id: str, is_over: bool) -> dict[str, Any]:
    finished: datetime | None = NOON if is_over else None
    return {
        "rent_id": number + 1,
        "sim_id": sim_id,
        "msisdn": a_number(number),
        "phone_id": "p1",
        "country": "russia",
        "operator": "mts",
        "expected": Decimal(0),
        "ordered_at": NOON - HOUR,
        "finished_at": finished,
        "answered": True,
        "accepted_sms": 0,
        "credited_is_estimate": False,
    }


def a_number(number: int) -> str:
    return str(79_280_000_000 + number)


@pytest.mark.parametrize("seed", range(FARMS))
def test_offer_counted_by_groups_equals_the_offer_counted_by_sim(connection: Connection, seed: int) -> None:
    fill(connection, random.Random(seed))
    rented = SqlRentRecords(connection).open_numbers()
    countries = SqlRentRecords(connection).countries()
    one_by_one = on_offer(SqlSimRecords(connection).all(), NOON, rented)

    stock = figures.stock(connection, NOON)
    offer = count_offer(on_offer(stock.sims, NOON, stock.rented), stock.countries, stock.alike)

    assert offer == count_offer(one_by_one, countries)
    assert sum(stock.alike.values()) == len(SqlSimRecords(connection).all())


def test_two_thousand_equal_sims_are_one_group(connection: Connection) -> None:
    alike = {"country": "russia", "operator": "mts", "slot_state": "ready", "seen_at": NOON, "phone_id": "p1"}
    rows = [{"sim_id": f"sim{number}", "msisdn": a_number(number), **alike} for number in range(2_000)]
    connection.execute(insert(sims), rows)

    stock = figures.stock(connection, NOON)

    assert list(stock.alike.values()) == [2_000]


def test_sims_that_share_a_number_are_not_grouped(connection: Connection) -> None:
    alike = {"country": "russia", "operator": "mts", "slot_state": "ready", "seen_at": NOON, "phone_id": "p1"}
    rows = [{"sim_id": f"sim{number}", "msisdn": a_number(number // 2), **alike} for number in range(4)]
    connection.execute(insert(sims), rows)

    stock = figures.stock(connection, NOON)

    assert list(stock.alike.values()) == [1, 1, 1, 1]
