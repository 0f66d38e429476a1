"""`dumpsys battery` in the format of each Android release."""

from __future__ import annotations

from phonefarm.simulation.handset import Handset

CHARGING, DISCHARGING, FULL = 2, 3, 5
GOOD_HEALTH, OVERHEATED = 2, 3
OVERHEATING_CELSIUS = 60.0


def battery(handset: Handset) -> str:
    telemetry, sdk = handset.telemetry, handset.profile.sdk
    status = (FULL if telemetry.battery_level >= 100 else CHARGING) if telemetry.is_charging else DISCHARGING
    lines = [
        (21, "AC powered: false"),
        (21, f"USB powered: {'true' if telemetry.is_charging else 'false'}"),
        (21, "Wireless powered: false"),
        (33, "Dock powered: false"),
        (23, f"Max charging current: {500000 if telemetry.is_charging else 0}"),
        (24, f"Max charging voltage: {5000000 if telemetry.is_charging else 0}"),
        (24, f"Charge counter: {telemetry.battery_level * 40_000}"),
        (21, f"status: {status}"),
        (21, f"health: {OVERHEATED if telemetry.celsius >= OVERHEATING_CELSIUS else GOOD_HEALTH}"),
        (21, "present: true"),
        (21, f"level: {telemetry.battery_level}"),
        (21, "scale: 100"),
        (21, f"voltage: {3600 + 7 * telemetry.battery_level}"),
        (21, f"temperature: {round(telemetry.celsius * 10)}"),
        (21, "technology: Li-ion"),
        (34, "Charging state: 0"),
        (34, "Charging policy: 0"),
    ]
    printed = "".join(f"  {line}\n" for since, line in lines if sdk >= since)
    return f"Current Battery Service state:\n{printed}"
