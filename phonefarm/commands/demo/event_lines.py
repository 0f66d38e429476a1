"""Tells the farm's events as lines of text, one an event, for a terminal."""

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

Say = Callable[[str], None]


class EventLines:
    """Runs on the engine's loop; says a line whenever a row has entered another state."""

    def __init__(self, desk: FarmDesk, say: Say) -> None:
        self._desk = desk
        self._say = say
        self._known: dict[tuple[Topic, str], Hashable] = {}

    async def follow(self) -> None:
        """Tell what happens until cancelled."""
        pending: asyncio.Queue[Changes] = asyncio.Queue(maxsize=100)

        def note(changes: Changes) -> None:
            if not pending.full():
                pending.put_nowait(changes)

        undo = self._desk.subscribe(note)
        try:
            await self._tell(Changes(keys={Topic.PHONES: None}))
            while True:
                await self._tell(await pending.get())
        finally:
            undo()

    async def _tell(self, changes: Changes) -> None:
        for topic, keys in changes.keys.items():
            match topic:
                case Topic.PHONES:
                    await self._phones(keys)
                case Topic.RENTS:
                    await self._rents(keys)
                case Topic.MESSAGES:
                    await self._messages(keys)
                case Topic.PUSHES:
                    await self._pushes(keys)
                case _:
                    continue

    async def _phones(self, keys: Keys) -> None:
        for row in await self._desk.rows(PHONES, keys):
            if self._is_news(Topic.PHONES, row.phone_id, row.state):
                self._say(phone_line(row))

    async def _rents(self, keys: Keys) -> None:
        for row in await self._desk.rows(RENTS, keys):
            if self._is_news(Topic.RENTS, str(row.rent_id), (row.state, row.finish_status)):
                self._say(rent_line(row))

    async def _messages(self, keys: Keys) -> None:
        for row in await self._desk.rows(MESSAGES, keys):
            is_told = row.standing is not SmsStanding.BASELINE
            if self._is_news(Topic.MESSAGES, str(row.sms_id), row.standing) and is_told:
                self._say(message_line(row))

    async def _pushes(self, keys: Keys) -> None:
        for row in await self._desk.rows(PUSHES, keys):
            is_told = row.state is not PushState.SENDING and bool(row.last_answer)
            if is_told and self._is_news(Topic.PUSHES, str(row.sms_id), (row.state, row.attempts)):
                self._say(push_line(row))

    def _is_news(self, topic: Topic, key: str, state: Hashable) -> bool:
        is_news = self._known.get((topic, key)) != state
        self._known[topic, key] = state
        return is_news


RENT_WORDS = {RentState.POSSIBLE_ORPHAN: "unconfirmed"}
PUSH_WORDS = {PushState.PARKED: "stopped, needs a decision"}
"""Where a state is not called by its own name."""


def phone_line(row: PhoneRow) -> str:
    return f"phone {row.label}: {row.state.value}"


def rent_line(row: RentRow) -> str:
    if row.state is RentState.FINISHED:
        how = row.finish_status.name.lower().replace("_", " ") if row.finish_status else "released"
        return f"rent {row.rent_id} +{row.msisdn}: finished, {how}, {row.credited or 0} RUB"
    state = RENT_WORDS.get(row.state, row.state.value)
    return f"rent {row.rent_id} +{row.msisdn} ({row.country}, {row.operator}): {state}"


def message_line(row: MessageRow) -> str:
    """Never the text: a terminal is a log too, and a sender's name may hold escape codes."""
    sender = "".join(char if char.isprintable() else "?" for char in row.sender)
    whose = f"rent {row.rent_id}" if row.rent_id is not None else row.standing.value
    return f"SMS {row.sms_id} for +{row.msisdn} from {sender}: {whose}"


def push_line(row: PushRow) -> str:
    state = PUSH_WORDS.get(row.state, row.state.value)
    return f"push {row.sms_id} of rent {row.rent_id}, attempt {row.attempts}: {state} ({row.last_answer})"
