"""Waiting for a state, with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def until(is_so: Callable[[], Awaitable[bool] | bool], within: float = 15.0) -> None:
    """Return once the state is reached; TimeoutError otherwise."""
    async with asyncio.timeout(within):
        while True:
            answer = is_so()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01)
