"""Runs the window's tests without a screen, on the event loops of the real window."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.fakes.desk import FakeDesk
from tests.fakes.farms import Farm, busy_farm, calm_farm
from tests.ui.live import WindowRunner
from ui.shell.offscreen_fonts import set_font_dir
from ui.style.theme import Theme

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
set_font_dir(os.environ)

UNSUPPORTED = ("propagateSizeHints", r"support raise\(\)", "support grabbing the keyboard", "systemTrayWindowChanged")
"""What the platform without a screen says that it cannot do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform warns that it ignores each dialog's minimum size."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore(*UNSUPPORTED))


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme()


@pytest.fixture
def farm() -> Farm:
    return calm_farm()


@pytest.fixture
def busy() -> Farm:
    return busy_farm()


@pytest.fixture
def desk(farm: Farm) -> FakeDesk:
    return FakeDesk(farm=farm)


@pytest.fixture
def runner(qapp: QApplication, tmp_path: Path) -> Iterator[WindowRunner]:
    runner = WindowRunner(qapp, tmp_path)
    yield runner
    runner.close()
