"""Parses the state of the first user from two commands; user names in their output are free text."""

from __future__ import annotations

import re

from phonefarm.adapters.adb.provider import strip_noise

USER_STATE_COMMAND = "am get-started-user-state 0"
USERS_COMMAND = "dumpsys user"

_STATES = "BOOTING|RUNNING_LOCKED|RUNNING_UNLOCKING|RUNNING_UNLOCKED|STOPPING|SHUTDOWN"
_STARTED = re.compile(rf"({_STATES})\s*")
_USER = re.compile(r"^  UserInfo\{(\d+):", re.MULTILINE)
_STATE = re.compile(rf"^    State: ({_STATES})\r?$", re.MULTILINE)


def parse_started_user_state(text: str) -> str | None:
    found = _STARTED.fullmatch(strip_noise(text))
    return found[1] if found else None


def parse_users(text: str) -> str | None:
    """The state of user 0; None if the list does not have it."""
    starts = list(_USER.finditer(text))
    for place, user in enumerate(starts):
        if user[1] == "0":
            end = starts[place + 1].start() if place + 1 < len(starts) else len(text)
            found = _STATE.search(text, user.end(), end)
            return found[1] if found else None
    return None
