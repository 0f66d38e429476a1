"""Runs a scenario against a real window on a qasync loop, with a fake desk on an engine thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QApplication, QDialog
from qasync import QEventLoop

from phonefarm.application.desk.engine import RunningEngine
from phonefarm.application.model.read_models import Topic
from phonefarm.support.tasks import Tasks
from tests.fakes.desk import FakeDesk, FakeEngine
from ui.dialogs.answer_dialog import AnswerDialog
from ui.dialogs.questions import Question
from ui.engine.actions import Actions, Notice
from ui.engine.engine_link import EngineLink
from ui.listing.list_page import ListPage
from ui.shell.garbage import GarbageCollector
from ui.shell.window import MainWindow
from ui.style.theme import Theme

PATIENCE_SECONDS = 10.0


async def until(condition: Callable[[], object]) -> None:
    """Run the loops until the condition holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - any condition, of any thread
            await asyncio.sleep(0.005)


@dataclass(frozen=True, kw_only=True)
class Live:
    """What a scenario gets."""

    desk: FakeDesk
    engine: FakeEngine
    link: EngineLink
    actions: Actions
    theme: Theme
    window: MainWindow
    notices: list[Notice]

    def page(self, topic: Topic) -> ListPage[Any]:
        page = self.window.pages[topic]
        assert isinstance(page, ListPage)
        return page

    async def open(self, topic: Topic) -> ListPage[Any]:
        """Go to a list page and wait for its rows."""
        self.window.go(topic)
        await self.window.wait_until_idle()
        return self.page(topic)

    async def do(self, topic: Topic, keys: list[str], action: str) -> None:
        """Select rows on a page and press the button with this text."""
        page = await self.open(topic)
        page.head.filter_chosen.emit([f.name for f in page.spec.filters].index("all"))
        page.view.clearSelection()
        page.view._select_keys(keys, keys[0])
        chosen = next(found for found in page.spec.actions if found.text == action)
        assert page.selected.is_enabled(chosen), f"{action} is not offered"
        page.selected.run(chosen)

    async def question(self) -> Question:
        """Wait for the dialog that an action opens."""

        def shown() -> list[Question]:
            return [found for found in self.window.findChildren(Question) if found.isVisible()]

        await until(shown)
        return shown()[0]

    async def answer(self, question: QDialog) -> None:
        if isinstance(question, AnswerDialog):
            question.yes.click()
        else:
            question.accept()
        await asyncio.sleep(0)


Scenario = Callable[[Live], Awaitable[None]]


class WindowRunner:
    def __init__(self, app: QApplication, folder: Path) -> None:
        self._app = app
        app.setQuitOnLastWindowClosed(False)
        self.memory = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
        self._loop = QEventLoop(app)
        asyncio.set_event_loop(self._loop)

    def close(self) -> None:
        asyncio.set_event_loop(None)
        self._loop.close()

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run any coroutine on the window's loop."""
        self._loop.run_until_complete(self._finish(work()))

    async def _finish(self, work: Awaitable[None]) -> None:
        await work

    def live(self, desk: FakeDesk, scenario: Scenario) -> None:
        with FakeEngine(desk) as engine:
            self.live_on(engine, scenario)

    def live_on(self, engine: RunningEngine, scenario: Scenario) -> None:
        """With any engine; a scenario on a real one must not use `Live.desk`."""
        self.run(lambda: self._live(engine, scenario))

    async def _live(self, engine: RunningEngine, scenario: Scenario) -> None:
        root, tasks, notices = QObject(), Tasks(), list[Notice]()
        theme = Theme(root)
        link = EngineLink(engine, root)
        actions = Actions(link, tasks, root)
        garbage = GarbageCollector(root)
        garbage.start()
        actions.noticed.connect(notices.append)
        theme.apply_to(self._app)
        window = MainWindow(link, actions, tasks, theme, "phonefarm", self.memory)
        window.show()
        try:
            await link.open()
            window.start()
            await window.wait_until_idle()
            await scenario(
                Live(
                    desk=cast(FakeDesk, engine.desk),
                    engine=cast(FakeEngine, engine),
                    link=link,
                    actions=actions,
                    theme=theme,
                    window=window,
                    notices=notices,
                )
            )
        finally:
            window.stop()
            link.close()
            await tasks.stop()
            theme.detach()
            window.close()
            window.deleteLater()
            root.deleteLater()
            garbage.stop()
            await asyncio.sleep(0)
