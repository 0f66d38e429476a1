"""`dumpsys` of the services that a farm uses."""

from __future__ import annotations

import asyncio

from phonefarm.simulation.battery import battery
from phonefarm.simulation.handset import Handset
from phonefarm.simulation.isub import isub
from phonefarm.simulation.packages import shell_permissions
from phonefarm.simulation.registry import telephony_registry
from phonefarm.simulation.shell_io import ShellIo

_SERVICES = {"battery": battery, "isub": isub, "telephony.registry": telephony_registry}


async def dumpsys(handset: Handset, words: list[str], io: ShellIo) -> int:
    """Run one `dumpsys` command; its exit status is always 0, as on Android."""
    services = {} if handset.is_booting else _SERVICES
    match words:
        case []:
            listed = "".join(f"  {name}\n" for name in sorted(services))
            await io.stdout(f"Currently running services:\n{listed}")
        case ["package", "com.android.shell"] if not handset.is_booting:
            await io.stdout(shell_permissions(handset))
        case [name, *_] if name in handset.slow_services and name in services:
            await asyncio.sleep(handset.slow_services[name])
            await io.stdout(f"\n*** SERVICE '{name}' DUMP TIMEOUT (10000ms) EXPIRED ***\n\n")
        case [name, *_] if name in services:
            await io.stdout(services[name](handset))
        case _:
            await io.stderr(f"Can't find service: {words[0]}\n")
    return 0
