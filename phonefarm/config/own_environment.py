"""Our settings in the environment, kept from the programs that we start: one of them is the partner key."""

from __future__ import annotations

import os
from collections.abc import Mapping

PREFIX = "PHONEFARM_"
_taken: dict[str, str] = {}


def take_own_environment() -> None:
    """Moves `PHONEFARM_*` out of the environment that adb servers, file viewers and all other children inherit."""
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        _taken[name] = os.environ.pop(name)


def own_environment() -> Mapping[str, str]:
    """What was taken, and what stands there still, which wins."""
    standing = {name: value for name, value in os.environ.items() if name.upper().startswith(PREFIX)}
    return {**_taken, **standing}
