"""Short ways through the path to the first sale, by mouse and keyboard."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from phonefarm.application.model.read_models import Topic
from phonefarm.application.model.setup_state import StepName
from tests.ui.live import Live, until
from ui.pages.overview.start_page import StartPage
from ui.pages.setup.page import SetupPage
from ui.pages.setup.step_body import StepBody

Body = TypeVar("Body", bound=StepBody)


def start_of(live: Live) -> StartPage:
    page = live.window.pages[Topic.OVERVIEW]
    assert isinstance(page, StartPage)
    return page


async def setup_of(live: Live) -> SetupPage:
    await until(lambda: start_of(live).setup.state is not None)
    return start_of(live).setup


async def opened(live: Live, name: StepName, kind: type[Body]) -> Body:
    """The body of a step that a click has opened."""
    page = await setup_of(live)
    row = page.rows[name]
    if not row.is_open:
        QTest.mouseClick(row.head, Qt.MouseButton.LeftButton)
    assert page.open_row is row
    assert isinstance(row.body, kind)
    return row.body


def type_into(line: QLineEdit, text: str) -> None:
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)
