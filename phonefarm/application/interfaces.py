"""What the use cases need of the world; adapters fulfil it, the simulation and the tests' fakes too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import Msisdn, RentId, SmsId
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.pushes import PushOutcome
from phonefarm.domain.sims import SeenSim
from phonefarm.domain.sms import Reading

Clock = Callable[[], datetime]
"""Now, as an aware UTC datetime."""


class PhoneUnreachable(KnownError):
    """The phone did not answer whole: gone, offline, silent past the deadline, or the answer was cut."""


class SmsWithheld(KnownError):
    """The phone answers, but keeps its SMS from the adb shell: no permission, or every query comes back empty."""


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


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a phone is and can do, asked once per connection."""

    facts: PhoneFacts
    reads_hex: bool
    """Whether its provider takes hex() in a projection; otherwise rows are read one column at a time."""
    counts: bool = True
    """Whether it takes functions such as count() at all."""
    has_sub_id: bool = True
    """Whether its inbox has the column sub_id (Android 5.1 and later)."""
    slot_column: str = ""
    """The vendor's own column for the SIM, read where sub_id says nothing; empty if there is none."""


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

    async def probe(self, serial: str) -> Probe: ...

    async def read_sims(self, serial: str, probe: Probe) -> Sequence[SeenSim]:
        """The SIMs in the phone now; an empty sequence means that it holds none."""
        ...

    async def read_inbox(self, serial: str, probe: Probe, *, newest: int, skip: int = 0) -> Reading:
        """The `newest` rows of the inbox after leaving out `skip`, whole or not at all."""
        ...

    def arrival_hints(self, serial: str) -> AsyncIterator[Hint]:
        """Hints as they come; ends by raising PhoneUnreachable."""
        ...

    async def reconnect(self, serial: str) -> None:
        """Make the server drop the phone and take it up again (over TCP: connect anew)."""
        ...


@dataclass(frozen=True, kw_only=True)
class PushMessage:
    """What Onlinesim is told of one SMS."""

    sms_id: SmsId
    rent_id: RentId
    msisdn: Msisdn
    sender: str
    text: str


class PushChannel(Protocol):
    async def push(self, message: PushMessage) -> PushOutcome:
        """One attempt within its deadline; never raises for anything the network or the market does."""
        ...


class SecretStore(Protocol):
    """The OS keyring."""

    def read_key(self) -> str | None: ...

    def write_key(self, key: str) -> None:
        """Raises KnownError where the system has no keyring."""
        ...
