"""The unit of work: all records over one connection."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, Integer, bindparam, insert, update

from phonefarm.adapters.storage.health_records import SqlPhoneHealthRecords
from phonefarm.adapters.storage.message_records import SqlMessageRecords
from phonefarm.adapters.storage.number_records import SqlNumberRecords
from phonefarm.adapters.storage.phone_records import SqlPhoneRecords
from phonefarm.adapters.storage.privacy_records import SqlPrivacyRecords
from phonefarm.adapters.storage.push_records import SqlPushRecords
from phonefarm.adapters.storage.rent_records import SqlRentRecords
from phonefarm.adapters.storage.sim_records import SqlSimRecords
from phonefarm.adapters.storage.sqlite.prepared import Driver, Prepared, PreparedChange, driver_of
from phonefarm.adapters.storage.tables import journal, sequences
from phonefarm.application.model.read_models import Topic
from phonefarm.application.model.timeline import Happening, TimelineKind

_SEQUENCE = "rents and messages"
_FIRST_ID = 10_001
RESERVED_IDS = 100
"""Ids reserved with one statement, so that most messages need none. Those left at a stop, or after a failed unit of
work, are never used."""
_HEARTBEAT = "heartbeat"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
ROOM_BYTES = 64_000
"""The most that a batch of messages needs."""


class SqlUnitOfWork:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)
        self._reserved = range(0)
        self.phones = SqlPhoneRecords(connection)
        self.health = SqlPhoneHealthRecords(connection)
        self.sims = SqlSimRecords(connection)
        self.numbers = SqlNumberRecords(connection)
        self.rents = SqlRentRecords(connection)
        self.messages = SqlMessageRecords(connection, self._next_ids)
        self.pushes = SqlPushRecords(self._driver)
        self.privacy = SqlPrivacyRecords(connection)
        self.journal = SqlJournal(self._driver)

    def next_id(self) -> int:
        return self._next_ids(1)[0]

    def note_rollback(self) -> None:
        """A unit of work was rolled back, maybe with the ids that it had reserved."""
        self._reserved = range(0)

    def _next_ids(self, number: int) -> range:
        if len(self._reserved) < number:
            self._reserved = self._reserve(number + RESERVED_IDS)
        ids, self._reserved = self._reserved[:number], self._reserved[number:]
        return ids

    def _reserve(self, number: int) -> range:
        taken = _NEXT.first(self._driver, number=number)
        if taken is None:
            last = _FIRST_ID + number - 1
            self._connection.execute(insert(sequences).values(name=_SEQUENCE, value=last))
        else:
            last = taken.value
        return range(last - number + 1, last + 1)

    def beat(self, at: datetime) -> None:
        seconds = int(at.timestamp())
        beaten = self._connection.execute(update(sequences).where(sequences.c.name == _HEARTBEAT).values(value=seconds))
        if beaten.rowcount == 0:
            self._connection.execute(insert(sequences).values(name=_HEARTBEAT, value=seconds))
        self._prove_that_there_is_room()

    def _prove_that_there_is_room(self) -> None:
        """A full disk still accepts changes in place, but would refuse every order: write something that needs room."""
        self._driver.execute("SAVEPOINT room")
        try:
            room = Happening(kind=TimelineKind.TEXT, fields={"text": " " * ROOM_BYTES})
            self.journal.note(_LONG_AGO, Topic.OVERVIEW, "", room)
        finally:
            if self._driver.in_transaction:
                self._driver.execute("ROLLBACK TO room")
                self._driver.execute("RELEASE room")


class _LastId(NamedTuple):
    value: int


_NEXT = Prepared(
    _LastId,
    update(sequences)
    .where(sequences.c.name == _SEQUENCE)
    .values(value=sequences.c.value + bindparam("number", type_=Integer))
    .returning(sequences.c.value),
)


class SqlJournal:
    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def note(self, at: datetime, topic: Topic, key: object, happening: Happening) -> None:
        values = {"kind": happening.kind.value, "fields": happening.fields}
        _NOTE.run(self._driver, at=at, topic=topic.value, key=str(key), **values)


_NOTE = PreparedChange(insert(journal), ["at", "topic", "key", "kind", "fields"])
