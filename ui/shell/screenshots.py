"""Writes every page as a picture, in light and dark."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from phonefarm.support.deadlines import within
from ui.shell.window import SIZE, MainWindow
from ui.style.theme import Theme, ThemeMode

log = structlog.get_logger(__name__)

SETTLE_WITHIN = 5.0
REPAINT_SECONDS = 0.02
"""Time for layouts to settle after a change."""


async def write_screenshots(window: MainWindow, theme: Theme, folder: Path) -> list[Path]:
    """`overview-light.png`, `overview-dark.png` and so on, 1440x900 each; the paths written."""
    window.resize(*SIZE)
    written: list[Path] = []
    for mode in (ThemeMode.LIGHT, ThemeMode.DARK):
        theme.choose(mode)
        for topic, page in window.pages.items():
            window.go(topic)
            await _settle(window)
            page.select_example()
            await _settle(window)
            path = folder / f"{topic}-{mode}.png"
            if window.grab().save(str(path)):
                written.append(path)
            else:
                log.warning("a screenshot could not be written", path=str(path))
    return written


async def _settle(window: MainWindow) -> None:
    """Let the page have its data; a page that gets none is shown as it is."""
    try:
        async with within(SETTLE_WITHIN):
            await window.settled()
    except TimeoutError:
        log.warning("a page did not get its data in time")
    await asyncio.sleep(REPAINT_SECONDS)
