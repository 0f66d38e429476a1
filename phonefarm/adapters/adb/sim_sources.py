"""Combines a phone's partial sources about its SIMs: which card is in which slot, and in which state."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from phonefarm.adapters.adb.getprop import by_slot, in_slot
from phonefarm.adapters.adb.isub import ActiveSub
from phonefarm.adapters.adb.registry import SlotRadio
from phonefarm.adapters.adb.siminfo import SiminfoRow
from phonefarm.adapters.adb.subscriber_info import Identity, checked_iccid, checked_number
from phonefarm.domain.ids import SimId
from phonefarm.domain.sims import SeenSim, SlotState

GETPROP, ISUB = "getprop", "dumpsys isub"
_USABLE = ("READY", "LOADED")
_UNUSABLE = {
    "PIN_REQUIRED": SlotState.PIN,
    "PUK_REQUIRED": SlotState.PUK,
    "NETWORK_LOCKED": SlotState.CARD_LOCKED,
    "CARD_IO_ERROR": SlotState.CARD_FAULT,
    "CARD_RESTRICTED": SlotState.CARD_FAULT,
    "PERM_DISABLED": SlotState.CARD_FAULT,
}
_NETWORK_TYPE = re.compile(r"[A-Za-z0-9][\w.+\- /]{1,23}", re.ASCII)
_NETWORK_NAMES = {"Unknown": "", "UNKNOWN": "", "HSPAP": "HSPA+", "LTE_CA": "LTE"}
_NO_OPERATOR = ("", "0", "00000", "000000")


@dataclass(frozen=True, kw_only=True)
class CheapSources:
    """Results of the native commands of one call: properties, active subscriptions, service by slot."""

    properties: Mapping[str, str]
    subs: Sequence[ActiveSub] | None
    radio: Mapping[int, SlotRadio]
    airplane_mode: bool | None = None


def present_subs(cheap: CheapSources) -> list[ActiveSub]:
    """The subscriptions whose card is in its slot; without a subscription service, one per used slot."""
    states = by_slot(cheap.properties.get("gsm.sim.state", ""))
    if cheap.subs is not None:
        return [sub for sub in cheap.subs if _state_in_slot(states, sub.slot) != "ABSENT"]
    return [
        ActiveSub(sub_id=-1, slot=slot, icc="", mcc_mnc="", number="")
        for slot, state in enumerate(states)
        if state in _USABLE or state in _UNUSABLE
    ]


def identity_from_cheap(sub: ActiveSub, cheap: CheapSources) -> Identity:
    """From isub, which shows both on debuggable builds, else neither."""
    return Identity(
        iccid=checked_iccid(sub.icc, ""),
        msisdn=checked_number(sub.number, region_of(sub.slot, cheap)),
    )


def identity_from_siminfo(sub: ActiveSub, row: SiminfoRow, cheap: CheapSources) -> Identity:
    """With the first valid number of the row."""
    region = region_of(sub.slot, cheap)
    numbers = (checked_number(text, region) for text in row.numbers)
    return Identity(
        iccid=checked_iccid(row.icc_id, sub.icc_prefix),
        msisdn=next((number for number in numbers if number is not None), None),
    )


def merge_identities(first: Identity, second: Identity) -> Identity:
    """Each value from the first source, or from the second if the first has none."""
    return Identity(iccid=first.iccid or second.iccid, msisdn=first.msisdn or second.msisdn)


def region_of(slot: int, cheap: CheapSources) -> str:
    """ISO country of the SIM's home network, to interpret national numbers."""
    iso = in_slot(cheap.properties.get("gsm.sim.operator.iso-country", ""), slot)
    return iso if len(iso) == 2 and iso.isalpha() else ""


def seen_sim(serial: str, sub: ActiveSub, identity: Identity, cheap: CheapSources) -> SeenSim:
    home = in_slot(cheap.properties.get("gsm.sim.operator.numeric", ""), sub.slot)
    mcc_mnc = home if home.isdecimal() and len(home) in (5, 6) else sub.mcc_mnc
    return SeenSim(
        sim_id=SimId(identity.iccid) if identity.iccid else _stand_in_id(serial, sub, mcc_mnc),
        iccid=identity.iccid,
        slot=sub.slot,
        sub_id=sub.sub_id if sub.sub_id >= 0 else None,
        mcc_mnc=mcc_mnc,
        slot_state=slot_state(sub.slot, cheap),
        msisdn=identity.msisdn,
        signal=cheap.radio.get(sub.slot, SlotRadio()).signal,
        network_type=_network_type(sub.slot, cheap),
        is_roaming=in_slot(cheap.properties.get("gsm.operator.isroaming", ""), sub.slot) == "true",
    )


def _network_type(slot: int, cheap: CheapSources) -> str:
    name = in_slot(cheap.properties.get("gsm.network.type", ""), slot)
    return _NETWORK_NAMES.get(name, name) if _NETWORK_TYPE.fullmatch(name) else ""


def _stand_in_id(serial: str, sub: ActiveSub, mcc_mnc: str) -> SimId:
    # isub's mcc and mnc come from a database; the property is empty while the radio is off.
    name = str(sub.sub_id) if sub.sub_id >= 0 else f"slot{sub.slot}"
    return SimId(f"sim:{serial}/{name}/{sub.icc_prefix}/{sub.mcc_mnc or mcc_mnc}")


def slot_state(slot: int, cheap: CheapSources) -> SlotState:
    state = in_slot(cheap.properties.get("gsm.sim.state", ""), slot)
    if (unusable := _UNUSABLE.get(state)) is not None:
        return unusable
    if state in _USABLE and _has_network(slot, cheap):
        return SlotState.READY
    return SlotState.AIRPLANE if cheap.airplane_mode else SlotState.NO_NETWORK


def _has_network(slot: int, cheap: CheapSources) -> bool:
    in_service = cheap.radio.get(slot, SlotRadio()).in_service
    if in_service is False:
        return False
    # With Wi-Fi calling no network is registered, but SMS arrive, also in airplane mode.
    if in_slot(cheap.properties.get("gsm.network.type", ""), slot) == "IWLAN":
        return True
    if "gsm.operator.numeric" in cheap.properties:
        return in_slot(cheap.properties["gsm.operator.numeric"], slot) not in _NO_OPERATOR
    return in_service is True


def _state_in_slot(states: Sequence[str], slot: int) -> str:
    return states[slot] if slot < len(states) else ""
