"""The tables. Columns are described where their read model or domain value is defined."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Column, ColumnClause, Index, Integer, LargeBinary, Table, literal_column, text
from sqlmodel import Field, SQLModel

from phonefarm.adapters.storage.columns import Instant, Money, PlainFields, literals
from phonefarm.domain.fields import Fields
from phonefarm.domain.pushes import OPEN_PUSH_STATES, PushState

_OPEN_RENT = text("finished_at IS NULL")
_REFUND = text("reversed_at IS NOT NULL")
_DISPATCHABLE_PUSH = text("is_free = 1")
_OPEN_STATES = literals(OPEN_PUSH_STATES)
_NOT_FAILED_STATES = literals((*OPEN_PUSH_STATES, PushState.DELIVERED))
_OPEN_PUSH = text(f"state IN ({_OPEN_STATES})")
_FAILED_PUSH = text(f"state NOT IN ({_NOT_FAILED_STATES})")
_ENDED_PUSH = text("ended_at IS NOT NULL")
_UNCERTAIN_PUSH = text("uncertain > 0")
_SMS_UNASSIGNED = text("doubt = 'sim'")
_SMS_ASIDE = text("standing IN ('baseline', 'held')")


def _number() -> Column[int]:
    """A key that we assign. In SQLite it is the rowid, so it needs no index."""
    return Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)


def _instant(**options: object) -> datetime:
    return Field(default=None, sa_type=Instant, **options)  # type: ignore[call-overload, no-any-return]


class PhoneTable(SQLModel, table=True):
    __tablename__ = "phones"

    phone_id: str = Field(primary_key=True)
    server: str
    serial: str
    handset: str = Field(index=True)
    """From `domain.phones.handset_of`: the same on every adb server."""
    label: str = ""
    make: str = ""
    model: str = ""
    android: str = ""
    sdk: int = 0
    state: str
    detail: str = ""
    state_since: datetime = Field(sa_type=Instant)
    baseline_at: datetime | None = _instant()
    last_read_at: datetime | None = _instant()
    """Begin of the last complete reading: what it did not contain arrived later."""
    clock_skew_ms: int | None = Field(default=None, sa_type=BigInteger)
    query_ms: int | None = None
    hints_working: bool | None = None
    hint_to_row_ms: int | None = None
    sms_hinted: int = 0
    sms_unhinted: int = 0
    hints_without_row: int = 0
    firmware: str = ""
    usb_path: str = ""
    battery_percent: int | None = None
    is_charging: bool | None = None
    temperature: float | None = None
    free_bytes: int | None = Field(default=None, sa_type=BigInteger)
    booted_at: datetime | None = _instant()
    airplane_mode: bool | None = None
    sms_app: str | None = None
    cause: str = ""
    """Of its state: `domain.phones.StateCause`."""


class PhoneConditionTable(SQLModel, table=True):
    """The active conditions of phones, one row each."""

    __tablename__ = "phone_conditions"

    phone_id: str = Field(primary_key=True)
    condition: str = Field(primary_key=True)
    fields: Fields = Field(default_factory=dict, sa_type=PlainFields)
    """Its measured values, as JSON."""
    since: datetime = Field(sa_type=Instant)


class ProbeTable(SQLModel, table=True):
    """What a handset's SMS provider accepts, found out once per firmware."""

    __tablename__ = "probes"

    handset: str = Field(primary_key=True)
    firmware: str
    reads_hex: bool
    counts: bool
    has_sub_id: bool
    slot_column: str = ""
    has_otp_mark: bool = False
    found_at: datetime | None = _instant()


class EmptyHintTable(SQLModel, table=True):
    """Announcements of a handset without a row: it may appear late, with the date of its announcement."""

    __tablename__ = "empty_hints"

    handset: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant, primary_key=True)


class SimRuleTable(SQLModel, table=True):
    """The SIM to which the user assigned a handset's messages with a certain mark."""

    __tablename__ = "sim_rules"

    handset: str = Field(primary_key=True)
    sim_mark: str = Field(primary_key=True)
    sim_id: str
    slot: int
    sub_id: int | None = None
    at: datetime = Field(sa_type=Instant)


class SimTable(SQLModel, table=True):
    __tablename__ = "sims"
    __table_args__ = (Index("sims_in_turn", "unused_in_a_row", "last_rented_at", "sim_id"),)

    sim_id: str = Field(primary_key=True)
    iccid: str = ""
    msisdn: str | None = Field(default=None, index=True)
    msisdn_source: str = ""
    phone_msisdn: str | None = None
    hand_msisdn: str | None = None
    message_msisdn: str | None = None
    """Stated by one of its own messages, and accepted by the user."""
    country: str = ""
    operator: str = ""
    mcc_mnc: str = ""
    phone_id: str | None = Field(default=None, index=True)
    slot: int | None = None
    slot_state: str
    slot_state_since: datetime | None = _instant()
    signal: int | None = None
    network_type: str = ""
    is_roaming: bool = False
    seen_at: datetime = Field(sa_type=Instant)
    held_reason: str | None = None
    held_at: datetime | None = _instant()
    unused_in_a_row: int = 0
    banned_since: datetime | None = _instant()
    banned_until: datetime | None = _instant()
    banned_by_hand: bool = False
    last_rented_at: datetime | None = _instant()


