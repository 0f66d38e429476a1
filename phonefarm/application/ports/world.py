"""What the use cases need of the world; adapters fulfil it, the simulation and the tests' fakes too."""

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

"""Now, as an aware UTC datetime."""


class PhoneUnreachable(KnownError):
    """The phone did not answer whole: gone, offline, silent past the deadline, or the answer was cut."""


class NotUnderstood(PhoneUnreachable):
    """The answer is whole and of a form that was not asked for: what was found out about the phone may not hold."""


class SmsWithheld(KnownError):
    """The phone answers, but keeps its SMS from the adb shell: no permission, or every query comes back empty."""


class SmsUnsupported(SmsWithheld):
    """Its Android gives SMS in a form that cannot be read whole; no permission and no setting changes that."""


class ServerDown(KnownError):
    """The adb server cannot be reached, or ended the conversation."""


@dataclass(frozen=True, kw_only=True)
class ListedDevice:
    """One line of the adb server's device list."""

    serial: str
    adb_state: str
    """`device`, `offline`, `unauthorized`, `no permissions (…)` and so on, as adb prints it."""
    detail: str = ""
    """What follows the state: `usb:1-1.4 product:… model:…`."""


class Hint(StrEnum):
    """A line of the radio log that makes a look at the inbox worthwhile; never proof of anything."""

    ARRIVING = "arriving"
    """A new SMS came in from the network; its row may not be stored yet."""
    STORED = "stored"
    """The SMS app has been handed the message: its row exists now or in a moment."""
    ENDED = "ended"
    """Something from the network was dealt with: an SMS, or what leaves no row (MMS, WAP push, a blocked number)."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a phone is and can do, found out once for each firmware and remembered."""

    facts: PhoneFacts
    reads_hex: bool
    """Whether its provider takes hex() in a projection; otherwise rows are read one column at a time."""
    counts: bool = True
    """Whether it takes functions such as count() at all."""
    has_sub_id: bool = True
    """Whether its inbox has the column sub_id (Android 5.1 and later)."""
    slot_column: str = ""
    """The vendor's own column for the SIM, read where sub_id says nothing; empty if there is none."""
    has_otp_mark: bool = False
    """Whether its inbox marks one-time codes (column contains_otp): such an Android may keep them back for a while."""
    is_sure: bool = True
    """Whether what it does not take was refused by name; else it may have been the wrong moment to ask."""


@dataclass(frozen=True, kw_only=True)
class KnownCard:
    """A SIM as the books have it in a phone."""

    sim_id: SimId
    sub_id: int
    slot: int
    has_number: bool
    """Whether anybody has stated its number."""

    @property
    def is_whole(self) -> bool:
        return self.has_number and not is_stand_in(self.sim_id)


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What the books know of a phone before it is asked anything."""

    probe: Probe | None = None
    """What was found out under the firmware that it last had."""
    cards: tuple[KnownCard, ...] = ()
    booted_at: datetime | None = None
    sms_app: str = ""


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """What a phone says of its SIMs and of itself, once a minute."""

    sims: tuple[SeenSim, ...] | None
    """The SIMs in the phone now; empty means that it holds none, None that nothing tells."""
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

        `remembered`: what will be asked next if it is up (its check-up and, where the books say how, its `newest`
        messages) is asked in the same call. A card that sits as the books say is known again, unless the phone was
        started since.
        """
        ...

    def address(self, named: Mapping[str, ListedDevice]) -> None:
        """From now on the `serial` of each question is one of these names, and means this device."""
        ...

    async def prove(self, serial: str) -> HandsetProof:
        """What tells the handset from others that call themselves the same."""
        ...

    async def probe(self, serial: str, facts: PhoneFacts) -> Probe:
        """Find out what its SMS provider takes: some costly queries; SmsWithheld where it shows nothing."""
        ...

    async def check_up(self, serial: str, probe: Probe, *, thorough: bool) -> Checkup:
        """`thorough`: also what costs the phone something and seldom changes, such as its SMS app."""
        ...

    async def read_inbox(
        self, serial: str, probe: Probe, *, newest: int, skip: int = 0, expecting: bool = False
    ) -> Reading:
        """The `newest` rows of the inbox after leaving out `skip`, whole or not at all.

        `expecting`: a message was announced, so that asking for its text at the same time pays.
        """
        ...

    def arrival_hints(self, serial: str) -> AsyncIterator[Hint]:
        """Hints as they come; ends by raising PhoneUnreachable."""
        ...

    async def reconnect(self, serial: str) -> None:
        """Make the server drop the phone and take it up again (over TCP: connect anew)."""
        ...

    async def reconnect_offline(self) -> None:
        """Make the server take up again whatever it lists as offline."""
        ...

    @property
    def may_restart(self) -> bool:
        """Whether the server is this PC's own, to be ended and started by us."""
        ...

    async def restart(self) -> None:
        """End the server and start it anew; every phone of it is dropped."""
        ...

    def can_reset_usb(self, usb_path: str) -> bool:
        """Whether the port (`1-1.4`) is one of this PC's that we may reset."""
        ...

    async def reset_usb(self, usb_path: str) -> None:
        """Reset the device on the port; KnownError with the cause where the system refuses."""
        ...


@dataclass(frozen=True, kw_only=True)
class PushMessage:
    """What Onlinesim is told of one SMS."""

    sms_id: SmsId
    rent_id: RentId
    msisdn: Msisdn
    sender: str
    text: str = field(repr=False)


class PushChannel(Protocol):
    async def push(self, message: PushMessage) -> PushOutcome:
        """One attempt within its deadline; never raises for anything the network or the market does."""
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
        """Raises KnownError where the store cannot be asked: then nobody knows whether there is a key."""
        ...

    def write_key(self, key: str) -> None:
        """Raises KnownError where the store takes no key; `write_key_file` is the way out."""
        ...

    def write_key_file(self, key: str) -> None:
        """Keeps the key in a file that only this user can read, from now on; raises KnownError."""
        ...
