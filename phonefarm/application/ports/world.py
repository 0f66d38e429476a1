"""The ports to phones, market and key store: implemented by adapters, by the simulation and by the tests' fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import Msisdn, RentId, SimId, SmsId, is_stand_in
from phonefarm.domain.phones import HandsetProof, Introduction, PhoneFacts
from phonefarm.domain.pushes import PushOutcome
from phonefarm.domain.sims import SeenSim
from phonefarm.domain.sms import Reading
from phonefarm.domain.telemetry import PhoneTelemetry


class PhoneUnreachable(KnownError):
    """The phone gave no complete answer: gone, offline, silent past the deadline, or cut off."""


class NotUnderstood(PhoneUnreachable):
    """The answer is complete, but of another form than asked for: what is remembered of the phone may be outdated."""


class SmsWithheld(KnownError):
    """The phone answers, but hides its SMS from the adb shell: no permission, or every query returns nothing."""


class SmsUnsupported(SmsWithheld):
    """Its Android returns SMS in a form that cannot be read completely; no permission and no setting changes that."""


class ServerDown(KnownError):
    """The adb server cannot be reached, or closed the connection."""


@dataclass(frozen=True, kw_only=True)
class ListedDevice:
    """One line of the adb server's device list."""

    serial: str
    adb_state: str
    """`device`, `offline`, `unauthorized`, `no permissions (…)` and so on, as adb prints it."""
    detail: str = ""
    """What follows the state: `usb:1-1.4 product:… model:…`."""


class Hint(StrEnum):
    """A line of the radio log that makes reading the inbox worthwhile; never proof of a message."""

    ARRIVING = "arriving"
    """A new SMS came in from the network; its row may not be stored yet."""
    STORED = "stored"
    """The SMS app has been handed the message: its row exists now or in a moment."""
    ENDED = "ended"
    """Something from the network was handled: an SMS, or what leaves no row (MMS, WAP push, a blocked number)."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a phone is and can do: found out once per firmware and stored."""

    facts: PhoneFacts
    reads_hex: bool
    """Whether its provider accepts hex() in a projection; if not, rows are read one column at a time."""
    counts: bool = True
    """Whether it accepts functions such as count() at all."""
    has_sub_id: bool = True
    """Whether its inbox has the column sub_id (Android 5.1 and later)."""
    slot_column: str = ""
    """The vendor's own column for the SIM, used if sub_id says nothing; empty if there is none."""
    has_otp_mark: bool = False
    """Whether its inbox marks one-time codes (column contains_otp): such an Android may hide them for a while."""
    is_sure: bool = True
    """Whether everything that it does not accept was refused by name; if not, it may only have been a bad moment."""


@dataclass(frozen=True, kw_only=True)
class KnownCard:
    """A SIM in a phone, as stored."""

    sim_id: SimId
    sub_id: int
    slot: int
    has_number: bool
    """Whether its number is known from any source."""

    @property
    def is_whole(self) -> bool:
        return self.has_number and not is_stand_in(self.sim_id)


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What is stored of a phone before it is asked anything."""

    probe: Probe | None = None
    """Under the firmware that it last had."""
    cards: tuple[KnownCard, ...] = ()
    booted_at: datetime | None = None
    sms_app: str = ""


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """What a phone reports of its SIMs and of itself, once a minute."""

    sims: tuple[SeenSim, ...] | None
    """The SIMs in the phone now; empty: it has none; None: unknown."""
    telemetry: PhoneTelemetry

    @property
    def sim_count(self) -> int | None:
        return None if self.sims is None else len(self.sims)


class PhoneBridge(Protocol):
    """One adb server and the phones on it. Every call has its own deadline and raises only the errors above."""

    @property
    def server(self) -> str:
        """`host:port`."""
        ...

    async def ensure_server(self) -> str:
        """Start a local server if none answers; returns its version. Raises ServerDown with the cause."""
        ...

    def device_lists(self) -> AsyncIterator[Sequence[ListedDevice]]:
        """The full list now and at each change; ends by raising ServerDown."""
        ...

    async def identify(self, serial: str, remembered: Remembered | None = None, *, newest: int = 0) -> Introduction:
        """What the phone is and whether it is up; cheap.

        `remembered`: if it is up, the next questions (its check-up and, if its probe is stored, its `newest` messages)
        are asked in the same call. A card that is where it was stored is recognised, unless the phone has rebooted.
        """
        ...

    def address(self, named: Mapping[str, ListedDevice]) -> None:
        """From now on `serial` in every call is one of these names, and means this device."""
        ...

    async def prove(self, serial: str) -> HandsetProof:
        """What distinguishes the handset from others that report the same serial."""
        ...

    async def probe(self, serial: str, facts: PhoneFacts) -> Probe:
        """Find out what its SMS provider accepts, by some costly queries. Raises SmsWithheld if it shows nothing."""
        ...

    async def check_up(self, serial: str, probe: Probe, *, thorough: bool) -> Checkup:
        """`thorough`: include what is costly for the phone and seldom changes, such as its SMS app."""
        ...

    async def read_inbox(
        self, serial: str, probe: Probe, *, newest: int, skip: int = 0, expecting: bool = False
    ) -> Reading:
        """The `newest` rows of the inbox after skipping `skip`: completely or not at all.

        `expecting`: a message was announced, so its text is worth asking for in the same call.
        """
        ...

    def arrival_hints(self, serial: str) -> AsyncIterator[Hint]:
        """Hints as they come; ends by raising PhoneUnreachable."""
        ...

    async def reconnect(self, serial: str) -> None:
        """Make the server drop the phone and connect to it again."""
        ...

    async def reconnect_offline(self) -> None:
        """Make the server connect again to all that it lists as offline."""
        ...

    @property
    def may_restart(self) -> bool:
        """Whether the server runs on this PC, so that we may stop and start it."""
        ...

    async def restart(self) -> None:
        """Restart the server; it drops all its phones."""
        ...

    def can_reset_usb(self, usb_path: str) -> bool:
        """Whether the port (`1-1.4`) is one of this PC's that we may reset."""
        ...

    async def reset_usb(self, usb_path: str) -> None:
        """Reset the device on the port. Raises KnownError with the cause if the system refuses."""
        ...


@dataclass(frozen=True, kw_only=True)
class PushMessage:
    """What Onlinesim receives of one SMS."""

    sms_id: SmsId
    rent_id: RentId
    msisdn: Msisdn
    sender: str
    text: str = field(repr=False)


class PushChannel(Protocol):
    async def push(self, message: PushMessage) -> PushOutcome:
        """Make one attempt within its deadline; never raises for anything the network or the market does."""
        ...


class KeyPlace(StrEnum):
    """Where the partner key is kept."""

    KEYRING = "keyring"
    FILE = "key file"


class SecretStore(Protocol):
    """Keeps the partner key. Each call may take 5 s: call it off the loop."""

    @property
    def place(self) -> KeyPlace:
        """Where `read_key` looks and `write_key` writes."""
        ...

    def read_key(self) -> str | None:
        """Raises KnownError if the store does not answer: then it is unknown whether there is a key."""
        ...

    def write_key(self, key: str) -> None:
        """Raises KnownError if the store accepts no key; then use `write_key_file`."""
        ...

    def write_key_file(self, key: str) -> None:
        """Keeps the key in a file that only this user can read, from now on; raises KnownError."""
        ...
