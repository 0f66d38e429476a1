"""A PC that may fall asleep."""

from __future__ import annotations

from phonefarm.domain.errors import KnownError


class FakePc:
    """Records whether it may sleep; `refuses` is the cause with which it refuses to be kept awake."""

    def __init__(self) -> None:
        self.is_held = False
        self.refuses = ""

    def hold(self) -> None:
        if self.refuses:
            raise KnownError(self.refuses)
        self.is_held = True

    def release(self) -> None:
        self.is_held = False
