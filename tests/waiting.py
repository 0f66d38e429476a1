"""Waits for a condition with a timeout; tests do not sleep to synchronise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE = 10.0
_POLL_SECONDS = 0.005


async def until(
    condition: Callable[[], object | Awaitable[object]], within: float = PATIENCE, *, every: float = _POLL_SECONDS
) -> None:
    """Return once `condition` gives a true value; raises TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while True:
            answer = condition()
            if await answer if isinstance(answer, Awaitable) else answer:
                return
            await asyncio.sleep(every)
