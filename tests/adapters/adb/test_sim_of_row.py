"""The subscription of a row, from the columns that makes fill differently."""

from __future__ import annotations

import pytest

from phonefarm.adapters.adb.sim_of_row import RowSims
from phonefarm.adapters.adb.sms_query import RawRow
from phonefarm.domain.ids import SimId
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.sims import SeenSim, SlotState
from phonefarm.domain.sms import SmsRow


def sims(*sub_ids: int) -> list[SeenSim]:
    """SIMs by slot."""
    return [
        SeenSim(
            sim_id=SimId(f"s{sub}"),
            iccid="",
            slot=slot,
            sub_id=sub,
            mcc_mnc="",
            slot_state=SlotState.READY,
            msisdn=None,
        )
        for slot, sub in enumerate(sub_ids)
    ]


def raw(sub_id: int | None, value: int | None = None) -> RawRow:
    row = SmsRow(row_id=1, date_ms=0, date_sent_ms=0, sub_id=sub_id, sender="", body="")
    return RawRow(row=row, slot_value=value)


def settled(make: str, column: str, seen: list[SeenSim], *rows: RawRow, sdk: int = 34) -> list[int | None]:
    row_sims = RowSims(PhoneFacts(make=make, sdk=sdk), column)
    row_sims.set_sims(seen)
    return [row.sub_id for row in row_sims.resolve(rows)]


def test_sub_id_of_android_is_used() -> None:
    assert settled("Google", "", sims(3, 7), raw(7), raw(None), raw(99)) == [7, None, 99]


def test_samsungs_slot_counts_without_sub_id() -> None:
    assert settled("samsung", "sim_slot", sims(3, 7), raw(3, 1), raw(None, 1), raw(None, None)) == [3, 7, None]


@pytest.mark.parametrize(
    ("seen", "value", "expected"),
    [
        (sims(1, 2), 1, 1),  # as id and as slot from 1 the same SIM
        (sims(1, 2), 2, 2),
        (sims(3, 7), 7, 7),  # no third slot: only an id
        (sims(2, 1), 1, None),  # the id of one SIM, the slot of the other
        (sims(1, 3), 2, None),  # the id of a removed SIM, or a slot
        (sims(4), 4, 4),
        ([], 1, None),
    ],
)
def test_xiaomis_sim_id_is_used_only_if_unambiguous(seen: list[SeenSim], value: int, expected: int | None) -> None:
    assert settled("Xiaomi", "sim_id", seen, raw(None, value)) == [expected]


def test_huaweis_sub_id_is_the_slot() -> None:
    assert settled("HUAWEI", "", sims(1, 2), raw(0), raw(1), sdk=29) == [1, 2]
    assert settled("HUAWEI", "", sims(0, 1), raw(0), raw(1), sdk=29) == [0, 1]


def test_huawei_that_has_shown_a_real_id_numbers_like_android() -> None:
    assert settled("HUAWEI", "", sims(1, 2), raw(2), raw(1)) == [2, 1]


def test_new_honor_is_unresolved_until_its_numbering_is_known() -> None:
    assert settled("HONOR", "", sims(1, 2), raw(1)) == [None]
    assert settled("HONOR", "", sims(1, 2), raw(2), raw(1)) == [2, 1]
    assert settled("HONOR", "", sims(1), raw(1)) == [1]
    assert settled("HONOR", "", sims(1, 2), raw(0), raw(1)) == [1, 2]
