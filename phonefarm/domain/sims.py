"""A SIM card, and whether its number can be issued now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId
from phonefarm.domain.phones import PhoneState

OF_ANOTHER_COUNTRY = "another country"
"""Stored as the number's source if every stated number is of another country than the SIM."""


class SimStanding(StrEnum):
    """Why a SIM's number is on offer, or the first reason why it is not."""

    ON_OFFER = "on offer"
    RENTED = "rented"
    BANNED = "banned"
    HELD_BACK = "held back"
    NO_NUMBER = "no number"
    NO_COUNTRY = "no country"
    """Its network code is not in the table, so that it cannot be offered under the market's names."""
    SAME_NUMBER = "same number"
    """Another SIM carries the same number and is rented: one number serves one rent."""
    PIN = "pin"
    PUK = "puk"
    CARD_LOCKED = "card locked"
    """The phone accepts only cards of another operator."""
    CARD_FAULT = "card fault"
    AIRPLANE = "airplane mode"
    NO_NETWORK = "no network"
    AWAY = "away"
    """Its phone is not ready."""
    PHONE_BLOCKED = "phone blocked"
    """Its phone has a blocking condition."""
    OUT = "out"
    """It is in no phone of the farm."""


class SlotState(StrEnum):
    """What the phone says of the SIM in a slot."""

    READY = "ready"
    PIN = "pin"
    PUK = "puk"
    CARD_LOCKED = "card locked"
    CARD_FAULT = "card fault"
    AIRPLANE = "airplane mode"
    NO_NETWORK = "no network"
    OUT = "out"


@dataclass(frozen=True, kw_only=True)
class SeenSim:
    """A SIM as a check-up of its phone saw it."""

    sim_id: SimId
    iccid: str
    slot: int
    sub_id: int | None
    mcc_mnc: str
    slot_state: SlotState
    msisdn: Msisdn | None
    """The number the phone itself states."""
    signal: int | None = None
    """Bars, 0 to 4; None where the phone does not say."""
    network_type: str = ""
    """LTE, NR and so on, as Android names it; empty where it does not say."""
    is_roaming: bool = False


@dataclass(frozen=True, kw_only=True)
class Sim:
    sim_id: SimId
    msisdn: Msisdn | None
    country: str
    operator: str
    phone_id: PhoneId | None
    phone_state: PhoneState
    slot_state: SlotState
    is_phone_blocked: bool = False
    """Whether its phone has a blocking condition, so that messages would not be seen in time."""
    held_back: bool = False
    unused_in_a_row: int = 0
    banned_until: datetime | None = None
    rent_id: RentId | None = None
    last_rented_at: datetime | None = None


def standing(sim: Sim, at: datetime, rented_numbers: frozenset[Msisdn] | set[Msisdn] = frozenset()) -> SimStanding:
    """The SIM's standing at `at`. Invariant: counting the offer and issuing use only this function.

    `rented_numbers` are the numbers of all open rents.
    """
    if sim.rent_id is not None:
        return SimStanding.RENTED
    if sim.banned_until is not None and at < sim.banned_until:
        return SimStanding.BANNED
    if sim.held_back:
        return SimStanding.HELD_BACK
    if (reason := _cannot_receive(sim)) is not None:
        return reason
    if sim.msisdn is None:
        return SimStanding.NO_NUMBER
    if not sim.country:
        return SimStanding.NO_COUNTRY
    if sim.msisdn in rented_numbers:
        return SimStanding.SAME_NUMBER
    return SimStanding.ON_OFFER


def _cannot_receive(sim: Sim) -> SimStanding | None:
    if sim.phone_id is None or sim.slot_state is SlotState.OUT:
        return SimStanding.OUT
    if sim.phone_state is not PhoneState.READY:
        return SimStanding.AWAY
    if sim.slot_state is not SlotState.READY:
        return SimStanding(sim.slot_state.value)
    if sim.is_phone_blocked:
        return SimStanding.PHONE_BLOCKED
    return None
