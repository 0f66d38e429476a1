"""Read models: the frozen rows and summaries that the window and the command line show.

Times are aware UTC datetimes, sums are Decimal roubles, missing values are None or an empty text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from phonefarm.domain.blocklist import BlockedSender as BlockedSender
from phonefarm.domain.blocklist import BlockList as BlockList
from phonefarm.domain.conditions import Condition as Condition
from phonefarm.domain.errors import KnownError as KnownError
from phonefarm.domain.fields import NO_FIELDS as NO_FIELDS
from phonefarm.domain.fields import Fields as Fields
from phonefarm.domain.health import Health as Health
from phonefarm.domain.health import HealthKind as HealthKind
from phonefarm.domain.money import Difference as Difference
from phonefarm.domain.money import Grouping as Grouping
from phonefarm.domain.money import Sums as Sums
from phonefarm.domain.number_patterns import NumberPattern as NumberPattern
from phonefarm.domain.phones import PhoneState as PhoneState
from phonefarm.domain.pushes import OPEN_PUSH_STATES as OPEN_PUSH_STATES
from phonefarm.domain.pushes import PushState as PushState
from phonefarm.domain.remedies import Remedy as Remedy
from phonefarm.domain.rents import FinishStatus as FinishStatus
from phonefarm.domain.rents import RentState as RentState
from phonefarm.domain.shortage import USUAL_FOR as USUAL_FOR
from phonefarm.domain.shortage import Shortage as Shortage
from phonefarm.domain.sims import SimStanding as SimStanding
from phonefarm.domain.sms import Doubt as Doubt
from phonefarm.domain.sms import SmsStanding as SmsStanding
from phonefarm.domain.telemetry import PhoneTelemetry as PhoneTelemetry
from phonefarm.domain.tunnels import TunnelKind as TunnelKind


class Topic(StrEnum):
    """The kind of rows of an event, a timeline or a page; the comment names the row's key."""

    PHONES = "phones"  # phone_id
    SIMS = "sims"  # sim_id
    RENTS = "rents"  # str(rent_id)
    MESSAGES = "messages"  # str(sms_id)
    PUSHES = "pushes"  # str(sms_id)
    BANS = "bans"  # sim_id
    MONEY = "money"  # no keys: the account follows the rents
    NUMBERS = "numbers"  # sim_id: the worklist
    OVERVIEW = "overview"  # no keys: counts or health changed
    SETTINGS = "settings"  # no keys


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Rows that may have changed since the last event: keys by topic; None means all rows of the topic."""

    keys: Mapping[Topic, frozenset[str] | None]


@dataclass(frozen=True, kw_only=True)
class ActiveCondition:
    """A problem of a phone that can be read."""

    condition: Condition
    values: Fields
    """Its measured value, as `domain.conditions` returns it; may be empty."""
    since: datetime
    remedy: Remedy


@dataclass(frozen=True, kw_only=True)
class PhoneRow:
    phone_id: str
    serial: str
    server: str
    label: str
    """The user's name for it, else make and model, else the serial."""
    make: str
    model: str
    android: str
    state: PhoneState
    detail: str
    """The cause in the words of adb or the phone; empty when ready."""
    since: datetime
    remedy: Remedy
    """The user's next step: for the state, else for the most urgent condition."""
    conditions: tuple[ActiveCondition, ...]
    """Most urgent first."""
    telemetry: PhoneTelemetry
    booted_at: datetime | None
    usb_path: str
    """The port that adb names, `1-1.4`; empty over TCP."""
    firmware: str
    reads_hex: bool | None
    """Whether a query reads all texts of a window, or only one; None until the phone was probed."""
    sim_column: str
    """The vendor's own column for the SIM; empty if there is none."""
    sims: tuple[str, ...]
    """Numbers, or ICCIDs of SIMs without a number, by slot."""
    rents_open: int
    query_seconds: float | None
    """Duration of the last SMS query."""
    clock_skew_seconds: float | None
    """Phone clock minus ours; None until measured."""
    last_read_at: datetime | None
    hints_working: bool | None
    """Whether its radio log announces messages; None until known."""
    hint_to_row_seconds: float | None
    """From the last announcement to its row."""
    sms_hinted: int
    """All messages that were announced."""
    sms_unhinted: int
    """All messages that were not announced."""
    hints_without_row: int
    """Announcements without a message."""
    sim_rules: int
    """Number of SIM marks that the user has assigned to a SIM for good."""
    sms_today: int

    def is_of_farm(self, now: datetime) -> bool:
        """Whether it is connected, or left with its SIMs within USUAL_FOR; duplicates do not count."""
        if self.state is PhoneState.GONE:
            return bool(self.sims) and now - self.since < USUAL_FOR
        return self.state is not PhoneState.DUPLICATE


