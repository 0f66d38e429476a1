"""Keeps the pause of all selling without a disk."""

from __future__ import annotations

from phonefarm.application.model.read_models import Pause
from phonefarm.domain.errors import KnownError


class PauseInMemory:
    """`problem` is raised by every change while it is set."""

    def __init__(self, pause: Pause | None = None) -> None:
        self.pause = pause
        self.problem: KnownError | None = None

    def read(self) -> Pause | None:
        return self.pause

    def write(self, pause: Pause) -> None:
        self._raise_problem()
        self.pause = pause

    def remove(self) -> None:
        self._raise_problem()
        self.pause = None

    def _raise_problem(self) -> None:
        if self.problem is not None:
            raise self.problem
