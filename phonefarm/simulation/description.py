"""A handset's state as JSON for the control API."""

from __future__ import annotations

from typing import Any

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.properties import fingerprint


def state_as_json(handset: Handset, *, waiting: int) -> dict[str, Any]:
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


def slot_as_json(handset: Handset, number: int) -> dict[str, Any]:
    """The slot must hold a SIM."""
    subscription, slot = handset.subscription_in(number), handset.slot(number)
    assert subscription is not None
    return {
        "slot": number,
        "iccid": subscription.sim.iccid,
        "msisdn": subscription.sim.msisdn,
        "operator": subscription.sim.operator.name,
        "state": slot.sim_state,
        "service": str(slot.service),
        "signal": slot.level,
        "network_type": slot.network_type,
        "roaming": slot.is_roaming,
    }
