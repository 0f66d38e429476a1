"""Parses `getprop`, and the properties that are lists by SIM slot."""

from __future__ import annotations

import re

from phonefarm.domain.phones import PhoneFacts

_LINE = re.compile(r"\[([^\]\n]+)\]: \[(.*)\]")

_SDK = re.compile("[0-9]{1,3}")


def parse_getprop(text: str, prefix: str = "") -> dict[str, str]:
    """Properties whose names begin with `prefix`; multi-line values are skipped."""
    # A phone has a thousand properties and a farm hundreds of phones: the pattern runs on the wanted lines only.
    start = f"[{prefix}"
    lines = (_LINE.fullmatch(line.rstrip("\r")) for line in text.split("\n") if line.startswith(start))
    return {found[1]: found[2] for found in lines if found is not None}


def by_slot(value: str) -> list[str]:
    """A comma list with its empty items; only for codes and states, since operator names contain commas."""
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
