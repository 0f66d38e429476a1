"""Reads the new part of one phone's inbox completely, whatever its size."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.ports.world import PhoneBridge, PhoneUnreachable, Probe
from phonefarm.domain.sms import Reading, SmsRow

WINDOW = 50
"""Newest rows of the first query."""
PLAIN_WINDOW = 3
"""The same where each text costs two queries of its own: most polls find nothing new below the newest row."""
DEEP_WINDOW = 400
"""Rows of each further query, as long as no known row is reached."""
PLAIN_DEEP_WINDOW = 12
WINDOW_OVERLAP = 5
"""Rows that a further query reads again: without a common row the inbox has changed between the two."""


def window_of(probe: Probe | None) -> int:
    return PLAIN_WINDOW if probe is not None and not probe.reads_hex else WINDOW


class InboxReader:
    """`question` is entered around each query to the phone; `is_expecting` says whether a message was announced."""

    def __init__(
        self,
        bridge: PhoneBridge,
        serial: str,
        intake: SmsIntake,
        question: Callable[[], AbstractContextManager[None]],
        is_expecting: Callable[[], bool],
    ) -> None:
        self._bridge = bridge
        self._serial = serial
        self._intake = intake
        self._question = question
        self._is_expecting = is_expecting
        self._newest: frozenset[SmsRow] = frozenset()
        """The newest rows of the last reading that was stored; nothing new lies below one of them."""

    async def read(self, probe: Probe) -> Reading:
        """The newest window, and further ones below it until a known row is reached, so that no row is skipped.

        Raises PhoneUnreachable, also if the inbox changes meanwhile.
        """
        asked = window_of(probe)
        reading = part = await self._read_window(probe, newest=asked, skip=0)
        while len(part.rows) == asked and not await self._reaches_known(part):
            asked = DEEP_WINDOW if probe.reads_hex else PLAIN_DEEP_WINDOW
            skip = max(len(reading.rows) - WINDOW_OVERLAP, 0)
            part = await self._read_window(probe, newest=asked, skip=skip)
            count_before, reading = len(reading.rows), _join(reading, part)
            if len(reading.rows) == count_before and len(part.rows) == asked:
                raise PhoneUnreachable("The inbox shows the same rows again and not those below them.")
        return reading

    def note_stored(self, reading: Reading, probe: Probe) -> None:
        self._newest = frozenset(reading.rows[: window_of(probe)])

    async def _reaches_known(self, part: Reading) -> bool:
        """The database alone is not enough: it does not know rows that a backup restored under other row ids."""
        return not self._newest.isdisjoint(part.rows) or await self._intake.reaches_known(part)

    async def _read_window(self, probe: Probe, *, newest: int, skip: int) -> Reading:
        with self._question():
            return await self._bridge.read_inbox(
                self._serial, probe, newest=newest, skip=skip, expecting=self._is_expecting() and skip == 0
            )


def _join(newer: Reading, older: Reading) -> Reading:
    """Two overlapping windows of one reading; a row that moved from one into the other counts once.

    Raises PhoneUnreachable without a common row: rows between the two may be missing.
    """
    have = {row.row_id for row in newer.rows}
    if not any(row.row_id in have for row in older.rows):
        raise PhoneUnreachable("The inbox changed while it was read.")
    rows = newer.rows + tuple(row for row in older.rows if row.row_id not in have)
    return replace(newer, rows=rows, ended_at=older.ended_at)