class SimPlaceTable(SQLModel, table=True):
    """Which cards were in which handset, and when: for the attribution of messages that are read late."""

    __tablename__ = "sim_places"

    handset: str = Field(primary_key=True)
    sim_id: str = Field(primary_key=True)
    sub_id: int | None = None
    slot: int
    since: datetime = Field(sa_type=Instant)
    until: datetime | None = _instant()


class NumberTable(SQLModel, table=True):
    """The lines of the numbers file and of imported tables, by ICCID, also for SIMs not seen yet."""

    __tablename__ = "numbers"

    iccid: str = Field(primary_key=True)
    origin: str = Field(primary_key=True)
    msisdn: str
    country: str = ""
    operator: str = ""
    label: str = ""
    said_at: datetime = Field(sa_type=Instant)
    """When the line was first stated as it is: of file and import, the later one is used."""


class NetworkNameTable(SQLModel, table=True):
    """The user's own names of networks."""

    __tablename__ = "network_names"

    mcc_mnc: str = Field(primary_key=True)
    country: str
    operator: str = ""
    named_at: datetime = Field(sa_type=Instant)


class NumberPatternTable(SQLModel, table=True):
    """The user's own patterns of messages that state a number; if empty, the built-in ones are used."""

    __tablename__ = "number_patterns"

    place: int = Field(primary_key=True)
    text: str
    sender: str = ""


class RentTable(SQLModel, table=True):
    __tablename__ = "rents"
    __table_args__ = (
        Index("one_open_rent_a_sim", "sim_id", unique=True, sqlite_where=_OPEN_RENT, postgresql_where=_OPEN_RENT),
        Index("one_open_rent_a_number", "msisdn", unique=True, sqlite_where=_OPEN_RENT, postgresql_where=_OPEN_RENT),
        Index("rents_of_sim", "sim_id", "ordered_at"),
        Index("rents_of_sim_by_end", "sim_id", "finished_at"),
        Index("refunds_by_time", "reversed_at", sqlite_where=_REFUND, postgresql_where=_REFUND),
    )

    rent_id: int = Field(sa_column=_number())
    sim_id: str
    msisdn: str
    phone_id: str
    country: str
    operator: str
    expected: Decimal = Field(sa_type=Money)
    ordered_at: datetime = Field(sa_type=Instant, index=True)
    answered: bool = False
    accepted_sms: int = 0
    finished_at: datetime | None = _instant(index=True)
    finish_status: int | None = None
    credited: Decimal | None = Field(default=None, sa_type=Money)
    credited_is_estimate: bool = False
    reversed_at: datetime | None = _instant()
    reversed_sum: Decimal | None = Field(default=None, sa_type=Money)
    """The sum that was credited and reversed; `credited` is 0 then."""


class SmsTable(SQLModel, table=True):
    __tablename__ = "sms"
    __table_args__ = (
        Index("one_row_a_message", "handset", "fingerprint", unique=True),
        Index("sms_of_rent", "rent_id"),
        Index("sms_of_sim", "sim_id", "arrived_at"),
        Index("texts_to_erase", "arrived_at", sqlite_where=text("erased_at IS NULL")),
        Index("sms_by_row_id", "handset", "row_id"),
        Index("sms_untold", "handset", "arrived_at", sqlite_where=_SMS_UNASSIGNED, postgresql_where=_SMS_UNASSIGNED),
        Index("sms_aside", "standing", sqlite_where=_SMS_ASIDE, postgresql_where=_SMS_ASIDE),
    )

    sms_id: int = Field(sa_column=_number())
    phone_id: str
    handset: str
    fingerprint: bytes = Field(sa_type=LargeBinary)
    row_id: int = Field(sa_type=BigInteger)
    sim_id: str | None = None
    msisdn: str = ""
    sender: str
    body: str
    sent_at: datetime | None = _instant()
    arrived_at: datetime = Field(sa_type=Instant, index=True)
    standing: str
    sim_mark: str = ""
    """What the row's columns state of its SIM."""
    sub_id: int | None = Field(default=None, sa_type=BigInteger)
    """Android's subscription id, if it is stated and the SIM is still unknown."""
    doubt: str = Field(default="", sa_column_kwargs={"server_default": ""})
    phone_date_ms: int | None = Field(default=None, sa_type=BigInteger)
    """The row's own date, if its time is doubtful; milliseconds since 1970."""
    erased_at: datetime | None = _instant()
    """When its text was erased; None while it is stored, even if it is empty."""
    rent_id: int | None = Field(default=None, sa_type=BigInteger)


