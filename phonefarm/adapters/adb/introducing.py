"""What a phone says of itself before anything else: its make and firmware, and whether Android is up and unlocked."""

from __future__ import annotations

from collections.abc import Mapping

from phonefarm.adapters.adb.getprop import facts_from, parse_getprop
from phonefarm.adapters.adb.phone_calls import PhoneCalls, off_the_loop
from phonefarm.adapters.adb.sim_sources import GETPROP
from phonefarm.adapters.adb.user_state import ASK_SYSTEM, ASK_USERS, parse_started_user_state, parse_users
from phonefarm.domain.phones import Introduction, hardware_of

INTRODUCE_WITHIN = 15.0
FIRST_SDK_WITH_FILE_ENCRYPTION = 24
FIRST_SDK_THAT_TELLS_BY_PROPERTY = 28
"""From Android 9 the system sets the property as soon as the user's storage is open."""
_LOCKED_STATES = frozenset({"BOOTING", "RUNNING_LOCKED"})


async def introduce(calls: PhoneCalls) -> Introduction:
    """One native call; a second one only where the first leaves in doubt whether the phone was unlocked."""
    text = calls.told_ahead(GETPROP) or (await calls.run(GETPROP, within=INTRODUCE_WITHIN)).sections[0].text
    properties = await off_the_loop(lambda: parse_getprop(text), len(text))
    if not properties:
        raise calls.unreadable("getprop shows no property")
    facts = facts_from(properties)
    is_up = _is_up(properties)
    is_unlocked = True
    if is_up and _may_be_locked(properties, facts.sdk):
        is_unlocked = await _is_unlocked(calls, facts.sdk)
    number = properties.get("ro.serialno") or properties.get("ro.boot.serialno", "")
    return Introduction(facts=facts, is_up=is_up, is_unlocked=is_unlocked, hardware=hardware_of(number, facts))


def _is_up(properties: Mapping[str, str]) -> bool:
    return "1" in (properties.get("sys.boot_completed"), properties.get("dev.bootcomplete"))


def _may_be_locked(properties: Mapping[str, str], sdk: int) -> bool:
    """Only storage that is encrypted by file keeps SMS from an Android that is up."""
    if sdk < FIRST_SDK_WITH_FILE_ENCRYPTION or properties.get("ro.crypto.type") != "file":
        return False
    return properties.get("sys.user.0.ce_available") not in ("true", "1")


async def _is_unlocked(calls: PhoneCalls, sdk: int) -> bool:
    """The system's own word on its first user; without one the property's absence counts where it means something."""
    answers = await calls.run(ASK_SYSTEM, ASK_USERS, within=INTRODUCE_WITHIN)
    said, listed = (section.text for section in answers.sections)
    state = parse_started_user_state(said) or parse_users(listed)
    if state is None:
        return sdk < FIRST_SDK_THAT_TELLS_BY_PROPERTY
    return state not in _LOCKED_STATES
