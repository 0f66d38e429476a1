"""The SIMs by phone, which the Phones page shows beside its own rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from phonefarm.application.model.read_models import SimRow
from ui.engine.engine_link import Keys


class SimsByPhone:
    """SIMs by phone, in slot order."""

    def __init__(self) -> None:
        self._sims: dict[str, SimRow] = {}
        self._by_phone: dict[str, tuple[SimRow, ...]] = {}

    def in_phone(self, phone_id: str) -> tuple[SimRow, ...]:
        return self._by_phone.get(phone_id, ())

    def update(self, rows: Sequence[SimRow], keys: Keys) -> set[str]:
        """Replace the SIMs of these keys (None: all); returns the phones whose SIMs have changed."""
        for sim_id in list(self._sims) if keys is None else keys:
            self._sims.pop(sim_id, None)
        self._sims |= {row.sim_id: row for row in rows}
        before = self._by_phone
        by_phone: dict[str, list[SimRow]] = defaultdict(list)
        for row in self._sims.values():
            if row.phone_id:
                by_phone[row.phone_id].append(row)
        self._by_phone = {
            phone_id: tuple(sorted(sims, key=lambda sim: (sim.slot or 0, sim.sim_id)))
            for phone_id, sims in by_phone.items()
        }
        phone_ids = before.keys() | self._by_phone.keys()
        return {phone_id for phone_id in phone_ids if before.get(phone_id) != self._by_phone.get(phone_id)}
