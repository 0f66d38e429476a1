"""`dumpsys`: the services that a farm asks."""

from __future__ import annotations

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.isub import isub

UNKNOWN = 2147483647


def dumpsys(handset: Handset, words: list[str]) -> str:
    match words[:1]:
        case ["isub"]:
            return isub(handset)
        case ["telephony.registry"]:
            return _telephony_registry(handset)
        case ["battery"]:
            return _battery()
        case [name]:
            return f"Can't find service: {name}\n"
        case _:
            return "Currently running services:\n  battery\n  isub\n  telephony.registry\n"


def _telephony_registry(handset: Handset) -> str:
    lines = ["last known state:"]
    for slot in range(handset.profile.slots):
        known = handset.subscription_in(slot)
        numeric = known.sim.operator.numeric if known else ""
        alpha = known.sim.operator.alpha if known else ""
        registered = "0(IN_SERVICE)" if known else "1(OUT_OF_SERVICE)"
        lines += [
            f"  Phone Id={slot}",
            "    mCallState=0",
            "    mCallIncomingNumber=",
            f"    mServiceState={{mVoiceRegState={registered}, mDataRegState={registered}, "
            f"mOperatorAlphaLong={alpha}, mOperatorAlphaShort={alpha}, mOperatorNumeric={numeric}, "
            "isManualNetworkSelection=false}",
            f"    mSignalStrength={_signal(handset, present=known is not None)}",
        ]
    return "\n".join(lines) + "\n"


def _signal(handset: Handset, *, present: bool) -> str:
    if handset.profile.sdk < 29:
        gsm = "20 0 -120 -160 -120 -1 -1" if present else "99 0 -120 -160 -120 -1 -1"
        return f"SignalStrength: {gsm} 28 -97 -10 120 {UNKNOWN} gsm|lte"
    rsrp, level = (-97, 3) if present else (UNKNOWN, 0)
    return (
        f"SignalStrength:{{mLte=CellSignalStrengthLte: rssi=-67 rsrp={rsrp} rsrq=-10 level={level},"
        "primary=CellSignalStrengthLte}"
    )


def _battery() -> str:
    return (
        "Current Battery Service state:\n  AC powered: false\n  USB powered: true\n  Wireless powered: false\n"
        "  status: 5\n  health: 2\n  present: true\n  level: 100\n  scale: 100\n  voltage: 4350\n  temperature: 271\n"
    )
