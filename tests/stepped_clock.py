"""The clock of Windows: it goes by steps of 15.6 ms, and asyncio takes for due what is due within the next one."""

from __future__ import annotations

import asyncio

import pytest

from phonefarm.support import deadlines

STEP = 1 / 64


def go_by_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the running loop's clock such a one."""
    loop = asyncio.get_running_loop()
    exact = loop.time
    monkeypatch.setattr(loop, "time", lambda: exact() // STEP * STEP)
    monkeypatch.setattr(loop, "_clock_resolution", STEP)
    monkeypatch.setattr(deadlines, "CLOCK_STEP_SECONDS", STEP)
