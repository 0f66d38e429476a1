"""`settings get` for the few settings that a farm reads."""

from __future__ import annotations

import asyncio
from uuid import NAMESPACE_OID, uuid5

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.packages import cmd
from phonefarm.simulation.shell_io import ShellIo

USAGE = "usage:  settings [--user <USER_ID> | current] get namespace key\n"
NAMESPACES = ("global", "secure", "system")


async def settings(handset: Handset, words: list[str], io: ShellIo) -> int:
    if not handset.profile.has_native_commands:
        await asyncio.sleep(handset.query_seconds)
    if handset.is_booting:
        return await _print_boot_error(handset, io)
    match words:
        case ["get", namespace, key] | ["--user", _, "get", namespace, key] if namespace in NAMESPACES:
            await io.stdout(f"{_setting_value(handset, namespace, key)}\n")
            return 0
        case _:
            await io.stderr(USAGE)
            return 1


async def _print_boot_error(handset: Handset, io: ShellIo) -> int:
    if handset.profile.has_native_commands:
        return await cmd(handset, ["settings"], io)
    await io.stderr("java.lang.NullPointerException: Attempt to invoke interface method on a null object reference\n")
    return 1


def _setting_value(handset: Handset, namespace: str, key: str) -> str:
    """The value, or `null` if there is no such setting."""
    telemetry = handset.telemetry
    values = {
        ("global", "airplane_mode_on"): "1" if telemetry.airplane_mode else "0",
        ("global", "adb_enabled"): "1",
        ("global", "auto_time"): "1",
        ("global", "development_settings_enabled"): "1",
        ("global", "device_provisioned"): "1",
        ("secure", "android_id"): uuid5(NAMESPACE_OID, handset.hardware_id).hex[:16],
        ("secure", "sms_default_application"): "null" if telemetry.sms_app is None else telemetry.sms_app,
    }
    return values.get((namespace, key), "null")
