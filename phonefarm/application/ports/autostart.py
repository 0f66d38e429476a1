"""What the application wants of the system's start at login."""

from __future__ import annotations

from typing import Protocol


class Autostart(Protocol):
    """Whether the system starts the window at login. The methods block for a moment and raise KnownError."""

    def is_on(self) -> bool: ...

    def turn_on(self) -> None: ...

    def turn_off(self) -> None:
        """Nothing happens if it is off."""
        ...
