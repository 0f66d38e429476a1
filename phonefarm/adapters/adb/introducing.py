"""Reads a phone's make and firmware, and whether Android is up and unlocked, before all other commands."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from phonefarm.adapters.adb.getprop import facts_from, parse_getprop
from phonefarm.adapters.adb.phone_calls import PhoneCalls, run_off_loop
from phonefarm.adapters.adb.sim_sources import GETPROP
from phonefarm.adapters.adb.user_state import USER_STATE_COMMAND, USERS_COMMAND, parse_started_user_state, parse_users
from phonefarm.domain.phones import Introduction, hardware_of

INTRODUCTION_TIMEOUT_SECONDS = 15.0
FIRST_SDK_WITH_FILE_ENCRYPTION = 24
FIRST_SDK_WITH_UNLOCK_PROPERTY = 28
"""From Android 9 the system sets the property as soon as the user's storage is unlocked."""
_LOCKED_STATES = frozenset({"BOOTING", "RUNNING_LOCKED"})


async def introduce(calls: PhoneCalls) -> Introduction:
    """One native call, and a second one only if the first leaves open whether the phone is unlocked."""
    text = calls.prefetched_text(GETPROP)
    if not text:
        text = (await calls.run(GETPROP, within=INTRODUCTION_TIMEOUT_SECONDS)).sections[0].text
    properties = await run_off_loop(partial(parse_getprop, text), len(text))
    if not properties:
        raise calls.unreadable_error("getprop shows no property")
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
    """Only with file-based encryption can Android be up while SMS are inaccessible."""
    if sdk < FIRST_SDK_WITH_FILE_ENCRYPTION or properties.get("ro.crypto.type") != "file":
        return False
    return properties.get("sys.user.0.ce_available") not in ("true", "1")


async def _is_unlocked(calls: PhoneCalls, sdk: int) -> bool:
    """By the state of the first user; without one, by the missing property if this Android would set it."""
    answers = await calls.run(USER_STATE_COMMAND, USERS_COMMAND, within=INTRODUCTION_TIMEOUT_SECONDS)
    state_text, users_text = (section.text for section in answers.sections)
    state = parse_started_user_state(state_text) or parse_users(users_text)
    if state is None:
        return sdk < FIRST_SDK_WITH_UNLOCK_PROPERTY
    return state not in _LOCKED_STATES
