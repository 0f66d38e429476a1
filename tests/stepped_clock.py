"""Simulates the clock of Windows with its resolution of 15.6 ms; asyncio runs timers up to one step early."""

from __future__ import annotations

import asyncio

import pytest

from phonefarm.support import deadlines

STEP_SECONDS = 1 / 64


def go_by_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the running loop such a clock."""
    loop = asyncio.get_running_loop()
    exact = loop.time
    monkeypatch.setattr(loop, "time", lambda: exact() // STEP_SECONDS * STEP_SECONDS)
    monkeypatch.setattr(loop, "_clock_resolution", STEP_SECONDS)
    monkeypatch.setattr(deadlines, "CLOCK_STEP_SECONDS", STEP_SECONDS)
