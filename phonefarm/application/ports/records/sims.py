"""SIM cards: their places, their numbers, and what decides whether they are offered."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from phonefarm.domain.attribution import SimPlace
from phonefarm.domain.bans import Streak
from phonefarm.domain.ids import Msisdn, PhoneId, SimId
from phonefarm.domain.sims import SeenSim, Sim


@dataclass(frozen=True, kw_only=True)
class SimOnPhone:
    """A SIM that is or was in a handset: its place there, and its number now."""

    place: SimPlace
    slot: int
    """0-based."""
    msisdn: Msisdn | None

    @property
    def sim_id(self) -> SimId:
        return self.place.sim_id

    @property
    def is_in(self) -> bool:
        return self.place.until is None


@dataclass(frozen=True, kw_only=True)
class NumberSources:
    """A SIM's number by each source besides tables."""

    by_hand: Msisdn | None
    by_message: Msisdn | None
    """Stated by a message, and accepted by the user."""
    by_phone: Msisdn | None


class SimPlaceRecords(Protocol):
    """For `sims.inventory`; `on_phone` also for `messages.owners` and `phones.health`."""

    def all(self) -> list[Sim]:
        """Every SIM in a phone, with what decides whether it is offered."""
        ...

    def on_phone(self, phone_id: PhoneId) -> list[SimOnPhone]:
        """The cards that are or were in the handset, by slot."""
        ...

    def place(self, seen: SeenSim, phone_id: PhoneId, country: str, operator: str, at: datetime) -> bool:
        """Record where a SIM was seen and what its phone reported. `country` and `operator` apply if it is new."""
        ...

    def become(self, stand_in: SimId, sim_id: SimId) -> None:
        """The ICCID of a SIM with a stand-in id is known now: move its records, rents and messages to `sim_id`.

        Does nothing if both have an open rent: then two numbers are concerned, and the user must decide.
        """
        ...

    def take_out(self, phone_id: PhoneId, staying: Collection[SimId], at: datetime) -> list[SimId]:
        """Mark the phone's SIMs that are not in `staying` as out; returns these."""
        ...


class SimNumberRecords(Protocol):
    """For `sims.inventory` and `sims.numbering`."""

    def network_code(self, sim_id: SimId) -> str:
        """MCC and MNC of the card's home network, `25001`; empty if no phone has reported it."""
        ...

    def set_network(self, sim_id: SimId, country: str, operator: str) -> bool:
        """By the market's names; empty if not known."""
        ...

    def number_sources(self, sim_id: SimId) -> NumberSources:
        """The sources of the number of a SIM, which must be stored."""
        ...

    def set_number(self, sim_id: SimId, msisdn: Msisdn | None, source: str) -> bool:
        """Set the number that is used, and which of `SimRow.msisdn_source` it comes from."""
        ...

    def set_hand_number(self, sim_id: SimId, msisdn: Msisdn) -> None:
        """Store one of the sources; `set_number` puts it to use."""
        ...

    def set_message_number(self, sim_id: SimId, msisdn: Msisdn) -> None:
        """Store one of the sources; `set_number` puts it to use."""
        ...

    def in_phones_with_number(self, msisdn: Msisdn) -> list[SimId]:
        """The SIMs in phones with this number, by id."""
        ...


class SimOfferRecords(Protocol):
    """For `trade.rentals`."""

    def in_issue_order(
        self, at: datetime, countries: Collection[str], operators: Collection[str] | None
    ) -> Iterable[Sim]:
        """Yields lazily, sorted by `domain.allocation.issue_key`, SIMs of these countries that may be on offer at `at`.

        `operators`: those asked for; None means any.
        """
        ...

    def with_number(self, msisdn: Msisdn) -> list[Sim]:
        """Every SIM in a phone with this number, with what decides whether it is offered."""
        ...

    def note_rented(self, sim_id: SimId, at: datetime) -> None: ...

    def set_streak(self, sim_id: SimId, streak: Streak, at: datetime) -> None:
        """Record the unused rents in a row; a new ban of the streak begins at `at`."""
        ...

    def set_ban(self, sim_id: SimId, since: datetime, until: datetime) -> None:
        """The user bans the SIM."""
        ...

    def lift_ban(self, sim_id: SimId) -> bool:
        """End the ban and reset the streak."""
        ...

    def bans_ended(self, now: datetime) -> list[SimId]:
        """SIMs whose ban has expired and is still stored."""
        ...

    def hold(self, sim_id: SimId, reason: str | None, at: datetime) -> None:
        """Withhold the SIM from the offer; None releases it."""
        ...


class SimRecords(SimPlaceRecords, SimNumberRecords, SimOfferRecords, Protocol):
    """All of SIMs."""

    def get(self, sim_id: SimId) -> Sim | None:
        """The SIM with what decides whether it is offered, also if it is in no phone."""
        ...
