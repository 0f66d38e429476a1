"""What a phone's radio says all day beside its messages: a few lines a second, hundreds in a burst."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

TICK_SECONDS = 1.0
LINES_A_TICK = (2, 5)
BURST_EVERY_TICKS = 60
"""On average; a change of cell or of the data connection."""
BURST_LINES = (150, 400)
BURST_PORTION = 50
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
    """Speaks only while somebody listens: what nobody reads costs nothing."""

    def __init__(self, write: Callable[[str, str], None], is_heard: Callable[[], bool], slots: int, seed: str) -> None:
        self._write = write
        self._is_heard = is_heard
        self._slots = slots
        self._chance = random.Random(seed)
        self._serial = self._chance.randrange(10_000)
        self._burst = 0
        """Lines of a burst that are still to come."""
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._next is None:
            self._wait(TICK_SECONDS * (1 + self._chance.random()))

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def speak(self, lines: int) -> None:
        for _ in range(lines):
            self._serial += 1
            slot = self._chance.randrange(self._slots)
            self._write("RILJ", self._chance.choice(_LINES).format(serial=self._serial, slot=slot))

    def _wait(self, seconds: float) -> None:
        self._next = asyncio.get_running_loop().call_later(seconds, self._tick)

    def _tick(self) -> None:
        if self._is_heard():
            if self._burst:
                portion = min(self._burst, BURST_PORTION)
                self._burst -= portion
                self.speak(portion)
            else:
                self.speak(self._chance.randint(*LINES_A_TICK))
                if self._chance.random() < 1 / BURST_EVERY_TICKS:
                    self._burst = self._chance.randint(*BURST_LINES)
        self._wait(BURST_TICK_SECONDS if self._burst else TICK_SECONDS)
