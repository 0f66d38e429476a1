"""Health checks and the attention list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.desk.attention import attention, needing_by_state
from phonefarm.application.model.health_board import ADB, NAMES, HealthBoard, worst
from phonefarm.application.model.read_models import (
    Attention,
    AttentionKind,
    HealthCheck,
    PhoneState,
    Remedy,
    Topic,
    Verdict,
)
from phonefarm.domain.conditions import Condition
from phonefarm.domain.fields import NO_FIELDS
from phonefarm.domain.health import problem
from phonefarm.domain.hubs import SharedLoss
from phonefarm.domain.sims import SlotState
from tests.application.stored_farm import StoredFarm
from tests.builders import ICCID, NOON, OTHER_PHONE, PHONE, a_seen_sim
from tests.fakes.clock import FakeClock


def adb(board: HealthBoard) -> HealthCheck:
    return next(check for check in board.checks() if check.name == ADB)


def test_check_without_a_report_is_a_warning() -> None:
    board = HealthBoard(FakeClock(), lambda: None)

    assert [check.name for check in board.checks()] == list(NAMES)
    assert worst(board.checks()) is Verdict.WARN


def test_worst_server_decides_the_adb_check() -> None:
    board = HealthBoard(FakeClock(), lambda: None)
    board.report(ADB, Verdict.PASS, problem("adb 1.0.41 answers"), part="one:5037")

    board.report(ADB, Verdict.FAIL, problem("refused"), part="two:5037")

    assert (adb(board).verdict, adb(board).health) == (Verdict.FAIL, problem("refused"))


def test_since_is_when_the_verdict_began_even_if_the_details_change() -> None:
    clock = FakeClock()
    board = HealthBoard(clock, lambda: None)
    board.report(ADB, Verdict.FAIL, problem("refused"))

    clock.forward(60)
    board.report(ADB, Verdict.FAIL, problem("refused again"))

    assert adb(board).since == NOON
    assert adb(board).health == problem("refused again")
    board.report(ADB, Verdict.PASS, problem("well"))
    assert adb(board).since == clock.now


def test_only_changes_are_announced() -> None:
    news: list[int] = []
    board = HealthBoard(FakeClock(), lambda: news.append(1))

    for _ in range(3):
        board.report(ADB, Verdict.PASS, problem("well"))

    assert news == [1]


def test_no_checks_are_a_pass() -> None:
    assert worst([]) is Verdict.PASS


async def test_gone_phone_with_an_open_rent_is_an_alert_after_a_grace_and_one_without_is_not(
    database: Database,
) -> None:
    farm = StoredFarm(database)
    await farm.seat(a_seen_sim())
    await farm.rent()
    await farm.phone(state=PhoneState.GONE)
    await farm.phone(OTHER_PHONE, PhoneState.GONE)

    async def needs() -> list[AttentionKind]:
        phones = (await farm.phones()).values()
        found = attention(
            now=farm.clock(),
            checks=(),
            phones=phones,
            together=(),
            sims=(),
            rents=(),
            held=(),
            parked=(),
            closure=None,
            shortage=None,
        )
        return [need.kind for need in found]

    farm.clock.forward(29)
    assert await needs() == []
    farm.clock.forward(2)
    assert await needs() == [AttentionKind.PHONE_GONE]


async def needs_of(farm: StoredFarm, together: Sequence[SharedLoss] = ()) -> list[Attention]:
    phones = (await farm.phones()).values()
    sims = (await farm.sims()).values()
    return list(
        attention(
            now=farm.clock(),
            checks=(),
            phones=phones,
            together=together,
            sims=sims,
            rents=(),
            held=(),
            parked=(),
            closure=None,
            shortage=None,
        )
    )


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (PhoneState.LOCKED, AttentionKind.PHONE_LOCKED),
        (PhoneState.UNSTEADY, AttentionKind.PHONE_UNSTEADY),
        (PhoneState.UNAUTHORIZED, AttentionKind.PHONE_UNAUTHORIZED),
        (PhoneState.NO_PERMISSIONS, AttentionKind.PHONE_NO_PERMISSIONS),
        (PhoneState.WITHHELD, AttentionKind.PHONE_WITHHELD),
    ],
)
async def test_state_that_needs_the_user_is_an_alert(
    database: Database, state: PhoneState, kind: AttentionKind
) -> None:
    farm = StoredFarm(database)
    await farm.phone(state=state)

    assert [need.kind for need in await needs_of(farm)] == [kind]


@pytest.mark.parametrize("state", [PhoneState.BOOTING, PhoneState.STARTING, PhoneState.AUTHORIZING])
async def test_transient_state_is_no_alert(database: Database, state: PhoneState) -> None:
    farm = StoredFarm(database)
    await farm.phone(state=state)

    assert await needs_of(farm) == []


@pytest.mark.parametrize(
    ("state", "kind", "minutes"),
    [
        (PhoneState.OTHER_MODE, AttentionKind.PHONE_NOT_IN_ANDROID, 10),
        (PhoneState.BOOTING, AttentionKind.PHONE_NOT_STARTING, 15),
        (PhoneState.STARTING, AttentionKind.PHONE_NOT_STARTING, 15),
        (PhoneState.AUTHORIZING, AttentionKind.PHONE_NOT_STARTING, 2),
    ],
)
async def test_transient_state_is_an_alert_after_a_while(
    database: Database, state: PhoneState, kind: AttentionKind, minutes: int
) -> None:
    farm = StoredFarm(database)
    await farm.phone(state=state)

    farm.clock.forward(minutes * 60 - 1)
    assert await needs_of(farm) == []
    farm.clock.forward(1)
    assert [need.kind for need in await needs_of(farm)] == [kind]


async def test_transient_state_does_not_wait_for_ever(database: Database) -> None:
    farm = StoredFarm(database)
    await farm.phone(state=PhoneState.BOOTING)

    assert (await farm.phones())[PHONE].remedy is Remedy.WAIT
    farm.clock.forward(15 * 60)
    assert (await farm.phones())[PHONE].remedy is Remedy.RESTART_PHONE


async def test_sim_waits_no_longer_than_its_phone(database: Database) -> None:
    farm = StoredFarm(database)
    await farm.seat(a_seen_sim())
    await farm.phone(state=PhoneState.BOOTING)

    assert (await farm.one_sim(ICCID)).remedy is Remedy.WAIT
    farm.clock.forward(15 * 60)
    assert (await farm.one_sim(ICCID)).remedy is Remedy.RESTART_PHONE


async def test_phones_that_need_the_user_are_counted_by_their_state(database: Database) -> None:
    farm = StoredFarm(database)
    await farm.phone(state=PhoneState.LOCKED)
    await farm.phone(OTHER_PHONE)
    phones = (await farm.phones()).values()

    assert needing_by_state(await needs_of(farm), phones) == {PhoneState.LOCKED: 1}


async def test_most_urgent_condition_of_a_ready_phone_is_one_alert(database: Database) -> None:
    farm = StoredFarm(database)
    await farm.phone()
    ailing = {
        Condition.LOW_BATTERY: {"percent": 9},
        Condition.STORAGE_FULL: {"free_megabytes": 3},
        Condition.NO_HINTS: NO_FIELDS,
    }
    await farm.storage.write(lambda uow: uow.health.set_conditions(PHONE, ailing, farm.clock()))

    (need,) = await needs_of(farm)

    assert (need.kind, need.condition) == (AttentionKind.PHONE_CONDITION, Condition.STORAGE_FULL)
    assert need.values == {"free_megabytes": 3}


async def test_phone_without_hints_is_no_alert(database: Database) -> None:
    farm = StoredFarm(database)
    await farm.phone()
    await farm.storage.write(
        lambda uow: uow.health.set_conditions(PHONE, {Condition.NO_HINTS: NO_FIELDS}, farm.clock())
    )

    assert await needs_of(farm) == []


async def test_phones_that_left_together_are_one_alert(database: Database) -> None:
    farm = StoredFarm(database)
    for phone in (PHONE, OTHER_PHONE):
        await farm.phone(phone, PhoneState.OFFLINE)
    farm.clock.forward(60)
    shared = SharedLoss(phones=(PHONE, OTHER_PHONE), hub="1-1.4", at=farm.clock())

    (need,) = await needs_of(farm, [shared])

    assert (need.kind, need.subject, need.keys) == (AttentionKind.PHONES_LEFT, "1-1.4", (PHONE, OTHER_PHONE))


@pytest.mark.parametrize(
    ("changes", "kind", "topic"),
    [
        ({"slot_state": SlotState.PUK}, AttentionKind.SIM_LOCKED, Topic.SIMS),
        ({"slot_state": SlotState.CARD_LOCKED}, AttentionKind.SIM_LOCKED, Topic.SIMS),
        ({"slot_state": SlotState.CARD_FAULT}, AttentionKind.SIM_UNREADABLE, Topic.SIMS),
        ({"msisdn": None}, AttentionKind.NUMBER_MISSING, Topic.NUMBERS),
        ({"mcc_mnc": "99999"}, AttentionKind.NETWORK_UNKNOWN, Topic.NUMBERS),
    ],
)
async def test_sim_that_needs_the_user_is_an_alert_with_the_right_topic(
    database: Database, changes: dict[str, Any], kind: AttentionKind, topic: Topic
) -> None:
    farm = StoredFarm(database)
    await farm.seat(a_seen_sim(**changes))

    (need,) = await needs_of(farm)

    assert (need.kind, need.topic) == (kind, topic)
