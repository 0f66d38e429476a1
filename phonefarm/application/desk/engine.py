"""The window's view of the running engine: its desk, and the loop of the desk."""

from __future__ import annotations

import asyncio
from typing import Protocol

from phonefarm.application.desk.farm_desk import FarmDesk


class RunningEngine(Protocol):
    @property
    def desk(self) -> FarmDesk: ...

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The engine thread's loop. Invariant: coroutines of the desk run only there."""
        ...
