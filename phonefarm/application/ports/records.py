"""The records that a unit of work changes, one protocol for each subject, and the values that go in and out of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from phonefarm.application.ports.world import Probe, PushMessage
from phonefarm.domain.attribution import SimPlace
from phonefarm.domain.bans import Streak
from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.conditions import Condition
from phonefarm.domain.fields import Fields
from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId, SmsId
from phonefarm.domain.networks import Network
from phonefarm.domain.number_patterns import NumberPattern
from phonefarm.domain.phones import PhoneFacts, PhoneState, StateCause
from phonefarm.domain.pushes import PushState
from phonefarm.domain.rents import FinishStatus, Rent
from phonefarm.domain.sims import SeenSim, Sim
from phonefarm.domain.sms import Doubt, InboundSms, RentSpan, SmsStanding
from phonefarm.domain.vitals import PhoneVitals


@dataclass(frozen=True, kw_only=True)
class ReadingMark:
    """Where the readings of a handset stand, on whichever adb server it was read last."""

    last_read_at: datetime | None
    clock_skew: timedelta | None


@dataclass(frozen=True, kw_only=True)
class SimOnPhone:
    """A SIM that sits in a handset or sat in it: its place there, and its number now."""

    place: SimPlace
    slot: int
    msisdn: Msisdn | None

    @property
    def sim_id(self) -> SimId:
        return self.place.sim_id

    @property
    def is_in(self) -> bool:
        return self.place.until is None


class NumberOrigin(StrEnum):
    """Where a line of numbers comes from."""

    FILE = "file"
    """The numbers file: a line that leaves it takes its number along."""
    IMPORT = "import"
    """A table that the user imported: kept until the next import that names the card."""


@dataclass(frozen=True, kw_only=True)
class NumberEntry:
    """A line of the numbers file or of an imported table."""

    iccid: str
    msisdn: Msisdn
    country: str = ""
    operator: str = ""
    label: str = ""
    line: int = field(default=0, compare=False)
    """Where it stands, as the user's program counts."""


@dataclass(frozen=True, kw_only=True)
class LineProblem:
    line: int
    problem: str


