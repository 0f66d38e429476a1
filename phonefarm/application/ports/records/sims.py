"""SIM cards: where they sit, which number they have, and what decides on their offer."""

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
    """A SIM that sits in a handset or sat in it: its place there, and its number now."""

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
    """What has been said of a SIM's number, beside tables."""

    by_hand: Msisdn | None
    by_message: Msisdn | None
    """Stated by a message, and accepted by the user."""
    by_phone: Msisdn | None


class SimPlaceRecords(Protocol):
    """For `sims.inventory`, and `on_phone` for whoever asks whose a message or a condition is."""

    def all(self) -> list[Sim]:
        """Every SIM that sits in a phone, with what decides on its offer."""
        ...

    def on_phone(self, phone_id: PhoneId) -> list[SimOnPhone]:
        """The cards that sit or sat in the handset, by slot."""
        ...

    def place(self, seen: SeenSim, phone_id: PhoneId, country: str, operator: str, at: datetime) -> bool:
        """Record where a SIM was seen and what it said. `country` and `operator` are those of a SIM that is new."""
        ...

    def become(self, stand_in: SimId, sim_id: SimId) -> None:
        """A SIM known by a stand-in has told its ICCID: its records, rents and messages go over to `sim_id`.

        Nothing happens if both have an open rent: then two numbers are at stake, and the user must look.
        """
        ...

    def take_out(self, phone_id: PhoneId, staying: Collection[SimId], at: datetime) -> list[SimId]:
        """Mark SIMs of the phone that are not among `staying` as out; returns those that left."""
        ...


class SimNumberRecords(Protocol):
    """For `sims.inventory` and `sims.numbering`."""

    def network_code(self, sim_id: SimId) -> str:
        """MCC and MNC of the card's home network, `25001`; empty where no phone has told."""
        ...

    def set_network(self, sim_id: SimId, country: str, operator: str) -> bool:
        """By the market's names; empty where they are not known."""
        ...

    def number_sources(self, sim_id: SimId) -> NumberSources:
        """What has been said of the number of a SIM, which must be known."""
        ...

    def set_number(self, sim_id: SimId, msisdn: Msisdn | None, source: str) -> bool:
        """The number that holds, and which of `SimRow.msisdn_source` it comes from."""
        ...

    def set_hand_number(self, sim_id: SimId, msisdn: Msisdn) -> None:
        """One of the sources: `set_number` makes it hold."""
        ...

    def set_message_number(self, sim_id: SimId, msisdn: Msisdn) -> None:
        """One of the sources: `set_number` makes it hold."""
        ...

    def in_phones_with_number(self, msisdn: Msisdn) -> list[SimId]:
        """The SIMs in phones that carry this number, by id."""
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
        """Every SIM in a phone that carries this number, with what decides on its offer."""
        ...

    def note_rented(self, sim_id: SimId, at: datetime) -> None: ...

    def set_streak(self, sim_id: SimId, streak: Streak, at: datetime) -> None:
        """Record the unused rents in a row; a ban that the streak states and that is new begins at `at`."""
        ...

    def set_ban(self, sim_id: SimId, since: datetime, until: datetime) -> None:
        """Ban by hand."""
        ...

    def lift_ban(self, sim_id: SimId) -> bool:
        """End the ban, and begin the streak anew."""
        ...

    def bans_ended(self, now: datetime) -> list[SimId]:
        """SIMs whose ban has run out and is still on their record."""
        ...

    def hold(self, sim_id: SimId, reason: str | None, at: datetime) -> None:
        """Withhold the SIM from the offer; None releases it."""
        ...


class SimRecords(SimPlaceRecords, SimNumberRecords, SimOfferRecords, Protocol):
    """All of SIMs."""

    def get(self, sim_id: SimId) -> Sim | None:
        """The SIM with what decides on its offer, also one that sits in no phone."""
        ...
