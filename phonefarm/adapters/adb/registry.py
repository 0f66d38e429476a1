"""Whether each SIM slot has a network, from `dumpsys telephony.registry`."""

from __future__ import annotations

import re

_PHONE = re.compile(r"[ \t]*Phone Id=(\d+)[ \t]*")
_STATE = re.compile(
    r"[ \t]*mServiceState=(?:\{mVoiceRegState=(?P<voice>\d)\D.*?mDataRegState=(?P<data>\d)\D.*|(?P<v>\d) (?P<d>\d)\b.*)"
)
_IN_SERVICE = "0"


def parse_registry(text: str) -> dict[int, bool]:
    """In service (for calls or data) by slot; slots it says nothing understandable of are left out."""
    service: dict[int, bool] = {}
    slot: int | None = None
    for line in text.split("\n"):
        if (phone := _PHONE.fullmatch(line)) is not None:
            slot = int(phone[1])
        elif slot is not None and slot not in service and (state := _STATE.fullmatch(line)) is not None:
            service[slot] = _IN_SERVICE in (state["voice"] or state["v"], state["data"] or state["d"])
    return service
