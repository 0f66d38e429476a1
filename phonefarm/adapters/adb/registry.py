"""Parses service and signal of each SIM slot from `dumpsys telephony.registry`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phonefarm.adapters.adb.signal_strength import parse_signal

# The dump has some hundred kilobytes, of which three kinds of lines count. Without grep there is no result.
COMMAND = "dumpsys telephony.registry | grep -E 'Phone Id=|mServiceState=|mSignalStrength='"

_PHONE = re.compile(r"[ \t]*Phone Id=([0-9]{1,2})[ \t]*")
_STATE = re.compile(
    r"mServiceState=(?:\{mVoiceRegState=(?P<voice>\d)\D.*?mDataRegState=(?P<data>\d)\D.*|(?P<v>\d) (?P<d>\d)\b.*)"
)
_SIGNAL_MARK = "mSignalStrength="
_IN_SERVICE = "0"


@dataclass(frozen=True, kw_only=True)
class SlotRadio:
    in_service: bool | None = None
    """For calls or data; None if unknown."""
    signal: int | None = None


def parse_registry(text: str) -> dict[int, SlotRadio]:
    """By slot; slots without a known value are left out."""
    service: dict[int, bool] = {}
    signal: dict[int, int] = {}
    slot = 0  # a release without slots prints one state without a heading
    for raw in text.split("\n"):
        line = raw.strip()
        if line.startswith("mServiceState="):
            if slot not in service and (state := _STATE.fullmatch(line)) is not None:
                service[slot] = _IN_SERVICE in (state["voice"] or state["v"], state["data"] or state["d"])
        elif line.startswith(_SIGNAL_MARK):
            if slot not in signal and (level := parse_signal(line.removeprefix(_SIGNAL_MARK))) is not None:
                signal[slot] = level
        elif (phone := _PHONE.fullmatch(line)) is not None:
            slot = int(phone[1])
    return {
        slot: SlotRadio(in_service=service.get(slot), signal=signal.get(slot))
        for slot in sorted(service.keys() | signal.keys())
    }
