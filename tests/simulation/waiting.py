"""Waits for a condition with a timeout."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], Awaitable[bool] | bool], within: float = 15.0) -> None:
    """Return once the condition holds; raises TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01)
