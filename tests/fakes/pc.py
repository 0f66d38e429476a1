"""A PC that would like to fall asleep."""

from __future__ import annotations

from phonefarm.domain.errors import KnownError


class FakePc:
    """Notes whether it may fall asleep; `refuses` to be kept awake with this cause."""

    def __init__(self) -> None:
        self.is_held = False
        self.refuses = ""

    def hold(self) -> None:
        if self.refuses:
            raise KnownError(self.refuses)
        self.is_held = True

    def release(self) -> None:
        self.is_held = False
