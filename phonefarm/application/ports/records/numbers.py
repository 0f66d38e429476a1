"""What the user has stated of numbers and networks: tables, names, patterns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from phonefarm.domain.ids import Msisdn, SimId
from phonefarm.domain.networks import Network
from phonefarm.domain.number_patterns import NumberPattern


class NumberOrigin(StrEnum):
    """Where a line of numbers comes from."""

    FILE = "file"
    """The numbers file: a line that is removed from it removes its number."""
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
    """Its line number in the user's program."""


@dataclass(frozen=True, kw_only=True)
class LineProblem:
    line: int
    problem: str


@dataclass(frozen=True, kw_only=True)
class NumberTable:
    """A table of numbers as read: its valid lines, and the problems of the others."""

    entries: tuple[NumberEntry, ...]
    problems: tuple[LineProblem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SmsText:
    """Text and sender of a message."""

    sender: str
    body: str = field(repr=False)
    arrived_at: datetime


class NumberTableRecords(Protocol):
    """For `sims.inventory`, which reads them and the numbers file, and `sims.numbering`, which imports tables."""

    def entry_of(self, sim_id: SimId) -> tuple[NumberEntry, NumberOrigin] | None:
        """The line used for the SIM's ICCID: of file and import, the one that was stated later."""
        ...

    def replace_file(self, entries: Iterable[NumberEntry], at: datetime) -> list[SimId]:
        """Replace the lines of the numbers file; returns the SIMs concerned.

        An unchanged line keeps the time at which it was first stated.
        """
        ...

    def take_in(self, entries: Iterable[NumberEntry], at: datetime) -> list[SimId]:
        """Add the lines of an imported table to those of earlier ones; returns the SIMs concerned."""
        ...


class NetworkNameRecords(Protocol):
    """For `sims.inventory` and `sims.numbering`; a network is named by its MCC and MNC, `25001`."""

    def network_name(self, mcc_mnc: str) -> Network | None:
        """The user's own name for a network."""
        ...

    def set_network_name(self, mcc_mnc: str, name: Network | None, at: datetime) -> None:
        """None removes the user's own name."""
        ...

    def sims_of_network(self, mcc_mnc: str) -> list[SimId]: ...


class NumberPatternRecords(Protocol):
    """For `sims.numbering`: finds numbers that messages state."""

    def messages_of(self, sim_id: SimId, limit: int) -> list[SmsText]:
        """The newest messages of the SIM, newest first."""
        ...

    def patterns(self) -> list[NumberPattern]:
        """The user's own patterns; empty while the built-in ones are used."""
        ...

    def set_patterns(self, patterns: Sequence[NumberPattern]) -> None:
        """Replace the user's own; with none the built-in ones are used."""
        ...


class NumberRecords(NumberTableRecords, NetworkNameRecords, NumberPatternRecords, Protocol):
    """All that the user has stated of numbers and networks."""
