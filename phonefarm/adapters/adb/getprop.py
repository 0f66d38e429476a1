"""The phone's properties as `getprop` prints them, and the lists by SIM slot among them."""

from __future__ import annotations

import re

from phonefarm.domain.phones import PhoneFacts

_LINE = re.compile(r"\[([^\]\n]+)\]: \[(.*)\]")

_SDK = re.compile("[0-9]{1,3}")


def parse_getprop(text: str, only: str = "") -> dict[str, str]:
    """Properties by name, those whose names begin with `only`; a value of several lines is left out."""
    # A phone has a thousand of them and a farm asks hundreds of phones: a pattern meets the wanted lines only.
    start = f"[{only}"
    lines = (_LINE.fullmatch(line.rstrip("\r")) for line in text.split("\n") if line.startswith(start))
    return {found[1]: found[2] for found in lines if found is not None}


def by_slot(value: str) -> list[str]:
    """A comma list with its empty places kept; only for lists of codes and states, as operator names hold commas."""
    return [item.strip() for item in value.split(",")] if value else []


def in_slot(value: str, slot: int) -> str:
    items = by_slot(value)
    return items[slot] if 0 <= slot < len(items) else ""


def facts_from(properties: dict[str, str]) -> PhoneFacts:
    sdk = properties.get("ro.build.version.sdk", "")
    return PhoneFacts(
        make=properties.get("ro.product.manufacturer", ""),
        model=properties.get("ro.product.model", ""),
        android=properties.get("ro.build.version.release", ""),
        sdk=int(sdk) if _SDK.fullmatch(sdk) else 0,
        firmware=properties.get("ro.build.fingerprint", ""),
    )