@dataclass(frozen=True, kw_only=True)
class SimRow:
    sim_id: str
    iccid: str
    """The full ICCID; empty if the phone masks it."""
    msisdn: str
    msisdn_source: str
    """hand, file, import, message or phone, by priority; empty without a number."""
    country: str
    operator: str
    phone_id: str
    phone_label: str
    slot: int | None
    """0-based; None if it is in no phone."""
    standing: SimStanding
    standing_since: datetime | None
    remedy: Remedy
    """The user's next step; the phone's if the phone is the cause."""
    mcc_mnc: str
    """MCC and MNC of its home network, `25001`; empty if unknown."""
    signal: int | None
    """Bars, 0 to 4."""
    network_type: str
    is_roaming: bool
    held_reason: str
    unused_in_a_row: int
    """Rents in a row that ended without an accepted SMS; the third bans the number."""
    banned_until: datetime | None
    rent_id: int | None
    rents_total: int
    income_total: Decimal
    last_rented_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class NumberTask:
    """A SIM of the worklist: its number or its network's name is missing, or its messages state a number."""

    sim_id: str
    iccid: str
    phone_id: str
    phone_label: str
    slot: int | None
    mcc_mnc: str
    country: str
    operator: str
    msisdn: str
    """Empty while it is missing."""
    found: str
    """A number that its messages state; empty if none was found."""
    found_sender: str
    found_text: str
    found_at: datetime | None
    found_others: tuple[str, ...] = ()
    """Numbers that its other messages state; anybody can send one."""
    is_foreign: bool = False
    """Whether a stated number is not used because it is of another country than the network."""
    found_on: str = ""
    """Phone and slot of another SIM with the found number; empty if there is none."""


@dataclass(frozen=True, kw_only=True)
class NetworkRow:
    """A mobile network of a SIM of this farm, by the market's names."""

    mcc_mnc: str
    country: str
    """Empty if unknown: SIMs of the network cannot be offered."""
    operator: str
    source: str
    """`built in`, `yours`, or empty if the network is unknown."""
    sims: int


@dataclass(frozen=True, kw_only=True)
class RentRow:
    rent_id: int
    msisdn: str
    country: str
    operator: str
    sim_id: str
    phone_id: str
    phone_label: str
    state: RentState
    ordered_at: datetime
    first_sms_deadline: datetime
    """20 minutes after the order: the market then cancels a rent without an accepted SMS."""
    finished_at: datetime | None
    finish_status: FinishStatus | None
    sms_count: int
    sms_delivered: int
    sms_on_way: int
    """Received, and being pushed."""
    expected: Decimal
    credited: Decimal | None
    credited_is_estimate: bool
    one_more_failure_bans: bool


@dataclass(frozen=True, kw_only=True)
class MoneyRow:
    """A line of the account: a day, a month, a SIM, a phone, an operator or a country."""

    key: str
    """`2026-03-14`, `2026-03`, a SIM's or phone's id, `russia, mts`, `russia`."""
    label: str
    sums: Sums


@dataclass(frozen=True, kw_only=True)
class MessageRow:
    sms_id: int
    msisdn: str
    sim_id: str
    phone_id: str
    phone_label: str
    sender: str
    text: str = field(repr=False)
    arrived_at: datetime
    standing: SmsStanding
    rent_id: int | None
    push_state: PushState | None
    delivered_after_seconds: float | None
    """From arrival at the phone to Onlinesim's 200."""
    can_be_remembered: bool = False
    """Whether it is held and its mark identifies a SIM, so that an assignment may apply to others, too."""
    is_erased: bool = False
    """Whether the text was erased, or never stored because its sender is blocked."""
    doubt: Doubt | None = None
    phone_date: datetime | None = None
    """The phone's date of a message whose time is in doubt; None if it has none."""


