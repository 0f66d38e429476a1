"""Hundreds of farms through crashes and faults on a virtual clock; and proof that the judge sees what is broken."""

from __future__ import annotations

from typing import Any

import pytest

from bench.seeded.run import judged
from phonefarm.adapters.storage.push_records import SqlPushRecords
from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.messages.push_worker import PushWorker

pytestmark = pytest.mark.farm

RUNS, BATCH = 200, 10


@pytest.mark.parametrize("first", range(0, RUNS, BATCH))
def test_no_sms_is_lost_repeated_without_reason_or_shown_to_a_stranger(first: int) -> None:
    verdicts = [judged(seed) for seed in range(first, first + BATCH)]

    assert {verdict.seed: verdict.faults for verdict in verdicts if verdict.faults} == {}
    assert sum(verdict.crashes for verdict in verdicts) > 0
    assert sum(verdict.taken for verdict in verdicts) > 0


def test_same_seed_lives_through_the_same() -> None:
    assert judged(7) == judged(7)


async def _nothing(self: Any) -> None:
    """A farm that forgets what was under way when it died."""


def _twice(self: SqlPushRecords, accepted: Any, answer: str) -> list[Any]:
    """A farm that does not note what was delivered, and tries again."""
    for sms_id, at in accepted.items():
        self.record(sms_id, answer, at)
        self.reschedule(sms_id, at)
    return list(accepted)


@pytest.mark.parametrize(
    ("room", "name", "sabotage", "symptom"),
    [
        (PushWorker, "recover", _nothing, "was lost"),
        (SqlPushRecords, "deliver", _twice, "was taken"),
    ],
)
def test_judge_sees_a_farm_that_is_broken(
    monkeypatch: pytest.MonkeyPatch, room: type, name: str, sabotage: Any, symptom: str
) -> None:
    monkeypatch.setattr(room, name, sabotage)

    faults = [fault for seed in range(6) for fault in judged(seed).faults]

    assert any(symptom in fault for fault in faults)


def test_judge_sees_messages_that_never_reach_the_farm(monkeypatch: pytest.MonkeyPatch) -> None:
    accept = SmsIntake.accept

    async def forgetful(self: SmsIntake, reading: Any, heard: Any) -> Any:
        kept = tuple(row for row in reading.rows if row.row_id % 3)
        return await accept(self, type(reading)(**{**vars(reading), "rows": kept}), heard)

    monkeypatch.setattr(SmsIntake, "accept", forgetful)

    faults = [fault for seed in range(2) for fault in judged(seed).faults]

    assert any("is not on the books" in fault for fault in faults)
