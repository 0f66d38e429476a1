"""`getprop`: build, boot and radio properties."""

from __future__ import annotations

from zlib import crc32

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.sims import MobileOperator

MAX_VALUE_LENGTH = 91
"""The maximum length of a property's value up to Android 7 (PROP_VALUE_MAX without the NUL)."""


def properties(handset: Handset) -> dict[str, str]:
    values = _radio_properties(handset) | _build_properties(handset) | _boot_properties(handset)
    return values if handset.profile.sdk > 25 else {name: value[:MAX_VALUE_LENGTH] for name, value in values.items()}


def _radio_properties(handset: Handset) -> dict[str, str]:
    slots = [handset.slot(slot) for slot in range(handset.profile.slots)]
    homes, networks = [slot.home for slot in slots], [slot.network for slot in slots]
    if handset.is_booting:
        return {"gsm.version.ril-impl": "Qualcomm RIL 1.0"}
    return {
        "gsm.current.phone-type": ",".join("1" for _ in slots),
        "gsm.network.type": ",".join(slot.network_type for slot in slots),
        "gsm.operator.alpha": _join_by_slot(networks, "alpha"),
        "gsm.operator.iso-country": _join_by_slot(networks, "iso"),
        "gsm.operator.isroaming": ",".join("true" if slot.is_roaming else "false" for slot in slots),
        "gsm.operator.numeric": _join_by_slot(networks, "numeric"),
        "gsm.sim.operator.alpha": _join_by_slot(homes, "alpha"),
        "gsm.sim.operator.iso-country": _join_by_slot(homes, "iso"),
        "gsm.sim.operator.numeric": _join_by_slot(homes, "numeric"),
        "gsm.sim.state": ",".join(slot.sim_state for slot in slots),
        "gsm.version.ril-impl": "Qualcomm RIL 1.0",
    }


def _build_properties(handset: Handset) -> dict[str, str]:
    profile = handset.profile
    serial = handset.serial_number or f"{crc32(handset.hardware_id.encode()):08x}"
    return {
        "ro.boot.serialno": serial,
        "ro.build.fingerprint": fingerprint(handset),
        "ro.build.id": profile.build_id,
        "ro.build.type": "user",
        "ro.build.version.incremental": _incremental(handset),
        "ro.build.version.release": profile.version,
        "ro.build.version.sdk": str(profile.sdk),
        "ro.product.brand": profile.brand,
        "ro.product.device": profile.device,
        "ro.product.manufacturer": profile.manufacturer,
        "ro.product.model": profile.model,
        "ro.product.name": profile.device,
        "ro.serialno": serial,
        "persist.sys.timezone": "Europe/Moscow",
    }


def _boot_properties(handset: Handset) -> dict[str, str]:
    values = {} if handset.is_booting else {"sys.boot_completed": "1", "dev.bootcomplete": "1"}
    if not handset.profile.encrypts_files:
        return values
    values |= {"ro.crypto.state": "encrypted", "ro.crypto.type": "file"}
    if not handset.is_booting and not handset.is_locked:
        values["sys.user.0.ce_available"] = "true"
    return values


def fingerprint(handset: Handset) -> str:
    """The build fingerprint, which changes with every firmware update."""
    profile = handset.profile
    build = f"{profile.version}/{profile.build_id}/{_incremental(handset)}"
    return f"{profile.brand}/{profile.device}/{profile.device}:{build}:user/release-keys"


def _incremental(handset: Handset) -> str:
    return str(11_500_000 + 1_000 * handset.profile.sdk + handset.firmware)


def _join_by_slot(operators: list[MobileOperator | None], attribute: str) -> str:
    return ",".join(getattr(operator, attribute) if operator is not None else "" for operator in operators)


def getprop(handset: Handset, words: list[str]) -> str:
    values = properties(handset)
    if words:
        default = words[1] if len(words) > 1 else ""
        return values.get(words[0], default) + "\n"
    return "".join(f"[{name}]: [{value}]\n" for name, value in sorted(values.items()))
