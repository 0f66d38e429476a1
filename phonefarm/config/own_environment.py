"""Removes our settings from the environment of child processes; one of them is the partner key."""

from __future__ import annotations

import os
from collections.abc import Mapping

PREFIX = "PHONEFARM_"
_taken: dict[str, str] = {}


def take_own_environment() -> None:
    """Move `PHONEFARM_*` out of the environment that adb servers, file viewers and other children inherit."""
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        _taken[name] = os.environ.pop(name)


def own_environment() -> Mapping[str, str]:
    """The variables that were moved and those still in the environment, which take precedence."""
    current = {name: value for name, value in os.environ.items() if name.upper().startswith(PREFIX)}
    return {**_taken, **current}