class BlockedSenderTable(SQLModel, table=True):
    """The user's own list of senders whose messages are withheld; if empty, the built-in one is used."""

    __tablename__ = "blocked_senders"

    place: int = Field(primary_key=True)
    pattern: str
    what: str = ""


class PushTable(SQLModel, table=True):
    __tablename__ = "pushes"
    __table_args__ = (
        Index("free_pushes_by_time", "next_at", sqlite_where=_DISPATCHABLE_PUSH, postgresql_where=_DISPATCHABLE_PUSH),
        Index("open_pushes_by_number", "msisdn", "sms_id", sqlite_where=_OPEN_PUSH, postgresql_where=_OPEN_PUSH),
        Index("ended_pushes_by_time", "ended_at", sqlite_where=_ENDED_PUSH, postgresql_where=_ENDED_PUSH),
        Index("uncertain_pushes", "uncertain", sqlite_where=_UNCERTAIN_PUSH, postgresql_where=_UNCERTAIN_PUSH),
        Index("failed_pushes_by_state", "state", sqlite_where=_FAILED_PUSH, postgresql_where=_FAILED_PUSH),
    )

    sms_id: int = Field(sa_column=_number())
    rent_id: int = Field(sa_type=BigInteger)
    msisdn: str
    sender: str
    state: str
    attempts: int = 0
    soft_refusals: int = 0
    own_failures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Attempts that failed because of the message itself, by `domain.pushes.is_its_own`."""
    uncertain: int = 0
    is_dispatchable: bool = Field(
        default=False, sa_column_kwargs={"name": "is_free", "key": "is_dispatchable", "server_default": "0"}
    )
    """Whether it goes out as soon as it is due: nothing of its number blocks it. See `outbox_statements`."""
    next_at: datetime | None = _instant()
    begun_at: datetime | None = _instant()
    is_last_chance: bool = False
    """Whether the attempt in flight began after the end of the rent."""
    last_answer: str = ""
    created_at: datetime = Field(sa_type=Instant)
    arrived_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = _instant()


class PushAttemptTable(SQLModel, table=True):
    """Attempts that failed or whose result is unknown. The one in flight, or accepted, is stored in the push itself."""

    __tablename__ = "push_attempts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    sms_id: int = Field(sa_type=BigInteger, primary_key=True)
    attempt: int = Field(primary_key=True)
    begun_at: datetime = Field(sa_type=Instant)
    ended_at: datetime = Field(sa_type=Instant)
    answer: str


class JournalTable(SQLModel, table=True):
    """What happened to phones, SIMs, rents and pushes, for their timelines."""

    __tablename__ = "journal"
    __table_args__ = (Index("journal_of_subject", "topic", "key", "at"),)

    line_id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Instant)
    topic: str
    key: str
    kind: str
    fields: Fields = Field(sa_type=PlainFields)
    """Plain values by name, as JSON; never the text of an SMS, never a secret."""


class SequenceTable(SQLModel, table=True):
    """One counter for rents and messages, so that no id is used twice."""

    __tablename__ = "sequences"

    name: str = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)


def _core(model: type[SQLModel]) -> Table:
    table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table)
    return table


phones = _core(PhoneTable)
phone_conditions = _core(PhoneConditionTable)
probes = _core(ProbeTable)
empty_hints = _core(EmptyHintTable)
sim_rules = _core(SimRuleTable)
sims = _core(SimTable)
sim_places = _core(SimPlaceTable)
numbers = _core(NumberTable)
network_names = _core(NetworkNameTable)
number_patterns = _core(NumberPatternTable)
rents = _core(RentTable)
sms = _core(SmsTable)
blocked_senders = _core(BlockedSenderTable)
pushes = _core(PushTable)
push_attempts = _core(PushAttemptTable)
journal = _core(JournalTable)
sequences = _core(SequenceTable)
metadata = SQLModel.metadata


def push_is_open(table: str) -> ColumnClause[bool]:
    """`PUSH_IS_OPEN` of the table, or of an alias of it."""
    return literal_column(f"{table}.state IN ({_OPEN_STATES})")


# Spelled as the partial indexes spell it: SQLite uses an index for no other spelling, and never for bound values.
PUSH_IS_DISPATCHABLE: ColumnClause[bool] = literal_column("pushes.is_free = 1")
PUSH_IS_OPEN = push_is_open("pushes")
PUSH_WAS_UNCERTAIN: ColumnClause[bool] = literal_column("pushes.uncertain > 0")
SMS_IS_UNASSIGNED: ColumnClause[bool] = literal_column("sms.doubt = 'sim'")
SMS_IS_ASIDE: ColumnClause[bool] = literal_column("sms.standing IN ('baseline', 'held')")
PUSH_HAS_FAILED: ColumnClause[bool] = literal_column(f"pushes.state NOT IN ({_NOT_FAILED_STATES})")
