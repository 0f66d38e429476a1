"""Strict parsers for Android's settings, the holder of the SMS role and lists of packages."""

from __future__ import annotations

import re

from phonefarm.adapters.adb.provider import strip_noise

FIRST_NATIVE_SDK = 26
"""From Android 8 `settings` and `pm` call a running service; before, each starts a JVM."""
FIRST_SDK_WITH_ROLES = 29
AIRPLANE_COMMAND = "settings get global airplane_mode_on"
SMS_APP_COMMAND = "settings get secure sms_default_application"
SMS_ROLE_COMMAND = "cmd role get-role-holders android.app.role.SMS"
_PACKAGE = re.compile(r"[A-Za-z]\w*(?:\.\w+)+", re.ASCII)
_MAX_PACKAGE_CHARS = 255


def enabled_packages_command(package: str) -> str:
    """Lists the enabled packages whose name contains `package`."""
    return f"pm list packages -e {package}"


def parse_switch(text: str) -> bool | None:
    return {"0": False, "1": True}.get(_value(text))


def parse_sms_app(text: str) -> str | None:
    """The package; empty if none is chosen; None for anything else."""
    value = _value(text)
    if value == "null":
        return ""
    return value if _is_package(value) else None


def parse_role_holder(text: str) -> str | None:
    """The package that holds the role; empty if none does; None for anything else."""
    names = [name for line in strip_noise(text).split("\n") if (name := line.strip())]
    if not all(_is_package(name) for name in names):
        return None
    return names[0] if names else ""


def parse_packages(text: str) -> frozenset[str] | None:
    """The listed packages; None if the answer contains anything else."""
    names = set()
    for line in strip_noise(text).split("\n"):
        if not line.strip():
            continue
        mark, _, name = line.strip().partition(":")
        if mark != "package" or not _is_package(name):
            return None
        names.add(name)
    return frozenset(names)


def _value(text: str) -> str:
    return strip_noise(text).strip()


def _is_package(name: str) -> bool:
    return len(name) <= _MAX_PACKAGE_CHARS and _PACKAGE.fullmatch(name) is not None
