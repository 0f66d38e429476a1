"""`pm` and `cmd`: installed packages, the SMS role and permissions of the shell."""

from __future__ import annotations

import asyncio

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.profiles import Refusal
from phonefarm.simulation.shell_io import ShellIo

FIRST_SDK_WITH_CMD = 24
FIRST_SDK_WITH_ROLES = 29
EXIT_NOT_FOUND = 127
EXIT_NO_SERVICE = 20
PERMISSIONS = ("READ_PHONE_STATE", "READ_SMS", "RECEIVE_SMS")


async def pm(handset: Handset, words: list[str], io: ShellIo) -> int:
    """Starts a JVM before Android 8; is `cmd package` from Android 8 on."""
    if handset.profile.has_native_commands:
        return await cmd(handset, ["package", *words], io)
    await asyncio.sleep(handset.query_seconds)
    if handset.is_booting:
        await io.stderr("Error: Could not access the Package Manager.  Is the system running?\n")
        return 1
    return await _package(handset, words, io)


async def cmd(handset: Handset, words: list[str], io: ShellIo) -> int:
    if handset.profile.sdk < FIRST_SDK_WITH_CMD:
        await io.stderr("/system/bin/sh: cmd: not found\n")
        return EXIT_NOT_FOUND
    match words if not handset.is_booting else words[:1]:
        case []:
            await io.stderr("cmd: No service specified; use -l to list all services\n")
            return EXIT_NO_SERVICE
        case ["package", *rest] if not handset.is_booting:
            return await _package(handset, rest, io)
        case ["role", "get-role-holders", "android.app.role.SMS"] if handset.profile.sdk >= FIRST_SDK_WITH_ROLES:
            await io.stdout(f"{handset.telemetry.sms_app}\n" if handset.telemetry.sms_app else "")
            return 0
        case ["appops", "get", "com.android.shell", *_]:
            await io.stdout(_app_ops(handset))
            return 0
        case [name, *_]:
            await io.stderr(f"cmd: Can't find service: {name}\n")
            return EXIT_NO_SERVICE
    return 0


async def _package(handset: Handset, words: list[str], io: ShellIo) -> int:
    match words:
        case ["list", "packages", *rest]:
            await io.stdout("".join(f"package:{name}\n" for name in _matching_packages(handset, rest)))
            return 0
        case ["path", name] if name in handset.telemetry.installed:
            await io.stdout(f"package:/system/app/{name}/{name}.apk\n")
            return 0
        case _:
            await io.stderr("Error: unknown command or package\n")
            return 1


def _matching_packages(handset: Handset, words: list[str]) -> list[str]:
    """Filter by substring, as Android does: other packages may match too."""
    substring = next((word for word in words if not word.startswith("-")), "")
    names = [name for name in sorted(handset.telemetry.installed) if substring in name]
    if "-e" in words:
        return [name for name in names if name not in handset.telemetry.disabled]
    if "-d" in words:
        return [name for name in names if name in handset.telemetry.disabled]
    return names


def _app_ops(handset: Handset) -> str:
    if handset.withholds_sms and handset.profile.refusal is Refusal.SILENT:
        return "READ_SMS: ignore; rejectTime=+1m2s345ms ago\n"
    return "READ_SMS: allow; time=+1m2s345ms ago\n"


def shell_permissions(handset: Handset) -> str:
    """The granted permissions in `dumpsys package com.android.shell`."""
    is_stripped = handset.withholds_sms and handset.profile.refusal is Refusal.DENIED
    granted = [name for name in PERMISSIONS if not (is_stripped and name.endswith("_SMS"))]
    lines = "".join(f"      android.permission.{name}: granted=true\n" for name in granted)
    return f"Packages:\n  Package [com.android.shell] (5d3f2a1):\n    userId=2000\n    install permissions:\n{lines}"
