"""A handset's state as JSON, for the control and for a reader's eye."""

from __future__ import annotations

from typing import Any

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.properties import fingerprint


def described_state(handset: Handset, *, waiting: int) -> dict[str, Any]:
    telemetry = handset.telemetry
    return {
        "booting": handset.is_booting,
        "locked": handset.is_locked,
        "waiting_for_unlock": waiting,
        "withholds_sms": handset.withholds_sms,
        "sends_hints": handset.sends_hints,
        "codes_delayed_for": handset.codes_delayed_for,
        "fingerprint": fingerprint(handset),
        "battery": telemetry.battery_level,
        "charging": telemetry.is_charging,
        "temperature": telemetry.celsius,
        "free_bytes": telemetry.free_bytes,
        "airplane_mode": telemetry.airplane_mode,
        "sms_app": telemetry.sms_app,
        "sms_app_works": telemetry.has_sms_app,
    }


def described_slot(handset: Handset, number: int) -> dict[str, Any]:
    """A slot that holds a card."""
    known, slot = handset.subscription_in(number), handset.slot(number)
    assert known is not None
    return {
        "slot": number,
        "iccid": known.sim.iccid,
        "msisdn": known.sim.msisdn,
        "operator": known.sim.operator.name,
        "state": slot.sim_state,
        "service": str(slot.service),
        "signal": slot.level,
        "network_type": slot.network_type,
        "roaming": slot.is_roaming,
    }