@dataclass(frozen=True, kw_only=True)
class PushRow:
    sms_id: int
    rent_id: int
    msisdn: str
    sender: str
    state: PushState
    attempts: int
    uncertain: int
    """Attempts whose outcome was lost in a crash; each was repeated once."""
    next_at: datetime | None
    last_answer: str
    """`HTTP 502 after 310 ms`, `BAD_SERVICE`, `no connection: …`; empty before the first attempt."""
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class BanRow:
    sim_id: str
    msisdn: str
    country: str
    operator: str
    phone_label: str
    since: datetime
    until: datetime
    by_hand: bool
    """Set by the user, not by the market's rule."""


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """The result of the import of a table."""

    summary: str
    left_out: tuple[str, ...] = ()
    """The lines that were left out: one sentence for each cause, with all its line numbers."""


class AttentionKind(StrEnum):
    PHONE_UNAUTHORIZED = "phone unauthorized"
    PHONE_NO_PERMISSIONS = "phone no permissions"
    PHONE_WITHHELD = "phone withheld"
    PHONE_FAILING = "phone failing"
    PHONE_NOT_UNDERSTOOD = "phone not understood"
    PHONE_OFFLINE = "phone offline"
    PHONE_GONE = "phone gone"
    """It has open rents, whose SMS cannot be read."""
    PHONES_UNPLUGGED = "phones unplugged"
    """Their numbers have left the offer."""
    PHONE_LOCKED = "phone locked"
    PHONE_UNSTEADY = "phone unsteady"
    PHONE_NOT_IN_ANDROID = "phone not in android"
    """For longer than an update takes."""
    PHONE_NOT_STARTING = "phone not starting"
    """A transient state has lasted too long."""
    PHONE_CONDITION = "phone ailing"
    """A condition keeps its messages from being seen in time, or soon will."""
    PHONES_LEFT = "phones left"
    """Several left together: the subject is the hub that they share, or empty."""
    SIM_LOCKED = "sim locked"
    """A PIN, a PUK or the phone's own lock."""
    SIM_UNREADABLE = "sim unreadable"
    NETWORK_UNKNOWN = "network unknown"
    SMS_HELD = "sms held"
    PUSH_PARKED = "push parked"
    KEY_REFUSED = "key refused"
    MARKET_DOWN = "market down"
    """It cannot be reached, or answers with errors; the subject says which."""
    ADB_DOWN = "adb down"
    NOT_SELLING = "not selling"
    """Something that every sale needs is missing."""
    NOTHING_WORKS = "nothing works"
    """No number is on offer, or rented and able to receive."""
    FEW_WORK = "few work"
    """At most half of the usual numbers can receive."""
    NUMBER_MISSING = "number missing"
    POSSIBLE_ORPHAN = "possible orphan"
    RENT_OVERDUE = "rent overdue"
    STORAGE_FAILING = "storage failing"
    BUG = "bug"


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Something that needs the user now."""

    kind: AttentionKind
    subject: str
    """Phone label, number or token; the window has the sentence."""
    since: datetime
    topic: Topic
    key: str
    """Key of the row; empty if it concerns the page or the whole farm."""
    others: tuple[str, ...] = ()
    """Keys of further rows, if it concerns several."""
    condition: Condition | None = None
    """The phone's condition, for PHONE_CONDITION."""
    values: Fields = field(default_factory=dict)
    """The condition's measured value; may be empty."""
    health: Health | None = None
    """The result of a health check, if it is the cause; then there is no subject."""
    shortage: Shortage | None = None
    """For NOTHING_WORKS and FEW_WORK."""
    numbers: int = 0
    """How many numbers have left the offer, for PHONES_UNPLUGGED."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of all rows that it concerns."""
        return (self.key, *self.others) if self.key else self.others


class Verdict(StrEnum):
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """One health check; names: webhooks, market, adb, storage, engine."""

    name: str
    verdict: Verdict
    health: Health
    since: datetime


