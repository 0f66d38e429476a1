"""Values of Android's settings, the holder of the SMS role and lists of packages, each read strictly."""

from __future__ import annotations

import re

from phonefarm.adapters.adb.provider import without_noise

FIRST_NATIVE_SDK = 26
"""From Android 8 `settings` and `pm` ask a running service; before, each starts a JVM."""
FIRST_SDK_WITH_ROLES = 29
ASK_AIRPLANE = "settings get global airplane_mode_on"
ASK_SMS_APP = "settings get secure sms_default_application"
ASK_SMS_ROLE = "cmd role get-role-holders android.app.role.SMS"
_PACKAGE = re.compile(r"[A-Za-z]\w*(?:\.\w+)+", re.ASCII)
_LONGEST_PACKAGE = 255


def ask_enabled(package: str) -> str:
    """Lists the packages that are switched on and have the name in theirs."""
    return f"pm list packages -e {package}"


def parse_switch(text: str) -> bool | None:
    return {"0": False, "1": True}.get(_value(text))


def parse_sms_app(text: str) -> str | None:
    """The package; empty for none chosen; None for anything else."""
    value = _value(text)
    if value == "null":
        return ""
    return value if _is_package(value) else None


def parse_role_holder(text: str) -> str | None:
    """The package that holds the role; empty for nobody; None where the answer is no list of packages."""
    names = [name for line in without_noise(text).split("\n") if (name := line.strip())]
    if not all(_is_package(name) for name in names):
        return None
    return names[0] if names else ""


def parse_packages(text: str) -> frozenset[str] | None:
    """The packages listed; None where anything else stands in the answer."""
    names = set()
    for line in without_noise(text).split("\n"):
        if not line.strip():
            continue
        mark, _, name = line.strip().partition(":")
        if mark != "package" or not _is_package(name):
            return None
        names.add(name)
    return frozenset(names)


def _value(text: str) -> str:
    return without_noise(text).strip()


def _is_package(name: str) -> bool:
    return len(name) <= _LONGEST_PACKAGE and _PACKAGE.fullmatch(name) is not None
