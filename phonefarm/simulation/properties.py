"""`getprop`: who made the phone, and what the radio says of each slot."""

from __future__ import annotations

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.sims import VirtualSim

VALUE_CUT = 91
"""Longest value a property holds up to Android 7."""


def properties(handset: Handset) -> dict[str, str]:
    profile = handset.profile
    slots = [handset.subscription_in(slot) for slot in range(profile.slots)]
    sims = [known.sim if known is not None else None for known in slots]
    values = {
        "gsm.current.phone-type": ",".join("1" for _ in sims),
        "gsm.network.type": ",".join("LTE" if sim else "Unknown" for sim in sims),
        "gsm.operator.alpha": _by_slot(sims, "alpha"),
        "gsm.operator.iso-country": _by_slot(sims, "iso"),
        "gsm.operator.isroaming": ",".join("false" for _ in sims),
        "gsm.operator.numeric": _by_slot(sims, "numeric"),
        "gsm.sim.operator.alpha": _by_slot(sims, "alpha"),
        "gsm.sim.operator.iso-country": _by_slot(sims, "iso"),
        "gsm.sim.operator.numeric": _by_slot(sims, "numeric"),
        "gsm.sim.state": ",".join(sim_state(handset, slot) for slot in range(profile.slots)),
        "gsm.version.ril-impl": "Qualcomm RIL 1.0",
        "ro.build.version.release": profile.release,
        "ro.build.version.sdk": str(profile.sdk),
        "ro.product.brand": profile.brand,
        "ro.product.device": profile.device,
        "ro.product.manufacturer": profile.manufacturer,
        "ro.product.model": profile.model,
        "ro.product.name": profile.device,
        "ro.build.type": "user",
        "persist.sys.timezone": "Europe/Moscow",
        "sys.boot_completed": "1",
    }
    return values if profile.sdk > 25 else {name: value[:VALUE_CUT] for name, value in values.items()}


def sim_state(handset: Handset, slot: int) -> str:
    if (forced := handset.slot_states.get(slot)) is not None:
        return forced
    if handset.subscription_in(slot) is None:
        return "ABSENT"
    return "LOADED" if handset.profile.sdk >= 26 else "READY"


def _by_slot(sims: list[VirtualSim | None], attribute: str) -> str:
    return ",".join(getattr(sim.operator, attribute) if sim is not None else "" for sim in sims)


def getprop(handset: Handset, words: list[str]) -> str:
    values = properties(handset)
    if words:
        default = words[1] if len(words) > 1 else ""
        return values.get(words[0], default) + "\n"
    return "".join(f"[{name}]: [{value}]\n" for name, value in sorted(values.items()))