@dataclass(frozen=True, kw_only=True)
class NumberTable:
    """A table of numbers as read: its good lines, and what is wrong with each of the others."""

    entries: tuple[NumberEntry, ...]
    problems: tuple[LineProblem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SimRule:
    """Whose messages with a certain mark are: a card's, as long as it sits where it sat when the user said so."""

    sim_id: SimId
    slot: int
    sub_id: int | None


@dataclass(frozen=True, kw_only=True)
class RememberedProbe:
    probe: Probe
    found_at: datetime | None
    """None where it was found out before this was written down."""


@dataclass(frozen=True, kw_only=True)
class NewSms:
    """A message not stored yet, and whose it is."""

    message: InboundSms
    standing: SmsStanding
    msisdn: str = ""
    rent_id: RentId | None = None
    erased_at: datetime | None = None
    """Set: the text is not kept, only the fact."""
    doubt: Doubt | None = None
    phone_date_ms: int | None = None
    """What the phone stated, where its time is in doubt."""


@dataclass(frozen=True, kw_only=True)
class StoredSms:
    sms_id: SmsId
    phone_id: PhoneId
    sim_id: SimId | None
    msisdn: str
    sender: str
    standing: SmsStanding
    arrived_at: datetime
    sim_mark: str
    is_erased: bool


@dataclass(frozen=True, kw_only=True)
class UntoldSms:
    """A stored message whose SIM could not be told when it came."""

    sms_id: SmsId
    fingerprint: bytes
    standing: SmsStanding
    sender: str
    sub_id: int | None
    sim_mark: str
    arrived_at: datetime


@dataclass(frozen=True, kw_only=True)
class SeenRow:
    """A stored message, as far as it tells whether a row of the same id is it."""

    sms_id: SmsId
    body: str | None = field(repr=False)
    """None: its text was not kept."""
    arrived_at: datetime


@dataclass(frozen=True, kw_only=True)
class NewPush:
    """A stored message that the market is to get."""

    sms_id: SmsId
    rent_id: RentId
    msisdn: Msisdn
    sender: str
    arrived_at: datetime
    text: str | None = field(default=None, repr=False)
    """What an attempt takes along that begins with the push.

    None: none does. Its rent is over, or it was settled by hand, maybe together with older ones.
    """


@dataclass(frozen=True, kw_only=True)
class StoredPush:
    sms_id: SmsId
    rent_id: RentId
    msisdn: Msisdn
    state: PushState
    attempts: int
    soft_refusals: int
    uncertain: int
    """Attempts of it whose end nobody knows."""
    rent_is_over: bool
    is_last_chance: bool
    """Whether the attempt under way, or the last one, began when the rent was over."""


@dataclass(frozen=True, kw_only=True)
class NumberSources:
    """What has been said of a SIM's number, beside tables."""

    by_hand: Msisdn | None
    by_message: Msisdn | None
    """Stated by a message, and accepted by the user."""
    by_phone: Msisdn | None


@dataclass(frozen=True, kw_only=True)
class ToldSms:
    """What a message says, and who says it."""

    sender: str
    body: str = field(repr=False)
    arrived_at: datetime


class PhoneRecords(Protocol):
    def note(
        self,
        phone_id: PhoneId,
        state: PhoneState,
        detail: str,
        at: datetime,
        cause: StateCause = StateCause.NONE,
    ) -> bool:
        """Record a phone's state, adding the phone if it is new; True if that changed anything."""
        ...

    def state_of(self, phone_id: PhoneId) -> PhoneState | None: ...

    def present(self, server: str | None = None) -> list[PhoneId]:
        """Phones (of one server, or all) that are not GONE."""
        ...

    def set_facts(self, phone_id: PhoneId, facts: PhoneFacts) -> None: ...

    def facts_of(self, phone_id: PhoneId) -> PhoneFacts | None:
        """What it last said of itself; None where it is not known."""
        ...

    def note_port(self, phone_id: PhoneId, usb_path: str) -> None: ...

    def ports(self) -> dict[PhoneId, str]:
        """Where each phone was last; empty where that is not known."""
        ...

    def set_label(self, phone_id: PhoneId, label: str) -> bool: ...

    def mark_of(self, phone_id: PhoneId) -> ReadingMark | None:
        """None: the handset was never read."""
        ...

    def note_reading(
        self, phone_id: PhoneId, *, begun_at: datetime, skew: timedelta | None, took: timedelta
    ) -> None: ...

    def note_hints(self, phone_id: PhoneId, working: bool) -> bool: ...

    def note_arrivals(self, phone_id: PhoneId, *, hinted: int, unhinted: int, hint_to_row: timedelta | None) -> None:
        """Count messages found with and without an announcement; `hint_to_row` of the last announced one."""
        ...


class PhoneHealthRecords(Protocol):
    """How phones are, and what was found out about them."""

    def note_vitals(self, phone_id: PhoneId, vitals: PhoneVitals, at: datetime) -> bool:
        """Keep what the phone said (what it did not say stays as it was); True if anything to be seen changed."""
        ...

    def last_start(self, phone_id: PhoneId) -> tuple[datetime | None, str]:
        """When it was started, as its last check-up told, and its SMS app then; empty where it did not say."""
        ...

    def conditions(self, phone_id: PhoneId) -> dict[Condition, Fields]:
        """What ails the phone, with the detail of each."""
        ...

    def ailing_since(self, phone_id: PhoneId) -> dict[Condition, datetime]: ...

    def set_conditions(self, phone_id: PhoneId, conditions: Mapping[Condition, Fields], at: datetime) -> None:
        """Put these in place of the former ones; those that go on keep their `since`."""
        ...

    def remembered_probe(self, phone_id: PhoneId, facts: PhoneFacts) -> RememberedProbe | None:
        """What was found out about the handset under the same firmware; None where that is not known."""
        ...

    def remember_probe(self, phone_id: PhoneId, probe: Probe, at: datetime) -> None: ...

    def forget_probe(self, phone_id: PhoneId) -> None: ...

    def note_empty_hint(self, phone_id: PhoneId, at: datetime) -> None:
        """An announcement of this time brought no row."""
        ...

    def empty_hints(self, phone_id: PhoneId) -> list[datetime]:
        """Of the last day, oldest first."""
        ...

    def settle_empty_hint(self, phone_id: PhoneId, at: datetime) -> None:
        """Its row has come after all."""
        ...

    def sim_rule(self, phone_id: PhoneId, sim_mark: str) -> SimRule | None: ...

    def set_sim_rule(self, phone_id: PhoneId, sim_mark: str, rule: SimRule, at: datetime) -> None: ...

    def forget_sim_rules(self, phone_id: PhoneId) -> bool: ...


class SimRecords(Protocol):
    def all(self) -> list[Sim]:
        """Every SIM that sits in a phone, with what decides on its offer."""
        ...

    def in_turn(self, at: datetime, countries: Collection[str], operators: Collection[str] | None) -> Iterable[Sim]:
        """SIMs of the countries and operators (None: of any) that may be on offer, found one by one.

        In the order in which they are issued.
        """
        ...

    def with_number(self, msisdn: Msisdn) -> list[Sim]:
        """Every SIM in a phone that carries this number, with what decides on its offer."""
        ...

    def get(self, sim_id: SimId) -> Sim | None: ...

    def on_phone(self, phone_id: PhoneId) -> list[SimOnPhone]:
        """The cards that sit or sat in the handset, by slot."""
        ...

    def place(self, seen: SeenSim, phone_id: PhoneId, country: str, operator: str, at: datetime) -> bool:
        """Record where a SIM was seen and what it said; True if anything changed."""
        ...

    def become(self, stand_in: SimId, sim_id: SimId) -> None:
        """A SIM known by a stand-in has told its ICCID: its books, rents and messages go over to `sim_id`.

        Nothing happens if both have an open rent: then two numbers are at stake, and the user must look.
        """
        ...

    def take_out(self, phone_id: PhoneId, staying: Collection[SimId], at: datetime) -> list[SimId]:
        """Mark SIMs of the phone that are not among `staying` as out; returns those that left."""
        ...

    def network_code(self, sim_id: SimId) -> str:
        """MCC and MNC of the card's home network; empty where no phone has told."""
        ...

    def number_sources(self, sim_id: SimId) -> NumberSources: ...

    def set_number(self, sim_id: SimId, msisdn: Msisdn | None, source: str) -> bool: ...

    def set_hand_number(self, sim_id: SimId, msisdn: Msisdn) -> None: ...

    def set_message_number(self, sim_id: SimId, msisdn: Msisdn) -> None: ...

    def in_phones_with_number(self, msisdn: Msisdn) -> list[SimId]:
        """The SIMs in phones that carry this number."""
        ...

    def set_network(self, sim_id: SimId, country: str, operator: str) -> bool: ...

    def set_streak(self, sim_id: SimId, streak: Streak, at: datetime) -> None: ...

    def set_ban(self, sim_id: SimId, since: datetime, until: datetime) -> None: ...

    def lift_ban(self, sim_id: SimId) -> bool: ...

    def bans_ended(self, now: datetime) -> list[SimId]:
        """SIMs whose ban has run out and is still on their record."""
        ...

    def hold(self, sim_id: SimId, reason: str | None, at: datetime) -> None: ...

    def note_rented(self, sim_id: SimId, at: datetime) -> None: ...


class NumberRecords(Protocol):
    """What the user has said of numbers and networks: by tables, by names, by patterns."""

    def entry_of(self, sim_id: SimId) -> tuple[NumberEntry, NumberOrigin] | None:
        """The line that holds for the SIM's ICCID: of file and import, the one that was said later."""
        ...

    def replace_file(self, entries: Iterable[NumberEntry], at: datetime) -> list[SimId]:
        """Put the numbers file's lines in place of the former ones; returns the SIMs that they concern.

        A line that stays as it was keeps the time at which it was said.
        """
        ...

    def take_in(self, entries: Iterable[NumberEntry], at: datetime) -> list[SimId]:
        """Keep the lines of an imported table, beside those of earlier ones; returns the SIMs that they concern."""
        ...

    def messages_of(self, sim_id: SimId, limit: int) -> list[ToldSms]:
        """The newest messages of the SIM, newest first."""
        ...

    def network_name(self, mcc_mnc: str) -> Network | None:
        """The user's own name for a network."""
        ...

    def set_network_name(self, mcc_mnc: str, name: Network | None, at: datetime) -> None: ...

    def sims_of_network(self, mcc_mnc: str) -> list[SimId]: ...

    def patterns(self) -> list[NumberPattern]:
        """The user's own patterns; none as long as the built-in ones are used."""
        ...

    def set_patterns(self, patterns: Sequence[NumberPattern]) -> None: ...


class RentRecords(Protocol):
    def open_numbers(self) -> frozenset[Msisdn]: ...

    def is_open_on(self, msisdn: Msisdn) -> bool:
        """Whether the number is rented now."""
        ...

    def countries(self) -> list[str]:
        """Countries of all SIMs ever seen: they stay in the offer with zeros."""
        ...

    def operators(self) -> list[str]:
        """Operators of all SIMs ever seen, as they are spelled."""
        ...

    def add(self, rent: Rent) -> None: ...

    def get(self, rent_id: RentId) -> Rent | None: ...

    def spans(self, sim_id: SimId, since: datetime) -> list[RentSpan]:
        """Rents of the SIM that are open or were so at `since` or later, newest first."""
        ...

    def mark_answered(self, rent_id: RentId) -> None: ...

    def close(
        self, rent_id: RentId, status: FinishStatus | None, credited: Decimal, is_estimate: bool, at: datetime
    ) -> None: ...

    def reverse(self, rent_id: RentId, at: datetime) -> None: ...


class MessageRecords(Protocol):
    def known(self, phone_id: PhoneId, fingerprints: Collection[bytes]) -> set[bytes]: ...

    def add(self, messages: Sequence[NewSms]) -> list[SmsId]:
        """Their ids, in their order."""
        ...

    def get(self, sms_id: SmsId) -> StoredSms | None: ...

    def under_row_ids(self, phone_id: PhoneId, row_ids: Collection[int]) -> dict[int, list[SeenRow]]:
        """What was seen of the handset under these row ids, the newest first of each."""
        ...

    def rewrite(self, sms_id: SmsId, fingerprint: bytes) -> None:
        """The phone shows the message with other dates or another sender now: that is how it is known from now on."""
        ...

    def untold(self, phone_id: PhoneId, since: datetime) -> list[UntoldSms]:
        """Messages of the handset that arrived since then and whose SIM is still not known, oldest first."""
        ...

    def note_sim_columns(self, sms_id: SmsId, sub_id: int | None, sim_mark: str) -> None:
        """Its row says something else of its SIM now."""
        ...

    def held_with_mark(self, phone_id: PhoneId, sim_mark: str) -> list[SmsId]:
        """Held messages of the handset with this mark whose SIM is not known, oldest first."""
        ...

    def settle(
        self, sms_id: SmsId, sim_id: SimId, msisdn: str, standing: SmsStanding, rent_id: RentId | None
    ) -> None: ...


class PushRecords(Protocol):
    def add(self, queued: Sequence[NewPush], now: datetime, *, begin: int) -> list[PushMessage]:
        """Pushes that are due now; each waits for older ones of its number.

        Of those that wait for nothing, up to `begin` attempts are recorded begun, as by `claim`, and returned; none
        where older pushes are due, which go first.
        """
        ...

    def get(self, sms_id: SmsId) -> StoredPush | None: ...

    def claim(self, now: datetime, limit: int) -> list[PushMessage]:
        """Take what is due, of each number one, never past an older one that holds it back; records attempts begun."""
        ...

    def next_due(self) -> datetime | None:
        """When the next waiting push is due; None if none waits."""
        ...

    def record(
        self,
        sms_id: SmsId,
        answer: str,
        ended_at: datetime,
        *,
        is_soft_refusal: bool = False,
        is_its_own: bool = False,
        is_uncertain: bool = False,
    ) -> StoredPush | None:
        """Note how the attempt under way ended; returns the push as it stands, None if it is not under way.

        `is_its_own`: it failed for the message's own sake. `is_uncertain`: whether it failed nobody knows.
        """
        ...

    def deliver(self, accepted: Mapping[SmsId, datetime], answer: str) -> list[SmsId]:
        """Attempts under way have ended well (when, by message): their messages are delivered and counted.

        Returns those that were under way.
        """
        ...

    def settle(self, sms_id: SmsId, state: PushState, at: datetime) -> None: ...

    def retry(self, sms_id: SmsId, at: datetime) -> None: ...

    def restart(self, sms_id: SmsId, now: datetime) -> None:
        """The user wants it tried again: due now, its refusals forgotten."""
        ...

    def last_chance(self, rent_id: RentId, now: datetime) -> int:
        """Make the waiting pushes of a finished rent due now; returns how many there are."""
        ...

    def not_later_than(self, at: datetime) -> int:
        """Pull waiting pushes that are due after `at` to it (the clock was set back); returns how many there were."""
        ...

    def make_uncertain(self, now: datetime, only: SmsId | None = None, due: datetime | None = None) -> list[SmsId]:
        """Attempts begun whose end was never recorded: count them and make them due once more, at `due` or now."""
        ...


class PrivacyRecords(Protocol):
    def erase_texts(self, before: datetime, now: datetime, limit: int) -> int:
        """Take out the oldest texts that have had no use since `before`; returns how many, at most `limit`.

        What is still to be pushed, or held for the user, stays.
        """
        ...

    def erase_number(self, msisdn: str, now: datetime) -> tuple[int, int]:
        """Take out the texts of a number; (erased, still needed)."""
        ...

    def blocked_senders(self) -> list[BlockedSender]:
        """The user's own list; empty while the built-in one holds."""
        ...

    def set_blocked_senders(self, entries: Sequence[BlockedSender]) -> None: ...
