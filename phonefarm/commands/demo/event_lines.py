"""Prints the farm's events for a terminal, one line per event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.read_models import (
    Changes,
    MessageRow,
    PhoneRow,
    PushRow,
    PushState,
    RentRow,
    RentState,
    SmsStanding,
    Topic,
)
from phonefarm.application.model.row_queries import MESSAGES, PHONES, PUSHES, RENTS, Keys

WriteLine = Callable[[str], None]


class EventLines:
    """Runs on the engine's loop and writes a line whenever the state of a row changes."""

    def __init__(self, desk: FarmDesk, write: WriteLine) -> None:
        self._desk = desk
        self._write = write
        self._last_states: dict[tuple[Topic, str], Hashable] = {}

    async def follow(self) -> None:
        """Write lines until cancelled."""
        pending: asyncio.Queue[Changes] = asyncio.Queue(maxsize=100)

        def enqueue(changes: Changes) -> None:
            if not pending.full():
                pending.put_nowait(changes)

        unsubscribe = self._desk.subscribe(enqueue)
        try:
            await self._report_changes(Changes(keys={Topic.PHONES: None}))
            while True:
                await self._report_changes(await pending.get())
        finally:
            unsubscribe()

    async def _report_changes(self, changes: Changes) -> None:
        for topic, keys in changes.keys.items():
            match topic:
                case Topic.PHONES:
                    await self._report_phones(keys)
                case Topic.RENTS:
                    await self._report_rents(keys)
                case Topic.MESSAGES:
                    await self._report_messages(keys)
                case Topic.PUSHES:
                    await self._report_pushes(keys)
                case _:
                    continue

    async def _report_phones(self, keys: Keys) -> None:
        for row in await self._desk.rows(PHONES, keys):
            if self._has_changed(Topic.PHONES, row.phone_id, row.state):
                self._write(phone_line(row))

    async def _report_rents(self, keys: Keys) -> None:
        for row in await self._desk.rows(RENTS, keys):
            if self._has_changed(Topic.RENTS, str(row.rent_id), (row.state, row.finish_status)):
                self._write(rent_line(row))

    async def _report_messages(self, keys: Keys) -> None:
        for row in await self._desk.rows(MESSAGES, keys):
            is_reported = row.standing is not SmsStanding.BASELINE
            if self._has_changed(Topic.MESSAGES, str(row.sms_id), row.standing) and is_reported:
                self._write(message_line(row))

    async def _report_pushes(self, keys: Keys) -> None:
        for row in await self._desk.rows(PUSHES, keys):
            is_reported = row.state is not PushState.SENDING and bool(row.last_answer)
            if is_reported and self._has_changed(Topic.PUSHES, str(row.sms_id), (row.state, row.attempts)):
                self._write(push_line(row))

    def _has_changed(self, topic: Topic, key: str, state: Hashable) -> bool:
        has_changed = self._last_states.get((topic, key)) != state
        self._last_states[topic, key] = state
        return has_changed


RENT_WORDS = {RentState.POSSIBLE_ORPHAN: "unconfirmed"}
PUSH_WORDS = {PushState.PARKED: "stopped, needs a decision"}
"""Display names of states that differ from their values."""


def phone_line(row: PhoneRow) -> str:
    return f"phone {row.label}: {row.state.value}"


def rent_line(row: RentRow) -> str:
    if row.state is RentState.FINISHED:
        how = row.finish_status.name.lower().replace("_", " ") if row.finish_status else "released"
        return f"rent {row.rent_id} +{row.msisdn}: finished, {how}, {row.credited or 0} RUB"
    state = RENT_WORDS.get(row.state, row.state.value)
    return f"rent {row.rent_id} +{row.msisdn} ({row.country}, {row.operator}): {state}"


def message_line(row: MessageRow) -> str:
    """Without the text, as terminal output may be logged, and without escape codes in the sender."""
    sender = "".join(char if char.isprintable() else "?" for char in row.sender)
    whose = f"rent {row.rent_id}" if row.rent_id is not None else row.standing.value
    return f"SMS {row.sms_id} for +{row.msisdn} from {sender}: {whose}"


def push_line(row: PushRow) -> str:
    state = PUSH_WORDS.get(row.state, row.state.value)
    return f"push {row.sms_id} of rent {row.rent_id}, attempt {row.attempts}: {state} ({row.last_answer})"
