"""A start at login that no system knows of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class AutostartInMemory:
    on: bool = False

    def is_on(self) -> bool:
        return self.on

    def turn_on(self) -> None:
        self.on = True

    def turn_off(self) -> None:
        self.on = False
