"""What the window holds of the running engine: its desk and the loop the desk lives on."""

from __future__ import annotations

import asyncio
from typing import Protocol

from phonefarm.application.desk.farm_desk import FarmDesk


class RunningEngine(Protocol):
    @property
    def desk(self) -> FarmDesk: ...

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The engine thread's loop; desk coroutines run there and nowhere else."""
        ...
