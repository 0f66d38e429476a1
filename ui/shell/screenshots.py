"""Writes a screenshot of every page, in light and dark."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from phonefarm.support.deadlines import within
from ui.shell.window import SIZE, MainWindow
from ui.style.theme import Theme, ThemeMode

log = structlog.get_logger(__name__)

DATA_TIMEOUT_SECONDS = 5.0
REPAINT_SECONDS = 0.02
"""Time for layout and repaint after a change."""


async def write_screenshots(window: MainWindow, theme: Theme, folder: Path) -> list[Path]:
    """`overview-light.png`, `overview-dark.png` and so on, 1440x900 each; returns the paths written."""
    window.resize(*SIZE)
    written: list[Path] = []
    for mode in (ThemeMode.LIGHT, ThemeMode.DARK):
        theme.choose(mode)
        for topic, page in window.pages.items():
            window.go(topic)
            await _wait_for_data(window)
            page.select_example()
            await _wait_for_data(window)
            path = folder / f"{topic}-{mode}.png"
            if window.grab().save(str(path)):
                written.append(path)
            else:
                log.warning("a screenshot could not be written", path=str(path))
    return written


async def _wait_for_data(window: MainWindow) -> None:
    """A page that gets no data in time is shown as it is."""
    try:
        async with within(DATA_TIMEOUT_SECONDS):
            await window.wait_until_idle()
    except TimeoutError:
        log.warning("a page did not get its data in time")
    await asyncio.sleep(REPAINT_SECONDS)