@dataclass(frozen=True, kw_only=True)
class PublicAddress:
    """How Onlinesim reaches the webhooks, and whether it does."""

    kind: TunnelKind
    verdict: Verdict
    health: Health
    url: str
    """Empty while no tunnel has named one."""
    reported_url: str
    """The URL that the user has last passed on to Onlinesim; empty if none."""
    answered_at: datetime | None
    """When a probe from outside was last answered by this program."""
    restarts: int
    """How often the tunnel was started anew since the program started."""
    host_key: str = ""
    """The fingerprint that an SSH server shows and the user has not confirmed."""
    host: str = ""
    """That server."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The counters of `/health`, by their names there."""

    phones: int = 0
    phones_ready: int = 0
    sims: int = 0
    numbers_on_offer: int = 0
    rents_open: int = 0
    sms_received: int = 0
    pushes_waiting: int = 0
    pushes_delivered: int = 0
    pushes_refused: int = 0
    pushes_parked: int = 0
    pushes_uncertain: int = 0
    bans: int = 0


BY_USER = "the user"


@dataclass(frozen=True, kw_only=True)
class Pause:
    """All selling is paused; open rents go on."""

    since: datetime
    by: str
    """Who paused it, in words."""


@dataclass(frozen=True, kw_only=True)
class Overview:
    at: datetime
    counts: Counts
    checks: tuple[HealthCheck, ...]
    attention: tuple[Attention, ...]
    phones_by_state: Mapping[PhoneState, int]
    phones_needing_by_state: Mapping[PhoneState, int]
    """Those of `phones_by_state` that need the user, for any reason."""
    phones_of_farm: int
    """Connected phones, and those that left within USUAL_FOR."""
    numbers_working: int
    """On offer, or rented and able to receive."""
    rents_waiting_first_sms: int
    """Open, without an accepted SMS, and none on its way."""
    rents_sending_first_sms: int
    """The same, with one on its way."""
    sms_today: int
    sms_delivered_today: int
    sms_held: int
    oldest_waiting_push_at: datetime | None
    next_push_at: datetime | None
    income_today: Decimal
    income_month: Decimal
    arrival_p50_seconds: float | None
    arrival_p99_seconds: float | None
    """Arrival at the phone to Onlinesim's 200, last hour."""
    sms_by_hour: tuple[int, ...]
    """Delivered, last 48 hours, oldest first, the current hour last."""
    income_by_day: tuple[Decimal, ...]
    """Last 30 days, oldest first, today last; a refund counts on its own day."""
    arrival_by_minute: tuple[float | None, ...]
    """p50 in seconds for each of the last 60 minutes, oldest first; None where nothing arrived."""
    waiting_rents: tuple[RentRow, ...]
    """Open rents without an accepted SMS, nearest deadline first, at most 12."""
    paused: Pause | None = None
    """Set while the user has paused all selling."""

    def needing(self, topic: Topic) -> frozenset[str]:
        """Keys of the rows that need the user; the rail counts them and the page shows them."""
        return needing(self.attention, topic)


def needing(attention: Iterable[Attention], topic: Topic) -> frozenset[str]:
    """The rows of a topic that need the user; a SIM without a number is on two pages."""
    topics = (topic, Topic.NUMBERS) if topic is Topic.SIMS else (topic,)
    return frozenset(key for need in attention if need.topic in topics for key in need.keys)


@dataclass(frozen=True, kw_only=True)
class Restored:
    """The database was restored from a backup, and the user has not dismissed the notice yet."""

    at: datetime
    until: datetime
    """The last moment that the backup contains."""


@dataclass(frozen=True, kw_only=True)
class SettingField:
    """One setting as the Settings page shows it."""

    name: str
    """Field name in settings.toml, for example `push_url`."""
    environment: str
    """`PHONEFARM_PUSH_URL`."""
    value: str
    """The value as text; empty for the key, which is never shown."""
    default: str
    source: str
    """default, file, environment, keyring or key file; an environment value cannot be edited."""
    help: str
    choices: tuple[str, ...] = ()
    secret: bool = False
    is_set: bool = True


@dataclass(frozen=True, kw_only=True)
class SettingProblem:
    name: str
    problem: str
    """What is wrong and how to correct it, for the user."""
    offers_key_file: bool = False
    """Only the keyring failed: the key may be stored in a file that only this user can read."""
