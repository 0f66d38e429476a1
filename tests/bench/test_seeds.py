"""Hundreds of seeded simulations with crashes and faults, and tests that sabotaged farms are detected."""

from __future__ import annotations

from typing import Any

import pytest

from bench.seeded.run import run_seed
from phonefarm.adapters.storage.push_records import SqlPushRecords
from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.messages.push_worker import PushWorker

pytestmark = pytest.mark.farm

RUNS, BATCH = 200, 10


@pytest.mark.parametrize("first", range(0, RUNS, BATCH))
def test_no_sms_is_lost_repeated_without_reason_or_pushed_to_another_rent(first: int) -> None:
    results = [run_seed(seed) for seed in range(first, first + BATCH)]

    assert {result.seed: result.faults for result in results if result.faults} == {}
    assert sum(result.crashes for result in results) > 0
    assert sum(result.taken for result in results) > 0


def test_same_seed_gives_the_same_result() -> None:
    assert run_seed(7) == run_seed(7)


async def _skip_recovery(self: Any) -> None:
    """A farm that does not recover attempts in flight after a crash."""


def _retry_delivered(self: SqlPushRecords, accepted: Any, answer: str) -> list[Any]:
    """A farm that does not store deliveries and retries."""
    for sms_id, at in accepted.items():
        self.record(sms_id, answer, at)
        self.reschedule(sms_id, at)
    return list(accepted)


@pytest.mark.parametrize(
    ("owner", "name", "sabotage", "symptom"),
    [
        (PushWorker, "recover", _skip_recovery, "was lost"),
        (SqlPushRecords, "deliver", _retry_delivered, "was taken"),
    ],
)
def test_sabotaged_farm_is_detected(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, sabotage: Any, symptom: str
) -> None:
    monkeypatch.setattr(owner, name, sabotage)

    faults = [fault for seed in range(6) for fault in run_seed(seed).faults]

    assert any(symptom in fault for fault in faults)


def test_messages_that_never_reach_the_farm_are_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    accept = SmsIntake.accept

    async def forgetful(self: SmsIntake, reading: Any, heard: Any) -> Any:
        remaining = tuple(row for row in reading.rows if row.row_id % 3)
        return await accept(self, type(reading)(**{**vars(reading), "rows": remaining}), heard)

    monkeypatch.setattr(SmsIntake, "accept", forgetful)

    faults = [fault for seed in range(2) for fault in run_seed(seed).faults]

    assert any("is not in the database" in fault for fault in faults)
