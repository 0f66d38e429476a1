"""Finds the subscription of an inbox row if a vendor does not fill sub_id as Android does; None instead of a guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from phonefarm.adapters.adb.sms_query import RawRow
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.sims import SeenSim
from phonefarm.domain.sms import SmsRow

SLOT_COLUMNS = {"samsung": "sim_slot", "xiaomi": "sim_id", "redmi": "sim_id", "poco": "sim_id"}
"""A make's own column for the SIM, used if sub_id is -1."""

OLD_COLUMN = "sim_id"
"""Column of MediaTek's builds for many makes; used if sub_id is missing or never filled."""

_LAST_HONOR_BY_HUAWEI = 29


class RowSims:
    """Resolves the subscription of each row of one phone; remembers how the phone numbers its SIMs."""

    def __init__(self, facts: PhoneFacts, slot_column: str) -> None:
        self._facts = facts
        self._slot_column = slot_column
        self.sims: Sequence[SeenSim] = ()
        self._saw_zero = False
        self._saw_two = False

    def set_sims(self, sims: Sequence[SeenSim]) -> None:
        self.sims = sims

    def resolve(self, rows: Sequence[RawRow]) -> tuple[SmsRow, ...]:
        for raw in rows:
            self._saw_zero |= raw.row.sub_id == 0
            self._saw_two |= raw.row.sub_id is not None and raw.row.sub_id >= 2
        return tuple(replace(raw.row, sub_id=self._sub_id(raw)) for raw in rows)

    def _sub_id(self, raw: RawRow) -> int | None:
        stated = raw.row.sub_id
        if stated is not None:
            return self._by_make(stated)
        if raw.slot_value is None:
            return None
        if self._slot_column == "sim_slot":
            return self._by_slot(raw.slot_value)
        return self._by_sim_id(raw.slot_value)

    def _by_make(self, stated: int) -> int | None:
        """Huawei writes the slot into sub_id; harmless if its subscriptions are numbered by slot too."""
        make = self._facts.make.casefold()
        if make not in ("huawei", "honor") or self._saw_two:
            return stated
        if self._saw_zero or make == "huawei" or self._facts.sdk <= _LAST_HONOR_BY_HUAWEI:
            return self._by_slot(stated)
        return stated if self._by_slot(stated) in (None, stated) else None

    def _by_slot(self, slot: int) -> int | None:
        return next((sim.sub_id for sim in self.sims if sim.slot == slot), None)

    def _by_sim_id(self, value: int) -> int | None:
        """A known subscription id, unless as a slot counted from 1 it would mean another SIM."""
        if not any(sim.sub_id == value for sim in self.sims):
            return None
        by_place = self._by_slot(value - 1)
        return value if by_place in (None, value) else None
