"""Unrelated lines of the radio log: a few each second, hundreds in a burst."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

TICK_SECONDS = 1.0
LINES_PER_TICK = (2, 5)
BURST_EVERY_TICKS = 60
"""On average; a change of cell or of the data connection."""
BURST_LINES = (150, 400)
BURST_LINES_PER_TICK = 50
BURST_TICK_SECONDS = 0.1

_LINES = (
    "[{serial}]> SIGNAL_STRENGTH [PHONE{slot}]",
    "[{serial}]< SIGNAL_STRENGTH SignalStrength:{{mLte=CellSignalStrengthLte: rssi=-67 rsrp=-95 rsrq=-9 level=3}} "
    "[PHONE{slot}]",
    "[UNSL]< UNSOL_SIGNAL_STRENGTH SignalStrength:{{mLte=CellSignalStrengthLte: rssi=-69 rsrp=-97 rsrq=-10 level=3}} "
    "[PHONE{slot}]",
    "[UNSL]< UNSOL_CELL_INFO_LIST [CellInfoLte:{{mRegistered=YES mCellConnectionStatus=1}}] [PHONE{slot}]",
    "[{serial}]> GET_CELL_INFO_LIST [PHONE{slot}]",
    "[{serial}]< GET_CELL_INFO_LIST [CellInfoLte:{{mRegistered=YES mCellConnectionStatus=1}}] [PHONE{slot}]",
    "[UNSL]< UNSOL_RESPONSE_NETWORK_STATE_CHANGED [PHONE{slot}]",
    "[{serial}]> VOICE_REGISTRATION_STATE [PHONE{slot}]",
    "[{serial}]> DATA_REGISTRATION_STATE [PHONE{slot}]",
    "[{serial}]> OPERATOR [PHONE{slot}]",
    "[{serial}]< OPERATOR {{MTS RUS, MTS, 25001}} [PHONE{slot}]",
    "[{serial}]> QUERY_NETWORK_SELECTION_MODE [PHONE{slot}]",
)


class Chatter:
    """Writes log lines only while a reader is attached, so that an unread log costs nothing."""

    def __init__(
        self, write: Callable[[str, str], None], has_reader: Callable[[], bool], slots: int, seed: str
    ) -> None:
        self._write = write
        self._has_reader = has_reader
        self._slots = slots
        self._chance = random.Random(seed)
        self._serial = self._chance.randrange(10_000)
        self._burst_lines_left = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._timer is None:
            self._schedule(TICK_SECONDS * (1 + self._chance.random()))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def write_lines(self, count: int) -> None:
        for _ in range(count):
            self._serial += 1
            slot = self._chance.randrange(self._slots)
            self._write("RILJ", self._chance.choice(_LINES).format(serial=self._serial, slot=slot))

    def _schedule(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._tick)

    def _tick(self) -> None:
        if self._has_reader():
            if self._burst_lines_left:
                count = min(self._burst_lines_left, BURST_LINES_PER_TICK)
                self._burst_lines_left -= count
                self.write_lines(count)
            else:
                self.write_lines(self._chance.randint(*LINES_PER_TICK))
                if self._chance.random() < 1 / BURST_EVERY_TICKS:
                    self._burst_lines_left = self._chance.randint(*BURST_LINES)
        self._schedule(BURST_TICK_SECONDS if self._burst_lines_left else TICK_SECONDS)
