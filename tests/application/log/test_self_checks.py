"""The checks of disk, clock, keyring and of the market's calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from phonefarm.application.log import self_checks
from phonefarm.application.log.self_checks import FULL_DISK_BYTES, LOW_DISK_BYTES, KeyState, SelfChecks
from phonefarm.application.model.health_board import CALLS, CLOCK, DISK, KEYRING, HealthBoard
from phonefarm.application.model.read_models import Health, HealthCheck, Verdict
from phonefarm.domain.calls import CallKind, Outcome, call_at
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind, health
from phonefarm.domain.ids import Msisdn, RentId, SimId
from tests.application.stored_farm import StoredFarm
from tests.builders import HOUR, a_rent
from tests.waiting import until

PLENTY = 38_000_000_000
IN_KEYRING = KeyState(place="keyring", problem=None)


def checks_of(farm: StoredFarm, board: HealthBoard) -> SelfChecks:
    return SelfChecks(
        farm.storage,
        board,
        farm.clock,
        free_bytes=lambda: PLENTY,
        key_state=lambda: IN_KEYRING,
        clock_problem=lambda: None,
    )


async def looked(
    farm: StoredFarm,
    *,
    free_bytes: Callable[[], int] = lambda: PLENTY,
    key: KeyState = IN_KEYRING,
    clock: Health | None = None,
) -> dict[str, HealthCheck]:
    """The checks after one look."""
    board = HealthBoard(farm.clock, lambda: None)
    checks = SelfChecks(
        farm.storage, board, farm.clock, free_bytes=free_bytes, key_state=lambda: key, clock_problem=lambda: clock
    )
    await checks.look()
    return {check.name: check for check in board.checks()}


@pytest.mark.parametrize(
    ("free", "verdict", "found"),
    [
        (PLENTY, Verdict.PASS, health(HealthKind.DISK_FREE, gigabytes=38)),
        (LOW_DISK_BYTES - 1_000_000, Verdict.WARN, health(HealthKind.DISK_LOW, megabytes=999)),
        (FULL_DISK_BYTES - 1_000_000, Verdict.FAIL, health(HealthKind.DISK_FULL, megabytes=99)),
    ],
)
async def test_disk_is_judged_by_its_free_space(farm: StoredFarm, free: int, verdict: Verdict, found: Health) -> None:
    check = (await looked(farm, free_bytes=lambda: free))[DISK]

    assert (check.verdict, check.health) == (verdict, found)


async def test_a_disk_that_cannot_be_read_fails_with_its_cause(farm: StoredFarm) -> None:
    def unreadable() -> int:
        raise KnownError("The data folder cannot be read: I/O error.")

    check = (await looked(farm, free_bytes=unreadable))[DISK]

    assert (check.verdict, check.health.fields["problem"]) == (
        Verdict.FAIL,
        "The data folder cannot be read: I/O error.",
    )


@pytest.mark.parametrize(
    ("state", "verdict", "kind"),
    [
        (IN_KEYRING, Verdict.PASS, HealthKind.KEY_KEPT),
        (KeyState(place="", problem=None), Verdict.WARN, HealthKind.KEY_MISSING),
        (KeyState(place="", problem="it is locked"), Verdict.FAIL, HealthKind.KEY_UNKNOWN),
    ],
)
async def test_keyring_is_judged_by_the_key(
    farm: StoredFarm, state: KeyState, verdict: Verdict, kind: HealthKind
) -> None:
    check = (await looked(farm, key=state))[KEYRING]

    assert (check.verdict, check.health.kind) == (verdict, kind)


async def test_clock_fails_with_what_the_phones_say(farm: StoredFarm) -> None:
    behind = health(HealthKind.CLOCK_BEHIND, minutes=60, phones=3)

    well, wrong = (await looked(farm))[CLOCK], (await looked(farm, clock=behind))[CLOCK]

    assert (well.verdict, well.health.kind) == (Verdict.PASS, HealthKind.CLOCK_RIGHT)
    assert (wrong.verdict, wrong.health) == (Verdict.FAIL, behind)


async def test_before_the_first_call_that_is_said_and_no_fault(farm: StoredFarm) -> None:
    before = (await looked(farm))[CALLS]
    call = call_at(farm.clock(), CallKind.SERVICES, Outcome.OFFERED)
    await farm.storage.write(lambda uow: uow.log.add_calls([call]))
    after = (await looked(farm))[CALLS]

    assert (before.verdict, before.health.kind) == (Verdict.PASS, HealthKind.NOT_CALLED)
    assert (after.verdict, after.health.kind) == (Verdict.PASS, HealthKind.CALLED)


async def test_orders_that_stay_away_for_unusually_long_are_a_warning(farm: StoredFarm) -> None:
    begin = farm.clock() - timedelta(days=28)
    orders = [
        a_rent(
            rent_id=RentId(number),
            sim_id=SimId(f"sim {number}"),
            msisdn=Msisdn(str(79280000000 + number)),
            ordered_at=begin + number * HOUR / 4,
        )
        for number in range(28 * 24 * 4 - 6 * 4)
    ]

    def work(uow: object) -> None:
        for order in orders:
            uow.rents.add(order)  # type: ignore[attr-defined]

    await farm.storage.write(work)

    check = (await looked(farm))[CALLS]

    assert check.verdict is Verdict.WARN
    assert (check.health.kind, check.health.fields["hours"]) == (HealthKind.ORDERS_STAY_AWAY, 6)


async def test_first_call_ever_is_shown_before_the_next_round(
    farm: StoredFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_checks, "FIRST_CALL_SECONDS", 0.01)
    board = HealthBoard(farm.clock, lambda: None)
    running = asyncio.get_running_loop().create_task(checks_of(farm, board).run(), name="self checks")

    def kind() -> HealthKind:
        return next(check for check in board.checks() if check.name == CALLS).health.kind

    await until(lambda: kind() is HealthKind.NOT_CALLED)
    call = call_at(farm.clock(), CallKind.SERVICES, Outcome.OFFERED)
    await farm.storage.write(lambda uow: uow.log.add_calls([call]))

    await until(lambda: kind() is HealthKind.CALLED)
    running.cancel()
