"""Waiting for a state, with a deadline; nothing in the tests sleeps to synchronise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE = 10.0
_STEP = 0.005


async def until(
    is_so: Callable[[], object | Awaitable[object]], within: float = PATIENCE, *, every: float = _STEP
) -> None:
    """Return once `is_so` says something true; TimeoutError otherwise."""
    async with asyncio.timeout(within):
        while True:
            answer = is_so()
            if await answer if isinstance(answer, Awaitable) else answer:
                return
            await asyncio.sleep(every)
